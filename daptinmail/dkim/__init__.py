"""DKIM signatures and ARC chains (RFC 6376, RFC 8617).

``signer``      ``ISigner``: one DKIM-Signature field for a content
``sealer``      ``ISealer``: one ARC set for a content that is passed on
``private_keys``  keys that sign, loaded once
``selection``   which fields are signed
``body``        the canonical body, hashed as it is read
``verifier``    ``ISignatureVerifier``: what the signatures on a content are worth
``tags``        signature fields: their tags, and what they sign
``arc``         the chain of ARC sets, and whether it is complete
``public_key``  keys as DNS publishes them
``checks``      the part of verification that costs CPU time
"""
