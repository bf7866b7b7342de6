"""Who may send what; pure decisions that the agents ask for.

``relaying``   which recipients are taken, and from whom
``hops``       when a message goes round in circles
"""
