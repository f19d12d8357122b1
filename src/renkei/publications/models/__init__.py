"""Tables of the rooms; each room has a file of its own."""

from renkei.publications.models.search import SearchEntry

__all__ = ["SearchEntry"]
