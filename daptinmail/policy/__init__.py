"""Who may send what, and what received mail is worth.

``relaying``      which recipients are taken, and from whom
``hops``          when a message goes round in circles
``screening``     ``IScreening``: all checks of a received message
``verdict``       from what was found to what is done about it
``rules``         the keys ``mail.screening.*`` and the scores
``results``       findings as Authentication-Results states them
``lookups``       what one message may ask of DNS
``spf``           check_host; ``spf_record`` its records, ``spf_macro`` their macros
``dmarc``         alignment and policy; ``dmarc_record`` its records, ``dmarc_walk`` the organization of a domain
``author``        the domains in the From field
``iprev``         whether the name of an address leads back to it
"""
