"""The roles of RFC 5598, free of transport.

``mta``         takes mail from other hosts
``msa``         takes mail from accounts
``mda``         final delivery
``forwarding``  mail of others that leaves again
``reception``   ``IReception``: chooses between the two by who is logged in
``sending``     mail composed over HTTP, on its way to the MSA
``sender``      the author fields of a submission
``stamp``       the Received field and the arrival data of a message
``results_field``  the Authentication-Results field, ours and forged ones
``confirming``  confirmations of delivery for who asked for them
``returns``     notifications about what could not be delivered
``content``     reading and changing the header section of a content that may be large
"""
