"""A sandbox of Elastic Path Commerce Cloud's cart and account API, for tests."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("account-cart-sandbox")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"


def __getattr__(name: str) -> object:
    """Give `mockserver.Client` to those who ask for it; the server itself never loads it."""
    if name == "Client":
        from mockserver.client import Client

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
