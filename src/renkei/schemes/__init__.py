"""Schemes as data: one folder in ``catalog/`` each."""
