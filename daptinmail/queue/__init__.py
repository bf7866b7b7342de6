"""What waits to be transferred, and the runner that transfers it.

``schedule``   when to try again; pure
``ledger``     the ``outbox`` rows: kept, claimed with a lease, settled
``content``    the content files beside them
``outcome``    what one attempt led to, written down; the sender told when it was the last
``runner``     ``Queue``: claims due rows, transfers, records what became of them
``rules``      what the API may do to ``outbox`` rows
"""
