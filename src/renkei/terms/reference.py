"""Loads the shipped tables of diseases (a sample) and departments (診療科コード)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from renkei.terms.models import Term
from renkei.terms.types import System

DATA = Path(__file__).parent / "data"


def load(using: str = "default", folder: Path = DATA) -> str:
    """Bring the tables in line with ``data/*.csv``; run as the system. Twice is the same as once.

    Terms that left the file stay: letters may have been written with them. Returns what was done, for the console.
    """
    known = {(t.system, t.label): t for t in Term.objects.using(using).all()}
    fresh: list[Term] = []
    total = changed = 0
    for system, label, values in _lines(folder):
        total += 1
        found = known.get((system, label))
        if found is None:
            row = Term(system=system, label=label, **values)
            row.make_keys()
            known[system, label] = row
            fresh.append(row)
        elif found.pk and any(getattr(found, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(found, name, value)
            found.save(using=using)
            changed += 1
    Term.objects.using(using).bulk_create(fresh, batch_size=500)
    return f"用語 {total} 件 (追加 {len(fresh)}・変更 {changed})"


def _lines(folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for line in _rows(folder / "diseases.csv"):
        values = {
            "code": line.get("management_number") or "",
            "kana": line["kana"],
            "icd10": line["icd10"],
            "synonyms": [word for word in line["synonyms"].split("|") if word],
        }
        yield System.DISEASE.value, line["label"], values
    for line in _rows(folder / "departments.csv"):
        yield System.DEPARTMENT.value, line["label"], {"code": line["code"], "kana": line["kana"]}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
