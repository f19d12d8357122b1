"""The public face of the documents part of ``fhirkit``: read, follow references, narrative, outcome."""

from __future__ import annotations

from renkei.fhirkit.bundles import BrokenReference, Bundle, Entry, Resource, broken_references, items, text_of
from renkei.fhirkit.narrative import (
    block,
    class_text,
    clean,
    div_text,
    heading,
    table,
    table_rows,
    text_div,
    wrap,
)
from renkei.fhirkit.outcome import operation_outcome
from renkei.fhirkit.reading import MAX_BYTES, MAX_DEPTH, read_json

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "BrokenReference",
    "Bundle",
    "Entry",
    "Resource",
    "block",
    "broken_references",
    "class_text",
    "clean",
    "div_text",
    "heading",
    "items",
    "operation_outcome",
    "read_json",
    "table",
    "table_rows",
    "text_div",
    "text_of",
    "wrap",
]
