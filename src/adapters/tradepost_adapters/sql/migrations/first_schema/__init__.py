"""What the first release kept, a module for each group of tables. Never changed: later migrations change what it made."""
