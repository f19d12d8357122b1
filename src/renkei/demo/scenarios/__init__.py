"""Clinical situations as data (TOML, one file per group of specialties) and their typed form."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

Slot = tuple[str, ...] | tuple[float, float, int]
"""Either words to choose from, or lowest, highest and number of decimals (negative rounds to tens)."""


@dataclass(frozen=True)
class Scenario:
    """A reason for a referral: who may have it, how the letter reads, what the replies say."""

    key: str
    department: str
    weight: int
    sex: str
    ages: tuple[int, int]
    senders: tuple[str, ...]
    admit: float
    urgency: tuple[int, int, int]
    onset: tuple[int, int]
    diagnoses: tuple[str, ...]
    purpose: tuple[str, ...]
    family: tuple[str, ...]
    course: tuple[str, ...]
    results: str
    treatment: str
    drugs: tuple[str, ...]
    remarks: tuple[str, ...]
    first: str
    discharge: str
    final: str
    back: str
    slots: dict[str, Slot]

    def fits(self, profile: str, sex: str, age: int) -> bool:
        """Whether a patient of this age and sex may be sent with it by an owner of this profile."""
        low, high = self.ages
        return profile in self.senders and self.sex in {"any", sex} and low <= age <= high


def _slot(raw: list[Any]) -> Slot:
    if len(raw) == 3 and not isinstance(raw[0], str):
        return float(raw[0]), float(raw[1]), int(raw[2])
    return tuple(str(word) for word in raw)


def _scenario(raw: dict[str, Any]) -> Scenario:
    acute = raw["urgency"][0] == 0
    texts = {name: raw[name] for name in ("results", "treatment", "first", "discharge", "final", "back")}
    return Scenario(
        key=raw["key"],
        department=raw["department"],
        weight=raw["weight"],
        sex=raw.get("sex", "any"),
        ages=(raw["ages"][0], raw["ages"][1]),
        senders=tuple(raw.get("senders", _DEFAULT_SENDERS.get(raw["department"], ("general", "hospital")))),
        admit=raw["admit"],
        urgency=(raw["urgency"][0], raw["urgency"][1], raw["urgency"][2]),
        onset=tuple(raw.get("onset", (2, 6) if acute else (25, 110))),
        diagnoses=tuple(raw["diagnoses"]),
        purpose=tuple(raw["purpose"]),
        family=tuple(raw.get("family", ("特記事項なし", "特記事項なし", "父：高血圧症"))),
        course=tuple(raw["course"]),
        drugs=tuple(raw["drugs"]),
        remarks=tuple(raw.get("remarks", ("", "", "画像・検査結果の写しを添付いたします。"))),
        slots={name: _slot(values) for name, values in raw.get("slots", {}).items()},
        **texts,
    )


_DEFAULT_SENDERS = {"皮膚科": ("general", "hospital", "derm")}


@cache
def scenarios() -> tuple[Scenario, ...]:
    """All scenarios, in the order of the files."""
    found: list[Scenario] = []
    for path in sorted(HERE.glob("*.toml")):
        with path.open("rb") as stream:
            found += [_scenario(raw) for raw in tomllib.load(stream)["scenario"]]
    return tuple(found)


@cache
def scenario(key: str) -> Scenario:
    """One scenario; ``KeyError`` for an unknown key."""
    return {s.key: s for s in scenarios()}[key]
