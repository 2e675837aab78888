"""Work for later: delayed and recurring jobs in the application's own database."""
