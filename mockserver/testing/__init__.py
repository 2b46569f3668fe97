"""What consumers import: admin client, server process, pytest plugin."""
