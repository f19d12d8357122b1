"""What the rooms hear of."""

from renkei.publications.search import subscribers as search_subscribers

__all__ = ["search_subscribers"]
