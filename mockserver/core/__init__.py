"""Building blocks that import nothing else of the package."""
