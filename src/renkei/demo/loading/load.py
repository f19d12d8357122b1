"""Writes the demo region into an empty database: all or nothing, the same every time."""

from __future__ import annotations

from collections.abc import Callable

from django.apps import apps
from django.db import connections, transaction

from renkei.demo.loading.counter import load_counter
from renkei.demo.loading.files import load_files
from renkei.demo.loading.functions import load_functions
from renkei.demo.loading.guests import load_guests
from renkei.demo.loading.issuing import load_issuing
from renkei.demo.loading.papers import load_papers, paper_plans
from renkei.demo.loading.patients import Patients
from renkei.demo.loading.people import load_people
from renkei.demo.loading.places import load_places
from renkei.demo.loading.policies import load_policies
from renkei.demo.loading.referrals import Referrals
from renkei.demo.loading.scale import multiply
from renkei.demo.loading.schemes import load_schemes
from renkei.demo.loading.search import load_search
from renkei.demo.loading.trail import Trail
from renkei.demo.loading.visits import load_visits
from renkei.demo.region import Region, region
from renkei.demo.timeline import DEMO_START
from renkei.directory.models import Facility, Rule
from renkei.gate.context import system
from renkei.kernel.errors import NotPossibleNow
from renkei.publications.search.actions import rebuild

OWNER = "owner"
MARK = "demo.region"
"""The rule that says: this database holds the demo region (``params``: seed and scale)."""
KEPT = {"directory_area", "terms_term", "directory_rule"}
Told = Callable[[str], object]


def loaded(using: str = OWNER) -> int:
    """The scale of the region that stands in the database; 0 when there is none."""
    with system("demo region"), transaction.atomic(using=using):
        mark = Rule.objects.using(using).filter(code=MARK).first()
    return int(mark.params["scale"]) if mark else 0


def load(
    scale: int = 1, *, reset: bool = False, using: str = OWNER, told: Told = print, houses: bool = False
) -> dict[str, int]:
    """Load the region, ``scale`` times its patients and referrals; returns rows per table.

    With ``houses`` the copies are other facilities' work, else the same ones'.
    ``reset`` deletes the demo that stands there, in the same transaction. Raises ``NotPossibleNow`` when the database
    holds facilities that are not the demo's.
    """
    with system("demo region"), transaction.atomic(using=using):
        if reset and loaded(using):
            empty_tables(using)
        if Facility.objects.using(using).exists():
            raise NotPossibleNow(
                "not_empty",
                "このデータベースには施設が登録されています。デモ地域は空のデータベースにだけ作れます。",
            )
        counts = _load(region(), using, told)
        if scale > 1:
            told(f"  患者と紹介を {scale} 倍にしています")
            multiply(scale, using, houses=houses)
        Rule(
            code=MARK,
            params={"value": True, "seed": region().seed, "scale": scale},
            valid_from=DEMO_START.date(),
            source="デモ",
        ).save(using=using)
    with connections[using].cursor() as cursor:
        cursor.execute("ANALYZE")
    return counts


def _load(plan: Region, using: str, told: Told) -> dict[str, int]:
    places = load_places(plan, using)
    staff = load_people(plan, places, using)
    told(f"  職員 {len(plan.staff)} 人")
    with connections[using].cursor() as cursor:
        patients = Patients(cursor, plan, places)
        trail = Trail(cursor)
        referrals = Referrals(cursor, places, staff, patients, trail)
        told_once = list(plan.referrals())
        stories = sorted([*told_once, *paper_plans(told_once)], key=lambda p: (p.created_at, p.key))
        for serial, story in enumerate(stories, start=1):
            referrals.add(story, serial)
        counts = {"patients_patient": patients.write()}
        told(f"  患者 {len(plan.patients)} 人 (施設ごとの登録 {counts['patients_patient']})")
        counts |= referrals.write()
        counts |= load_papers(cursor, places, referrals.written)
        counts["files_storedfile"] = load_files(cursor, referrals.written)
        counts["audit_auditentry"] = trail.write()
        counts |= load_visits(cursor, places, staff, using)
        counts |= load_guests(places, using)
        counts |= load_schemes(plan, places, staff, using)
        houses = Facility.objects.using(using).count()
        told(f"  施設 {houses}、制度の登録 {counts['enrolments_enrolment']} 件")
        load_search(plan, places, using)
        counts |= load_issuing(plan, places, using)
        counts |= load_functions(plan, places, using)
        counts["publications_searchentry"] = rebuild(using)
        counts |= load_policies(places, using)
        counts["publications_countersession"] = load_counter(places, using)
        cursor.execute("SELECT setval('referrals_number', %s)", [len(stories)])
        told(f"  紹介 {len(stories)} 件、経過 {counts['referrals_referralmove']} 行")
    return counts


def empty_tables(using: str = OWNER) -> None:
    """Truncate the product's tables; what refers to them (sessions, second factors) goes along."""
    tables = {
        model._meta.db_table
        for model in apps.get_models()
        if model.__module__.startswith("renkei.") and model._meta.managed
    }
    with system("demo region"), transaction.atomic(using=using), connections[using].cursor() as cursor:
        tables &= set(connections[using].introspection.table_names(cursor))
        names = ", ".join(sorted(tables - KEPT))
        cursor.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        cursor.execute("TRUNCATE procrastinate_jobs, django_session RESTART IDENTITY CASCADE")
        cursor.execute(
            "DELETE FROM directory_rule WHERE code = %s OR jurisdiction LIKE 'facility:%%'", [MARK]
        )
        cursor.execute("ALTER SEQUENCE referrals_number RESTART")
