"""Network plumbing and threads.

``blocking``     blocking calls to pool threads
``threads``      threads for blocking calls, the warmest first
``runtime``      the real clock and identifiers
``dns``          ``IResolver`` over twisted.names; ``dnscache`` its memory
``channel``      what SASL may know of a TLS connection
``tls``          contexts chosen by SNI
``multiplex``    two protocols behind one TLS port, chosen by ALPN or SNI
"""
