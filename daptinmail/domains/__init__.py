"""What a domain needs outside this server: DNS records, and the set-up of its people's mail programs.

In reading order:

``facts``    live settings -> what is true of one domain here (pure)
``wanted``   facts -> the DNS records it should have, each with what happens without it (pure)
``judge``    a wanted record and what DNS says -> a finding (pure)
``spf``      which addresses an SPF record names plainly (pure)
``zone``     wanted records -> a zone snippet (pure)
``doctor``   asks DNS; ``IDomains``
"""
