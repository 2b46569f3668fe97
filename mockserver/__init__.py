"""A sandbox of Elastic Path Commerce Cloud's cart and account API, for tests."""

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Give `mockserver.Client` to those who ask for it; the server itself never loads it."""
    if name == "Client":
        from mockserver.testing.client import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
