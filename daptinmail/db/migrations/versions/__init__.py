"""Revisions, oldest first: ``v0001`` makes all tables."""
