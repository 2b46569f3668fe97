"""The store's state: entities, transactions and indexes. No I/O, no HTTP."""
