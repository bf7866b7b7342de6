"""The servers that are compared.

``peer``        what the benchmark asks of each
``daptinmail``  this checkout, set up over HTTP
``http``        the few calls that takes
``dovecot``     Debian's Dovecot
``pymap``       PyPI's pymap in an environment of its own
``choice``      peers by name
"""
