"""Forty generated scans, always the same: turned, skewed, faxed at 100 dpi, two letters in one file, codes destroyed.

``bench/bench_scans.py`` runs five hundred.
"""

from __future__ import annotations

from renkei.exchange.scans.tests.desks import PaperDesk, Region
from testing.scans import Tally, generated

SCANS = 40
LEAST_RIGHT = 0.97


def test_of_forty_scans_none_is_filed_wrong_and_nearly_all_are_filed(desk: PaperDesk) -> None:
    region, tally = Region(desk), Tally()
    for scan in generated(SCANS, region.form):
        region.measure(scan, tally)
    assert tally.wrong == 0, tally.told
    assert tally.right / tally.readable >= LEAST_RIGHT
    assert tally.behind >= 5, "the set holds sheets without a code behind a form"
    assert tally.suggested / tally.behind >= LEAST_RIGHT
    assert tally.destroyed >= 2, "the set holds forms that nobody can read"


def test_the_same_seed_makes_the_same_scans(desk: PaperDesk) -> None:
    region = Region(desk)
    first = [(s.truth, len(s.data)) for s in generated(5, region.form)]
    assert [(s.truth, len(s.data)) for s in generated(5, region.form)] == first
