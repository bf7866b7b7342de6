"""The append-only event log.

``log``   ``IEventLog`` over the ``event`` table
"""
