"""Indicators: each is one folder under ``catalog/`` that is found by itself, with its rules as data beside it."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from renkei.indicators.types import Indicator, Option

CATALOG = Path(__file__).parent / "catalog"
_indicators: dict[str, Indicator] = {}


def register(indicator: Indicator) -> Indicator:
    """Make ``indicator`` known; another one under the same key is a programming error."""
    known = _indicators.get(indicator.key)
    if known is not None and known != indicator:
        raise ValueError(f"indicator {indicator.key} exists already")
    _indicators[indicator.key] = indicator
    return indicator


def all_indicators() -> list[Indicator]:
    """Every indicator, in the order of the page."""
    return sorted(_indicators.values(), key=lambda i: (i.order, i.key))


def indicator_of(key: str) -> Indicator:
    """The indicator called ``key``; ``KeyError`` when no folder has it."""
    return _indicators[key]


def definition_names() -> list[str]:
    """The names of the effective-dated definitions, each once."""
    return list(dict.fromkeys(i.definition for i in all_indicators()))


def options_of(definition: str) -> tuple[Option, ...]:
    """What a house may set in a definition."""
    return tuple(o for i in all_indicators() if i.definition == definition for o in i.options)


def shipped_rules(folder: Path = CATALOG) -> Iterator[dict[str, Any]]:
    """Every rule of the ``definitions.json`` files: ``definition``, ``jurisdiction``, ``valid_from`` (date), ``params``,
    ``source``, ``certain``. Plain files, so that migrations can read them too."""
    for path in sorted(folder.glob("*/definitions.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        for rule in found["rules"]:
            yield {
                "code": f"indicator.{found['definition']}",
                **rule,
                "valid_from": date.fromisoformat(rule["valid_from"]),
            }


def discover(package: str, paths: Iterable[str]) -> None:
    """Import ``<package>.<folder>.indicator`` and register its ``INDICATOR``, for every folder in ``paths``."""
    for found in pkgutil.iter_modules(list(paths)):
        if found.ispkg:
            register(importlib.import_module(f"{package}.{found.name}.indicator").INDICATOR)
