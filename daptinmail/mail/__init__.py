"""Pure vocabulary of mail; no reactor, no files, no database.

``address``    local part and domain
``hostname``   host names as servers and certificates use them
``envelope``   return-path, recipients, MAIL parameters
``reply``      SMTP reply codes and enhanced status
``header``     header section: fields, unfolding
``kept``       the fields that clients ask for most, ready to be cut out
``words``      encoded words and 8-bit values as text
``parameters`` Content-Type and Content-Disposition
``addresslist`` address lists in header fields
``structure``  MIME structure of a content: parts and their offsets
``textpart``   text parts as text
``transfer_encoding`` base64 and quoted-printable, undone a piece at a time
``recode``     binary parts in base64
``imapdata``   ENVELOPE, BODY and BODYSTRUCTURE, rendered once when a message arrives
``collation``  how SORT and THREAD compare texts
``basesubject`` the base subject
``sortkeys``   what SORT compares of addresses and dates
``references`` Message-IDs and those a message refers to
``mbox``       the mbox format, read and written
``preview``    the first words of a message
``summary``    everything the store keeps about a message
``trace``      Received and Return-Path
``composition`` a new message from text, HTML and attachments
``srs``        return-paths of forwarded mail
``dsn``        delivery status notifications
``dkim_record`` the DNS record of a DKIM key
``report``     what a sender is told of a recipient
``receipt``    outcome of one recipient: delivered, deferred, refused
"""
