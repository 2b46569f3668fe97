"""What the repositories of a transaction have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.store.transaction import Transaction


class Repository:
    """Some collections of the state of a transaction, and all that reads or changes them."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction
