"""The server process: sockets, TLS, reload, signals, connection faults."""
