"""What every adapter of a port keeps to: suites to run against your own. They need pytest and pytest-asyncio."""
