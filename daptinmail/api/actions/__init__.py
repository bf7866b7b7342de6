"""The actions behind ``/action/{type}/{name}``.

``entries``       the entries an action answers with
``invocation``    one call of an action: its attributes and what it may reach
``table``         (type, name) -> action, and who may call it
``users``         sign up, sign in, become an administrator
``world``         restart
``mail``          listener sync, queue pass, mailbox status
``send``          a message composed over HTTP
``outbox``        hold, release, try now, drop what waits
``certificates``  keys, certificates, the DKIM record
``route``         the HTTP route
"""
