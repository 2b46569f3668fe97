"""The `mockserver` command: options in, exit status out."""
