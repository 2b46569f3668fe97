"""One isolated test environment, and the registry of all of them by name."""
