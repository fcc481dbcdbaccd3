"""Champions: which of the trained models is used, decided on the same rows and kept as a history.

Nothing in this package imports Spark or a trainer's library, so that a scheduler's worker can.
"""
