"""Keys and certificates: made, imported, kept encrypted, and served to listeners.

``generate``      RSA keys and self-signed certificates
``pem``           reads and checks what an operator imports
``secrets``       encrypts private keys for the database
``rows``          the ``certificate`` rows as values
``keyring``       the rows with their private keys: read, made, renewed
``certificates``  ``ICertificates`` and ``ISigningKeys`` over the keyring
``dkim_keys``     ``IDkimKeys``: keys that follow on the first one of each domain
``dkim_rows``     the rows they stand in
``contexts``      ``ITlsContexts``: the certificate of each handshake, chosen by SNI
``rules``         what ``certificate`` rows do beyond holding columns
"""
