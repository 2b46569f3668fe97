"""The HTTP boundary: request in, response out."""
