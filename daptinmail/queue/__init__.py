"""What waits to be transferred, and the runner that transfers it.

``schedule``   when to try again; pure
``ledger``     the ``outbox`` rows: kept, claimed with a lease, settled
``content``    the content files beside them
``runner``     ``Queue``: claims due rows, transfers, records what became of them
``rules``      what the API may do to ``outbox`` rows
"""
