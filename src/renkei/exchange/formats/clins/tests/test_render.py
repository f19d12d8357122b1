"""Resources of every kind are told in full, in Japanese, with values, units and limits."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from renkei.exchange.formats.clins.render import Renderer
from renkei.exchange.formats.clins.tests.helpers import EXAMPLES, Json, needs_examples
from renkei.exchange.formats.clins.tests.test_examples import is_exception, strings
from renkei.fhirkit.documents import Bundle, read_json

NOT_CLINICAL = {"Bundle", "Composition", "Endpoint", "CapabilityStatement"}


def tell(resource: Json) -> str:
    return Renderer(Bundle({"resourceType": "Bundle"})).text(resource)


def examples() -> list[Path]:
    folders = ("jp-core-v1x", "clinical-core", "eReferral", "eTwoDis", "ePrescriptionData")
    return [path for name in folders for path in sorted((EXAMPLES / name).rglob("*.json"))]


@needs_examples
@pytest.mark.parametrize("path", examples(), ids=lambda path: path.name)
def test_nothing_of_a_public_example_is_dropped(path: Path) -> None:
    resource = read_json(path.read_bytes())
    if resource["resourceType"] not in NOT_CLINICAL:
        shown = tell(resource)
        left = [row for row in strings(resource) if row[1] not in shown and not is_exception(*row)]
        assert left == []


@needs_examples
@pytest.mark.parametrize(
    "path", sorted((EXAMPLES / "clinosim-generated").glob("*.ndjson")), ids=lambda path: path.name
)
def test_nothing_of_a_generated_hospital_is_dropped(path: Path) -> None:
    for line in path.read_text().splitlines()[:20]:
        resource = json.loads(line)
        shown = tell(resource)
        assert [row for row in strings(resource) if row[1] not in shown and not is_exception(*row)] == []


@pytest.mark.parametrize(
    ("resource", "lines"),
    [
        (
            {
                "resourceType": "Observation",
                "status": "final",
                "code": {"coding": [{"system": "urn:x", "code": "9Z9"}]},
                "valueQuantity": {"value": 3.5, "comparator": "<", "unit": "mEq/L"},
                "referenceRange": [
                    {"low": {"value": 3.6, "unit": "mEq/L"}, "high": {"value": 4.8, "unit": "mEq/L"}}
                ],
            },
            ["項目：9Z9", "結果：<3.5 mEq/L", "基準値：下限：3.6 mEq/L／上限：4.8 mEq/L", "記録の状態：確定"],
        ),
        (
            {
                "resourceType": "Procedure",
                "code": {"text": "内視鏡的止血術"},
                "performedPeriod": {"start": "2026-01-02", "end": "2026-01-03"},
            },
            ["項目：内視鏡的止血術", "実施期間：2026-01-02～2026-01-03"],
        ),
        (
            {
                "resourceType": "FamilyMemberHistory",
                "relationship": {"text": "母"},
                "condition": [{"code": {"text": "胃癌"}, "onsetAge": {"value": 70, "code": "a"}}],
            },
            ["続柄：母", "疾患：項目：胃癌／発症年齢：70 歳"],
        ),
        (
            {"resourceType": "Condition", "meta": {"tag": [{"code": "UNINFORMED", "display": "未告知"}]}},
            ["取扱い：未告知（患者に知らせていない内容）／未告知"],
        ),
        (
            {"resourceType": "Zukunft", "neues": {"feld": ["あ", {"tiefer": True}]}},
            ["neues：feld：あ、tiefer：はい"],
        ),
    ],
)
def test_a_resource_is_told_in_lines(resource: Json, lines: list[str]) -> None:
    assert tell(resource).split("\n") == lines
