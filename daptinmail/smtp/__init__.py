"""The SMTP edge: wire <-> interfaces.

Server:

``server``      ``SmtpFactory``: one listener
``connection``  the protocol: bytes, order, back-pressure, time-outs
``session``     what one connection knows; what a verb answers
``commands``    the verbs that need no transaction: EHLO, HELO, NOOP, RSET, VRFY, QUIT, ...
``transaction`` MAIL, RCPT, DATA
``incoming``    the content on its way from the wire to the spool and to reception
``login``       AUTH: mechanisms and the login
``xclient``     XCLIENT from a trusted proxy
``lines``       bytes -> command lines
``content``     bytes -> content: its end, dot-stuffing, what makes it unacceptable
``parameters``  arguments of MAIL and RCPT
``replies``     fixed replies; errors -> replies
``limits``      every bound

Client:

``transfer``        ``ITransfer``: the hosts of a domain, tried in order
``client_connect``  opens outgoing connections
``client_session``  the conversation with one host
``client``          the octets of that conversation: replies, TLS, back-pressure
``client_reply``    replies of the remote host
``client_content``  content on its way out
``client_dsn``      what the sender asked to be told, handed on
``client_tls``      TLS of the outgoing hop
"""
