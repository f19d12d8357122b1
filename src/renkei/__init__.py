"""Renkei: an open platform for regional medical cooperation (地域医療連携)."""

__version__ = "0.1.0"
