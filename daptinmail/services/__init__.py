"""Composition root: the only place that names concrete classes of every layer.

``build``       settings.Boot and a reactor -> every part, wired
``logins``      who may log in, and with what
``root``        the service tree: ordered start and stop
``live``        the database's rows -> ``settings.Live``
``wanted``      ``Live`` -> the listeners that should run (pure)
``listeners``   the listeners that do run; sockets that stay open over a change
``edges``       the protocol factories behind a listener
``sockets``     ports bound before privileges are dropped
``screening``   the checks of received mail
``control``     reconcile: makes running listeners match wanted ones, and says what it did
``quickstart``  the first set-up in one command
``datadir``     the data directory and its lock
``offline``     sub-commands that work while no server runs
``reindex``     ``twistd daptinmail reindex``: rows for message files that have none
``verify``      ``twistd daptinmail verify``: compares rows and files
``exchange``    ``twistd daptinmail import`` and ``export``
``textindex``   the text index of SEARCH, with the thread that writes it
``upkeep``      renewals
``logs``        log lines as JSON
"""
