"""Tables of the rooms; each room has a file of its own."""

from renkei.publications.models.counter import CounterSession
from renkei.publications.models.editions import (
    DeliveryChoice,
    Dispatch,
    Edition,
    EditionFile,
    EditionState,
    EditionTable,
    Part,
    PublishedPart,
    Sending,
    Source,
    Way,
)
from renkei.publications.models.leaflets import (
    AdvertisingWord,
    Leaflet,
    LeafletBundle,
    LeafletPicture,
    LeafletState,
    LeafletVersion,
    PublishedLeaflet,
    WordKind,
)
from renkei.publications.models.search import SearchEntry

__all__ = [
    "AdvertisingWord",
    "CounterSession",
    "DeliveryChoice",
    "Dispatch",
    "Edition",
    "EditionFile",
    "EditionState",
    "EditionTable",
    "Leaflet",
    "LeafletBundle",
    "LeafletPicture",
    "LeafletState",
    "LeafletVersion",
    "Part",
    "PublishedLeaflet",
    "PublishedPart",
    "SearchEntry",
    "Sending",
    "Source",
    "Way",
    "WordKind",
]
