"""The server in a process of its own, real sockets on loopback, real clients."""
