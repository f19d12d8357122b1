"""Manifest of the format ``clins``: what it is called, what it takes, how to read and write it."""

from __future__ import annotations

from renkei.exchange.formats.clins.build import build
from renkei.exchange.formats.clins.parse import parse
from renkei.exchange.formats.clins.rules import gaps

NAME = "clins"
TITLE_JA = "電子診療情報提供書（JP-CLINS / FHIR）"
MEDIA_TYPES = ("application/fhir+json", "application/json")
EXTENSIONS = (".json",)
PROFILE = "http://jpfhir.jp/fhir/clins/StructureDefinition/JP_Bundle_eReferral"

__all__ = ["EXTENSIONS", "MEDIA_TYPES", "NAME", "PROFILE", "TITLE_JA", "build", "gaps", "parse"]
