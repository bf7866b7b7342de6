"""SASL (RFC 4422), the server's side, free of transport: SMTP and IMAP frame what these modules say.

``mechanisms``    the table: which mechanisms there are and when each is offered
``negotiation``   carries one exchange to its end: asks the portal, keeps the last word
``exchange``      what a mechanism may ask for, and what it ends with
``framing``       base64, empty and cancelled responses, as SMTP and IMAP have them in common
``passwords``     PLAIN and LOGIN
``scram``         SCRAM-SHA-256, SCRAM-SHA-1 and their -PLUS forms: the messages
``keys``          SCRAM: what is kept of a password, and how a proof is verified
``bearer``        OAUTHBEARER and XOAUTH2
``external``      EXTERNAL
``gs2``           the header that SCRAM and OAUTHBEARER begin with
``saslprep``      names and passwords in one form
"""
