"""Tests mirror the modules; ``contracts`` and ``flows`` stand beside them, ``live`` runs the real process."""

from hypothesis import HealthCheck, settings

# No test depends on the machine's speed.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
