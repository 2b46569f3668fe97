"""A sandbox of Elastic Path Commerce Cloud's cart and account API, for tests."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("account-cart-sandbox")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
