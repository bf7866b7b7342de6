"""Who exists: mail accounts, the users of the API, and how both prove it.

``passwords``     argon2id, always in a pool thread
``throttle``      slows down password guessing, for SMTP, IMAP and HTTP together
``verified``      passwords that were right a moment ago
``addresses``     which account an address belongs to
``directory``     ``IDirectory``: mail accounts and local domains
``checker``       the cred portal of the edges
``fields``        what the fields of users, servers and accounts may hold
``groups``        the three built-in user groups
``tokens``        JSON web tokens of the API
``users``         ``IUsers``: sign-up, sign-in, the first administrator
``rules``         what the rows do beyond holding columns
"""
