"""HTTP: turns requests into commands, and views and errors into responses."""
