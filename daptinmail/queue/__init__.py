"""What waits to be transferred, and the runner that transfers it.

``schedule``   when to try again; pure
``ledger``     the ``outbox`` rows: kept, claimed with a lease, settled
``turns``      destinations take turns; those that cannot be reached rest
``content``    the content files beside them
``outcome``    what one attempt led to, written down
``reports``    what senders are told, one notification for all recipients of a message
``overdue``    what time alone brings: delay notices, leases of the dead, messages too old
``orphans``    content files that a crash left behind
``suppression`` addresses that do not exist
``caps``       how much an account may send in a day
``runner``     ``Queue``: claims due rows, transfers, records what became of them
``standing``   how far queued messages have come
``commands``   hold, release, try now, drop
``rules``      what the API may do to ``outbox`` rows
"""
