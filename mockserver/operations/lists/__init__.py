"""Lists: filtered, sorted and cut into pages."""
