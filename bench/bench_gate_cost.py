"""What the gate costs on one action and one page, against the same work without permission, wall and trail."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from django.db import connection, connections, models, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from place import Cost, cost_of, machine, region, tell_nobody

from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.gate.pages import page
from renkei.patients.models import Patient
from renkei.patients.permissions import P
from testing.cast import Cast
from testing.database import arranging

PATIENTS_ON_THE_PAGE = 50


@action(P.REGISTER, says="住所を直す")
def with_gate(actor: Actor, patient: Patient, *, address: str) -> Patient:
    """One field of one row."""
    patient.address = address
    patient.save()
    return patient


def without_gate(pk: int, address: str) -> None:
    """The same lock, the same change; plain Django."""
    with transaction.atomic():
        patient = Patient._base_manager.select_for_update().get(pk=pk)
        patient.address = address
        models.Model.save(patient)


@page(P.VIEW, reads="患者の一覧を閲覧")
def page_with_gate(request: HttpRequest) -> HttpResponse:
    """Fifty names."""
    rows = Patient.objects.visible_to(request.actor).order_by("kana_key")[:PATIENTS_ON_THE_PAGE]  # type: ignore[attr-defined]
    return HttpResponse("\n".join(row.name for row in rows))


def page_without_gate(request: HttpRequest) -> HttpResponse:
    """The same fifty, found by the facility's key."""
    mine = Patient._base_manager.filter(facility_id=request.actor.facility_id)  # type: ignore[attr-defined]
    return HttpResponse("\n".join(row.name for row in mine.order_by("kana_key")[:PATIENTS_ON_THE_PAGE]))


def trail_lines() -> int:
    """Every line so far, as the worker sees it."""
    with arranging(), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_auditentry")
        return int(cursor.fetchone()[0])


def show(what: str, gated: Cost, plain: Cost, lines: int) -> None:
    """One line for each measure, with its ratio."""
    print(
        f"{what}: SQL {gated.statements} / {plain.statements}, ratio {gated.statements / plain.statements:.1f}"
    )
    print(f"{what}: CPU {gated.cpu_ms:.2f} / {plain.cpu_ms:.2f} ms, ratio {gated.cpu_ms / plain.cpu_ms:.1f}")
    print(
        f"{what}: wall {gated.wall_ms:.2f} / {plain.wall_ms:.2f} ms, ratio {gated.wall_ms / plain.wall_ms:.1f}"
    )
    print(f"{what}: lines in the trail {lines} / 0")


def as_owner() -> None:
    """Without the wall: the role that passes row-level security, told of nobody."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
    connections["default"].tell_actor = tell_nobody


def main(cast: Cast) -> None:
    """Measure and print."""
    print(f"machine: {machine()}")
    aoki, suzuki = cast.actor("aoki"), cast.patient("suzuki")
    with arranging():
        for number in range(PATIENTS_ON_THE_PAGE):
            row = Patient(facility=cast.facility("C1"), name=f"架空 {number}", birth_on=suzuki.birth_on)
            row.make_keys()
            row.save()
    request = RequestFactory().get("/")
    request.actor = aoki  # type: ignore[attr-defined]

    def gated_page() -> None:
        with transaction.atomic():
            page_with_gate(request)

    def plain_page() -> None:
        with transaction.atomic():
            page_without_gate(request)

    with acting(aoki):
        row = suzuki
        Patient.versioned = False  # the same row object again and again would be stale after the first time
        before = trail_lines()
        with_gate(aoki, row, address="みどり市1-1")
        action_lines = trail_lines() - before
        gated_page()
        page_lines = trail_lines() - before - action_lines
        numbers = iter(range(10_000))
        gated = cost_of(lambda: with_gate(aoki, row, address=f"みどり市{next(numbers)}"))
        listed = cost_of(gated_page)
        as_owner()
        plain = cost_of(lambda: without_gate(suzuki.pk, f"みどり市{next(numbers)}"))
        bare = cost_of(plain_page)
    show("one action", gated, plain, action_lines)
    show("one page of 50 patients", listed, bare, page_lines)


if __name__ == "__main__":
    with region("gate") as people:
        main(people)
