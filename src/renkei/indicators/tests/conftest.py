"""What the tests of indicators share: Monday morning, visits by the handful, and files as hospitals write them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from renkei.indicators.actions.importing import read_import
from renkei.indicators.models import BackReferral, EventImport, Visit
from renkei.indicators.types import Entered
from renkei.kernel import clock
from testing.cast import Cast
from testing.database import arranging

MONDAY = clock.jst(2026, 6, 1, 9, 0)
MAY = date(2026, 5, 11)


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(MONDAY):
        yield


class House:
    """Puts visits and back-referrals of H1 there, past every page."""

    def __init__(self, cast: Cast) -> None:
        self.cast, self.serial = cast, 0

    def visits(self, count: int, *, at: str = "H1", **values: Any) -> None:
        """``count`` visits alike."""
        with arranging():
            Visit.objects.bulk_create(self._rows(Visit, count, at, {"visit_on": MAY, **values}))

    def back_referrals(self, count: int, *, at: str = "H1", **values: Any) -> None:
        """``count`` back-referrals alike, with consent and document."""
        told = {"issued_on": MAY, "consent": True, "document_issued": True, **values}
        with arranging():
            BackReferral.objects.bulk_create(self._rows(BackReferral, count, at, told))

    def _rows(self, model: Any, count: int, at: str, values: dict[str, Any]) -> list[Any]:
        rows = []
        for _ in range(count):
            self.serial += 1
            rows.append(
                model(facility=self.cast.facility(at), key=f"t{self.serial}", entered=Entered.CSV, **values)
            )
        return rows

    def a_year_of_the_law(self) -> None:
        """Rules A.3: 1000 first visits = 200 ambulance + 250 at night or on holidays + 50 check-ups + 500 others; 300
        letters; 360 back-referrals."""
        self.visits(200, arrival_mode="ambulance_public")
        self.visits(150, via_emergency_program=True, is_night=True)
        self.visits(100, via_emergency_program=True, is_holiday=True)
        self.visits(50, checkup_detected=True)
        self.visits(300, referral_doc="letter", from_name="青木内科")
        self.visits(200)
        self.back_referrals(360)


@pytest.fixture
def house(cast: Cast) -> House:
    return House(cast)


def worked(kept: EventImport) -> EventImport:
    """The file after the worker has been."""
    with arranging():
        read_import(import_uid=str(kept.uid))
        return EventImport._base_manager.get(pk=kept.pk)


def csv_of(
    *rows: str, heads: str = "受診日,患者番号,初診・再診,受診時刻,診療科,来院方法,紹介状,紹介元名称"
) -> bytes:
    """A file as text."""
    return "\r\n".join((heads, *rows)).encode()
