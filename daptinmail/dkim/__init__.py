"""DKIM signing (RFC 6376).

``signer``     ``ISigner``: one DKIM-Signature field for a content
``selection``  which fields are signed
``body``       the relaxed canonical body, hashed as it is read
"""
