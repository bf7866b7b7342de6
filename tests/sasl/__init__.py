"""Tests of ``daptinmail.sasl``."""
