"""Revisions, oldest first: ``v0001`` makes all tables; each later one says what it adds."""
