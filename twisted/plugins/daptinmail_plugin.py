"""Registers ``twistd daptinmail``; imports nothing else, so that listing plugins installs no reactor."""

from twisted.application.service import ServiceMaker

daptinmail = ServiceMaker(
    "daptinmail",
    "daptinmail.tap",
    "A mail server (SMTP, IMAP, queue, DKIM) driven over HTTP.",
    "daptinmail",
)
