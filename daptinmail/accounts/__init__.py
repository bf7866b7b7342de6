"""Who exists: mail accounts, the users of the API, and how both prove it.

``passwords``     argon2id and SCRAM's keys, always in a pool thread
``app_passwords`` secrets for one device or program each
``secret``        the key of this server for salts and digests
``throttle``      slows down password guessing, for SMTP, IMAP and HTTP together
``verified``      passwords that were right a moment ago
``attempts``      one attempt to log in, slowed down and counted
``revocations``   logins that count no more
``rows``          accounts as the database keeps them
``addresses``     which account an address belongs to
``directory``     ``IDirectory``: mail accounts and local domains
``aliases``       addresses that stand for others
``routing``       ``IRouting``: where mail for an address goes, and who is behind a rewritten return-path
``proofs``        ``IProofs``: SCRAM, tokens, client certificates
``client_certificates`` what certificates say, and whom we believe it of
``checker``       the cred portal of the edges
``fields``        what the fields of users, servers and accounts may hold
``groups``        the three built-in user groups
``tokens``        JSON web tokens of the API
``users``         ``IUsers``: sign-up, sign-in, the first administrator
``rules``         what the rows do beyond holding columns
``app_password_rules`` the same for app passwords: made here, shown once
"""
