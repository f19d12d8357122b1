"""Where the public examples lie, and a referral Bundle to break."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from renkei.exchange.formats.clins.samples import FOLDER

PROJECT = Path(__file__).parents[6]
SHARED = Path(os.environ.get("RENKEI_SHARED", PROJECT.parent / "shared"))
EXAMPLES = SHARED / "data" / "jpfhir"

needs_examples = pytest.mark.skipif(
    not EXAMPLES.is_dir(), reason=f"the public examples are not here ({EXAMPLES}); set RENKEI_SHARED"
)

Json = dict[str, Any]


def load(path: Path) -> Json:
    value: Json = json.loads(path.read_bytes())
    return value


def dump(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def example_bundles() -> list[Path]:
    """Every Bundle among the public examples."""
    if not EXAMPLES.is_dir():
        return []
    return [path for path in sorted(EXAMPLES.rglob("*.json")) if load(path).get("resourceType") == "Bundle"]


def is_referral(bundle: Json) -> bool:
    resources = [row.get("resource", {}) for row in bundle.get("entry", [])]
    types = [row.get("type", {}) for row in resources if row.get("resourceType") == "Composition"]
    return any(code.get("code") == "57133-1" for row in types for code in row.get("coding", []))


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def sample(name: str = "referral") -> Json:
    """A fresh copy of a sample document, to be broken by a test."""
    return load(FOLDER / f"{name}.json")


def composition(bundle: Json) -> Json:
    return next(resource for resource in resources(bundle) if resource["resourceType"] == "Composition")


def resources(bundle: Json) -> list[Json]:
    return [row["resource"] for row in bundle["entry"]]


def of_type(bundle: Json, resource_type: str) -> list[Json]:
    return [row for row in resources(bundle) if row["resourceType"] == resource_type]


def section(bundle: Json, *codes: str) -> Json:
    node = composition(bundle)
    for code in codes:
        node = next(row for row in node["section"] if row["code"]["coding"][0]["code"] == code)
    return node
