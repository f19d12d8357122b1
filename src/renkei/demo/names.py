"""Fictional Japanese names with kana, 異体字 among them, and their romanised form for log-in ids."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from random import Random

HERE = Path(__file__).parent

_DIGRAPHS = {
    "シャ": "sha",
    "シュ": "shu",
    "ショ": "sho",
    "チャ": "cha",
    "チュ": "chu",
    "チョ": "cho",
    "ジャ": "ja",
    "ジュ": "ju",
    "ジョ": "jo",
    "キョ": "kyo",
    "リョ": "ryo",
    "ニョ": "nyo",
    "ヒョ": "hyo",
}
_SINGLE = dict(
    zip(
        "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワンガギグゲゴザジズゼゾダデドバビブベボパピプペポ",
        "a i u e o ka ki ku ke ko sa shi su se so ta chi tsu te to na ni nu ne no ha hi fu he ho ma mi mu me mo "
        "ya yu yo ra ri ru re ro wa n ga gi gu ge go za ji zu ze zo da de do ba bi bu be bo pa pi pu pe po".split(),
        strict=True,
    )
)
_AS_WRITTEN = {"イノウエ": "inoue", "ジンノウチ": "jinnouchi"}


@cache
def _lists() -> dict[str, tuple[tuple[str, str], ...]]:
    lists: dict[str, list[tuple[str, str]]] = {}
    with (HERE / "names.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            lists.setdefault(row["kind"], []).append((row["text"], row["kana"]))
    return {kind: tuple(pairs) for kind, pairs in lists.items()}


def romanise(kana: str) -> str:
    """Katakana as lower-case letters without long vowels (``サトウ`` is ``sato``)."""
    if kana in _AS_WRITTEN:
        return _AS_WRITTEN[kana]
    letters = ""
    position = 0
    while position < len(kana):
        pair = kana[position : position + 2]
        if pair in _DIGRAPHS:
            letters += _DIGRAPHS[pair]
            position += 2
        else:
            letters += _SINGLE.get(kana[position], "")
            position += 1
    return letters.replace("ou", "o").replace("oo", "o").replace("uu", "u")


def surname(rng: Random) -> tuple[str, str]:
    """A surname and its kana; the first of the list are the common ones."""
    surnames = _lists()["surname"]
    reach = len(surnames) if rng.random() < 0.6 else 40
    return surnames[rng.randrange(reach)]


def given_name(rng: Random, sex: str, age: int) -> tuple[str, str]:
    """A given name in the fashion of the birth year, with kana."""
    fashion = "old" if age >= 62 else "mid" if age >= 18 else "new"
    return rng.choice(_lists()[f"{'m' if sex == 'male' else 'f'}_{fashion}"])


def person(rng: Random, sex: str, age: int) -> tuple[str, str]:
    """Full name ``姓 名`` and full kana ``セイ メイ``."""
    family, family_kana = surname(rng)
    given, given_kana = given_name(rng, sex, age)
    return f"{family} {given}", f"{family_kana} {given_kana}"
