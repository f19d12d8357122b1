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
from renkei.publications.models.functions import (
    AreaFigure,
    FunctionReport,
    GapMeasure,
    LocalCase,
    ReportForm,
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
from renkei.publications.models.policies import PolicyDocument
from renkei.publications.models.search import SearchEntry

__all__ = [
    "AdvertisingWord",
    "AreaFigure",
    "CounterSession",
    "DeliveryChoice",
    "Dispatch",
    "Edition",
    "EditionFile",
    "EditionState",
    "EditionTable",
    "FunctionReport",
    "GapMeasure",
    "Leaflet",
    "LeafletBundle",
    "LeafletPicture",
    "LeafletState",
    "LeafletVersion",
    "LocalCase",
    "Part",
    "PolicyDocument",
    "PublishedLeaflet",
    "PublishedPart",
    "ReportForm",
    "SearchEntry",
    "Sending",
    "Source",
    "Way",
    "WordKind",
]
