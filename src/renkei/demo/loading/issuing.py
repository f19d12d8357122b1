"""What H1's liaison office issues: leaflets of registered clinics in the rack, the edition of May, the draft of June."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Any

from renkei.demo.loading.places import Places
from renkei.demo.region import Region
from renkei.demo.timeline import DEMO_START
from renkei.directory.models import Facility
from renkei.enrolments.models import Listing, Scheme
from renkei.kernel import clock
from renkei.letters import pages
from renkei.publications.editions import pdf, tables
from renkei.publications.leaflets.facts import district_of, facts_from
from renkei.publications.leaflets.national_words import FROM, NATIONAL
from renkei.publications.models import (
    AdvertisingWord,
    DeliveryChoice,
    Dispatch,
    Edition,
    EditionFile,
    EditionState,
    EditionTable,
    Leaflet,
    LeafletState,
    LeafletVersion,
    Part,
    PublishedLeaflet,
    Sending,
    Source,
    Way,
)

HOUSE, KEY = "H1", "registered_physician_isehara"
CLERK = "佐藤 美咲"
LEFT = "C29"
"""This clinic left in April: its leaflet still lies in the rack on the first morning."""
ON_PAPER = {"C11": Way.FAX, "C12": Way.FAX}
CLINIC_TEXTS = {
    "catch": "ご家族の健康を、\n身近で支えます",
    "greeting": "地域の皆さまのかかりつけ医として、日々の健康の相談から治療まで、わかりやすい説明を心がけています。\n"
    "専門的な検査や入院が必要なときは、みどり中央病院と連携してご紹介します。",
    "strengths": "丁寧な診察と説明\n健診・予防接種\n病院での治療を終えた後の継続的な診療",
    "for_whom": "健診の結果が気になる\n退院後の通院先を探している",
    "first_visit": "予約なしで受診できます。発熱のある方は、来院前にお電話ください。",
    "hours_note": "受付は診療終了の30分前までです。",
    "access": "",
}
AOKI_TEXTS = CLINIC_TEXTS | {
    "catch": "かぜから生活習慣病まで、\nご家族のかかりつけ医です",
    "strengths": "高血圧・糖尿病・脂質異常症の継続的な診療\n心電図・超音波検査を院内で実施\n"
    "管理栄養士による栄養相談(第2・第4水曜)\n通院が難しい方への訪問診療",
    "access": "みどり駅北口から徒歩8分。専用駐車場6台。",
}


def load_issuing(plan: Region, places: Places, using: str) -> dict[str, int]:
    """Leaflets and editions for the members that the schemes have by now; rows per table."""
    house = places.facilities[HOUSE]
    _words(using)
    scheme = Scheme.objects.using(using).get(key=KEY, owner=house)
    keys = [p.key for p in plan.facilities if p.registered and p.kind in ("clinic", "dental")]
    leaflets = 0
    for place, key in enumerate([*[k for k in keys if k != LEFT][:16], LEFT]):
        departments = [row.name for name, row in places.departments.items() if name.startswith(f"{key}:")]
        leaflets += _leaflet(scheme, places.facilities[key], place, key, departments, using)
    for key, way in ON_PAPER.items():
        DeliveryChoice(
            owner=house, facility=places.facilities[key], way=way, changed_at=DEMO_START, changed_by=CLERK
        ).save(using=using)
    copies = _editions(scheme, places, using)
    return {"publications_leaflet": leaflets, "publications_dispatch": copies}


def _words(using: str) -> None:
    """The national wordings come with the migration; emptying the demo takes them along."""
    rows = AdvertisingWord.objects.using(using)
    if not rows.exists():
        rows.bulk_create(AdvertisingWord(valid_from=FROM, **one) for one in NATIONAL)


def _leaflet(
    scheme: Scheme, facility: Facility, place: int, key: str, departments: list[str], using: str
) -> int:
    """C1 has two versions, every fifth clinic waits for approval, the others lie in the rack."""
    waits = place % 5 == 4
    owner = scheme.owner
    row = Leaflet(
        scheme=scheme,
        owner=owner,
        facility=facility,
        district=district_of(facility.address),
        copies_left=0 if waits else 20 - place,
        racked_number=0 if waits else 1,
        counted_at=None if waits else DEMO_START - timedelta(days=10),
        created_at=DEMO_START - timedelta(days=400),
    )
    row.save(using=using)
    last = 2 if key == "C1" else 1
    for number in range(1, last + 1):
        state = LeafletState.SUBMITTED if waits else LeafletState.APPROVED
        state = LeafletState.REPLACED if number < last else state
        at = DEMO_START - timedelta(days=60 * (last - number) + 5 + place)
        version = _version(row, number, state, key, at, facts_from(facility, departments, ""))
        version.save(using=using)
        if state == LeafletState.APPROVED:
            _published(version).save(using=using)
    return 1


def _version(
    leaflet: Leaflet, number: int, state: LeafletState, key: str, at: datetime, facts: dict[str, Any]
) -> LeafletVersion:
    waits = state == LeafletState.SUBMITTED
    texts = AOKI_TEXTS if key == "C1" else CLINIC_TEXTS
    if waits and key == "C6":
        texts = texts | {"strengths": "地域一番の分娩の実績\n産前・産後の母乳相談"}
    return LeafletVersion(
        leaflet=leaflet,
        owner=leaflet.owner,
        facility=leaflet.facility,
        number=number,
        state=state,
        texts=texts,
        facts=facts,
        changed_at=at,
        changed_by="院長",
        submitted_at=at,
        submitted_by="院長",
        decided_at=None if waits else at + timedelta(days=1),
        approved_by="" if waits else CLERK,
    )


def _published(version: LeafletVersion) -> PublishedLeaflet:
    return PublishedLeaflet(
        leaflet=version.leaflet,
        scheme=version.leaflet.scheme,
        owner=version.owner,
        facility=version.facility,
        number=version.number,
        texts=version.texts,
        facts=version.facts,
        approved_at=version.decided_at or DEMO_START,
    )


def _editions(scheme: Scheme, places: Places, using: str) -> int:
    """May was sent to the members of its day, June waits for the office."""
    house = places.facilities[HOUSE]
    may = _edition(scheme, house, date(2026, 5, 1), EditionState.SENT, using)
    ways = {places.facilities[key].pk: way for key, way in ON_PAPER.items()}
    sent_at = may.sent_at or DEMO_START
    rows = Listing.objects.using(using).filter(scheme=scheme, from_on__lte=may.send_on)
    members = {row.facility for row in rows.exclude(until_on__lte=may.send_on).select_related("facility")}
    copies = [
        Dispatch(
            edition=may,
            owner=house,
            facility=facility,
            way=ways.get(facility.pk, Way.POST),
            to=facility.fax if facility.pk in ways else f"〒{facility.postal_code} {facility.address}",
            state=Sending.SENT,
            created_at=sent_at,
            created_by=CLERK,
            sent_at=sent_at,
        )
        for facility in sorted(members, key=lambda one: one.pk)
    ]
    Dispatch.objects.using(using).bulk_create(copies)
    _edition(scheme, house, date(2026, 6, 1), EditionState.DRAFT, using)
    return len(copies)


def _edition(scheme: Scheme, house: Facility, month_on: date, state: EditionState, using: str) -> Edition:
    sent = state == EditionState.SENT
    at = clock.jst(month_on.year, month_on.month, 25, 11) if sent else None
    edition = Edition(
        version=1,
        facility=house,
        month_on=month_on,
        tables_on=month_on.replace(month=month_on.month + 1),
        send_on=month_on.replace(day=25),
        state=state,
        scheme_ids=[scheme.pk],
        greeting="日頃より当院との連携にご協力いただき、ありがとうございます。",
        created_at=DEMO_START - timedelta(days=30 if sent else 7),
        ready_at=at,
        sent_at=at,
        sent_by=CLERK if sent else "",
    )
    edition.save(using=using)
    for kind in (Part.OUTPATIENT, Part.DUTY):
        row = _table(edition, kind, filled=sent or kind == Part.OUTPATIENT)
        row.save(using=using)
        if at:
            with clock.frozen(at):
                content = pdf.table(edition, row)
            EditionFile(
                edition=edition,
                facility=house,
                kind=kind,
                name=f"{kind.label}.pdf",
                content=content,
                sha256=hashlib.sha256(content).hexdigest(),
                pages=pages(content),
                made_at=at,
            ).save(using=using)
    return edition


NAMES = ("髙橋", "石川", "永田", "小松", "三浦", "交代制")
DEPARTMENTS = (
    "循環器内科",
    "呼吸器内科",
    "糖尿病内科",
    "消化器内科",
    "脳神経内科",
    "外科",
    "整形外科",
    "小児科",
    "皮膚科",
)


def _table(edition: Edition, kind: Part, *, filled: bool) -> EditionTable:
    """The clinic table of nine departments; a duty table with somebody for each night, or nobody yet."""
    if kind == Part.OUTPATIENT:
        columns = list(tables.OUTPATIENT_COLUMNS)
        rows = [
            tables.row(
                [name, half],
                [NAMES[(i + j + k) % 6] if j < 5 or not k else "休診" for j in range(6)],
            )
            for i, name in enumerate(DEPARTMENTS)
            for k, half in enumerate(tables.HALVES)
        ]
    else:
        columns = list(tables.DUTY_COLUMNS)
        rows = tables.blank_duty(edition.tables_on, columns)
        if filled:
            rows = [one | {"cells": [NAMES[i % 5], NAMES[(i + 2) % 5]]} for i, one in enumerate(rows)]
    return EditionTable(
        version=1,
        edition=edition,
        facility=edition.facility,
        kind=kind,
        columns=columns,
        rows=rows,
        remarks="担当医は都合により変わることがあります。" if kind == Part.OUTPATIENT else "",
        source=Source.MANUAL if filled else Source.COPIED,
        changed_at=DEMO_START - timedelta(days=4),
        changed_by=CLERK,
    )
