"""The first proof: what the Python guard cannot see, the database wall stops."""

from __future__ import annotations

from django.db import connection

from renkei.gate.context import acting
from renkei.patients.models import Patient
from testing.cast import Cast


def test_a_clinic_sees_its_own_patients_only(cast: Cast) -> None:
    with acting(cast.actor("aoki")) as actor:
        names = {p.name for p in Patient.objects.visible_to(actor)}
        assert {"鈴木 一郎", "山田 花子", "𠮷田 孝雄"} == names
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM patients_patient")
            assert cursor.fetchone() == (3,)


def test_a_stranger_sees_nothing_even_by_raw_sql(cast: Cast) -> None:
    for outsider in cast.outsiders():
        with acting(outsider), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM patients_patient")
            assert cursor.fetchone() == (0,)
            assert Patient._base_manager.count() == 0
