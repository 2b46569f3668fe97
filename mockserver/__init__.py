"""A sandbox of Elastic Path Commerce Cloud's cart and account API, for tests."""

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import `mockserver.AdminClient` on first use: the server itself does not need it."""
    if name == "AdminClient":
        from mockserver.testing.client import AdminClient

        return AdminClient
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
