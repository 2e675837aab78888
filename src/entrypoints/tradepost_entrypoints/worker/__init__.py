"""Work in the background: recurring jobs and the relay of the outbox, in the service's process or in one of their own."""
