"""Nine schemes at work: who runs them, three hundred registered clinics, a year of terms, and what waits at the office."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from renkei.demo.loading.clinics import Clinic, load_clinics
from renkei.demo.loading.people import Staff
from renkei.demo.loading.places import Places
from renkei.demo.region import Region
from renkei.demo.timeline import DEMO_START
from renkei.directory.models import Facility, Ownership, Post
from renkei.enrolments.models import (
    Application,
    Certificate,
    Enrolment,
    Listing,
    MembershipTerm,
    Scheme,
    physician_key,
)
from renkei.enrolments.periods import fiscal_year, next_term, term_from
from renkei.enrolments.types import Enrols, Manifest, Renewal, manifest_of
from renkei.kernel.clock import JST
from renkei.kernel.roles import Role

TODAY = DEMO_START.date()
REGISTERED = "registered_physician_isehara"
OWNERS = {
    REGISTERED: ("H1", date(2019, 11, 20)),
    "next_ebina": ("H1", date(2022, 4, 1)),
    "rinku_agreement": ("H1", date(2024, 10, 1)),
    "itsunet": ("H2", date(2021, 4, 1)),
    "tm_net": ("H2", date(2020, 10, 1)),
    "cooperating_hospital_wakayama": ("G1", date(2023, 4, 1)),
    "home_doctor_net_nagasaki": ("M1", date(2018, 3, 1)),
    "diabetes_registered": ("M1", date(2026, 4, 1)),
    "alliance_member": ("CO1", date(2019, 4, 1)),
}
"""Scheme → who runs it, since when."""
HEADS = {
    "H1": ("病院長", "緑川 誠"),
    "H2": ("院長", "東山 久"),
    "M1": ("会長", "大木 茂"),
    "CO1": ("代表理事", "緑川 誠"),
    "G1": ("局長", "県庁 太郎"),
}
LEFT = {"C29": date(2026, 4, 1)}
DISEASES = (
    "糖尿病", "C型肝炎", "気管支喘息", "虚血性心疾患・心房細動", "脳梗塞", "眼部腫瘍・眼形成", "慢性腎不全", "乳癌",
)  # fmt: skip


@dataclass
class Rows:
    """Everything of one scheme, written table by table."""

    scheme: Scheme
    manifest: Manifest
    enrolments: list[Enrolment] = field(default_factory=list)

    def add(self, facility: Facility, joined: date, name: str = "", kana: str = "", **more: Any) -> Enrolment:
        """One membership; the rest follows from it."""
        row = Enrolment(
            version=1,
            scheme=self.scheme,
            owner_id=self.scheme.owner_id,
            facility=facility,
            joined_on=joined,
            physician_name=name,
            physician_kana=kana,
            physician_key=physician_key(name),
            **more,
        )
        self.enrolments.append(row)
        return row


def load_schemes(plan: Region, places: Places, staff: Staff, using: str) -> dict[str, int]:
    """Schemes with their members, terms, certificates and lists; representatives; applications of this morning."""
    clinics = load_clinics(plan, places, using)
    _posts(places, staff, using)
    schemes = {key: _scheme(key, places, using) for key in OWNERS}
    known = [_known(one.key, places, staff) for one in plan.facilities if one.registered]
    _registered(schemes[REGISTERED], known, clinics, places)
    _by_facility(schemes, places, [*known, *clinics])
    _by_physician(schemes, [*known, *clinics])
    _alliance(schemes["alliance_member"], plan, places, using)
    count = sum(_write(rows, using) for rows in schemes.values())
    waiting = _applications(schemes[REGISTERED].scheme, clinics[-4:], places, using)
    return {"enrolments_enrolment": count, "enrolments_application": waiting}


def _posts(places: Places, staff: Staff, using: str) -> None:
    rows = [
        Post(
            facility=places.facilities[key],
            title=title,
            holder=name,
            representative=True,
            from_on=date(2020, 4, 1),
        )
        for key, (title, name) in HEADS.items()
    ]
    for key, facility in places.facilities.items():
        head = next(
            (a for a in staff.houses[key] if key not in HEADS and a.roles & {Role.PHYSICIAN, Role.DENTIST}),
            None,
        )
        if head is not None:
            holder = _name_of(head.label)
            rows.append(
                Post(
                    facility=facility,
                    title="院長",
                    holder=holder,
                    representative=True,
                    person_id=head.person_id,
                    from_on=date(2020, 4, 1),
                )
            )
    Post.objects.using(using).bulk_create(rows)


def _name_of(label: str) -> str:
    """``医師 青木 正道`` without the word before it."""
    return " ".join(label.split()[-2:])


def _scheme(key: str, places: Places, using: str) -> Rows:
    owner, since = OWNERS[key]
    manifest = manifest_of(key)
    areas = (
        sorted({f.area.code for f in places.facilities.values() if f.area and f.kind != "public_body"})
        if key == "alliance_member"
        else []
    )
    row = Scheme(
        version=1,
        key=key,
        owner=places.facilities[owner],
        name=manifest.name,
        contact=places.facilities[owner].phone,
        from_on=since,
        areas=areas,
    )
    row.save(using=using)
    return Rows(row, manifest)


def _known(key: str, places: Places, staff: Staff) -> Clinic:
    head = next((a for a in staff.houses[key] if a.roles & {Role.PHYSICIAN, Role.DENTIST}), None)
    name = _name_of(head.label) if head else f"{places.facilities[key].name[:2]} 一"
    return Clinic(places.facilities[key], name, "", ("内科",))


def _registered(rows: Rows, known: list[Clinic], clinics: list[Clinic], places: Places) -> None:
    left = {places.facilities[key].pk: day for key, day in LEFT.items()}
    home = places.facilities["H1"].area_id
    for number, clinic in enumerate([*known, *clinics[:-4]]):
        joined = date(2020 + number % 6, 4 + number % 8, 1 + number % 28)
        row = rows.add(
            clinic.facility,
            joined,
            clinic.physician,
            clinic.kana,
            answers={"departments": "、".join(clinic.departments), "relation": "開設者"},
        )
        if clinic.facility.pk in left:
            row.ended_on, row.end_reason = left[clinic.facility.pk], "辞退"
        elif number % 61 == 5:
            row.objects_to_renewal = True
        # Of those in the next secondary area a few are left to the office: 条件に合わなくなった登録.
        if clinic.facility.area_id != home and number % 20:
            why = {
                "rule": "area",
                "says": "同じ二次医療圏の医療機関に勤務する医師",
                "why": "隣の圏域から紹介が多い",
            }
            row.exceptions = [why | {"allowed_by": "病院長 緑川 誠", "on": joined.isoformat()}]


def _by_facility(schemes: dict[str, Rows], places: Places, clinics: list[Clinic]) -> None:
    for number, clinic in enumerate(clinics[:29]):
        schemes["next_ebina"].add(
            clinic.facility,
            date(2022, 4, 1),
            answers={"person_in_charge": clinic.physician, "machines": "CT、MRI"},
        )
        if number < 20:
            kind = ("family", "family", "specialist", "eye_dental")[number % 4]
            said = {"training": "2026-02-15", "physicians": clinic.physician}
            schemes["diabetes_registered"].add(clinic.facility, date(2026, 4, 1), category=kind, answers=said)
    for number, clinic in enumerate(clinics[10:53]):
        level = "share" if number < 10 else "view"
        said = {"agreement": "はい"} | ({"training": "2025-09-01"} if level == "share" else {})
        schemes["tm_net"].add(clinic.facility, date(2021 + number % 5, 10, 1), category=level, answers=said)
    for number, clinic in enumerate(clinics[20:26]):
        day = date(2025, 6 + number, 1)
        said = {"signed_on": day.isoformat(), "signed_by": clinic.physician, "uses": "診察の予約、検査の予約"}
        schemes["rinku_agreement"].add(clinic.facility, day, answers=said)
    for key in ("L1", "R1"):
        schemes["cooperating_hospital_wakayama"].add(
            places.facilities[key],
            date(2024, 7, 1),
            answers={"beds": "4", "night_phone": places.facilities[key].phone},
        )


def _by_physician(schemes: dict[str, Rows], clinics: list[Clinic]) -> None:
    for number, clinic in enumerate(clinics[5:17]):
        said = {"diseases": DISEASES[number % len(DISEASES)], "departments": clinic.departments[0]}
        schemes["itsunet"].add(clinic.facility, date(2023, 4, 1), clinic.physician, clinic.kana, answers=said)
    for number, clinic in enumerate(clinics[:71]):
        role = "home" if number < 37 else "adviser" if number < 50 else "hospital"
        said = {"email": f"member{number}@example.jp"} | (
            {"around_the_clock": "はい"} if role == "home" else {}
        )
        schemes["home_doctor_net_nagasaki"].add(
            clinic.facility,
            date(2018 + number % 8, 3, 1),
            clinic.physician,
            clinic.kana,
            category=role,
            answers=said,
        )


def _alliance(rows: Rows, plan: Region, places: Places, using: str) -> None:
    first: dict[str, Facility] = {}
    periods = []
    for one in plan.facilities:
        if one.alliance and places.facilities[one.key].organization is not None:
            facility = places.facilities[one.key]
            first.setdefault(one.alliance, facility)
            periods.append(
                Ownership(facility=facility, organization=facility.organization, from_on=date(2019, 4, 1))
            )
    Ownership.objects.using(using).bulk_create(periods)
    for facility in first.values():
        rows.add(
            facility,
            date(2019, 4, 1),
            organization=facility.organization,
            answers={"votes": "1", "approved_on": "2019-03-20", "works": "患者情報の共有、共同購買"},
        )


def _write(rows: Rows, using: str) -> int:
    Enrolment.objects.using(using).bulk_create(rows.enrolments)
    terms, certificates, listings = [], [], []
    for number, row in enumerate(rows.enrolments, 1):
        mine = list(_terms(rows, row))
        terms += mine
        if rows.manifest.certificate:
            certificates.append(_certificate(rows, row, number, mine[-1].until_on))
        listings.append(_listing(rows, row, mine[-1].until_on))
    MembershipTerm.objects.using(using).bulk_create(terms)
    Certificate.objects.using(using).bulk_create(certificates)
    Listing.objects.using(using).bulk_create(listings)
    rows.scheme.last_number = len(certificates)
    rows.scheme.save(using=using)
    return len(rows.enrolments)


def _terms(rows: Rows, row: Enrolment) -> list[MembershipTerm]:
    """From the day of joining to the term that runs this morning, or to the end."""
    rule, until = rows.manifest.term, row.ended_on or TODAY + timedelta(days=1)
    period = term_from(rule, row.joined_on)
    found: list[MembershipTerm] = []
    while True:
        found.append(
            MembershipTerm(
                scheme=rows.scheme,
                owner_id=row.owner_id,
                facility_id=row.facility_id,
                enrolment=row,
                from_on=period.from_on,
                until_on=period.until_on,
                automatic=bool(found),
                created_at=datetime.combine(period.from_on, time(0, 5), JST),
            )
        )
        if period.until_on is None or period.until_on + timedelta(days=1) >= until:
            return found
        if rule.renewal is not Renewal.AUTOMATIC:
            return found
        period = next_term(rule, period.until_on)


def _certificate(rows: Rows, row: Enrolment, number: int, until: date | None) -> Certificate:
    style = rows.manifest.certificate
    assert style is not None
    year = fiscal_year(row.joined_on)
    name = style.numbering.format(year=year, era=f"R{year - 2018}", number=number)
    return Certificate(
        scheme=rows.scheme,
        enrolment=row,
        owner_id=row.owner_id,
        facility_id=row.facility_id,
        number=name,
        holder=row.physician_name or row.facility.name,
        facility_name=row.facility.name,
        issued_on=row.joined_on,
        valid_from=row.joined_on,
        valid_until=until,
        voided_on=row.ended_on,
        void_reason=row.end_reason,
    )


def _listing(rows: Rows, row: Enrolment, until: date | None) -> Listing:
    goes_on = rows.manifest.term.renewal is Renewal.AUTOMATIC and not row.objects_to_renewal
    over = row.ended_on or (None if goes_on or until is None else until + timedelta(days=1))
    return Listing(
        scheme=rows.scheme,
        enrolment=row,
        owner_id=row.owner_id,
        facility_id=row.facility_id,
        organization_id=row.organization_id,
        name=row.seat if rows.manifest.enrols is Enrols.SEAT else row.physician_name,
        category=row.category,
        from_on=row.joined_on,
        until_on=over,
    )


def _applications(scheme: Scheme, clinics: list[Clinic], places: Places, using: str) -> int:
    """Three that wait since the week-end (one incomplete, one outside the area), one that went back."""
    found = []
    for number, clinic in enumerate(clinics):
        name = "" if number == 1 else clinic.physician
        found.append(
            Application(
                version=1,
                scheme=scheme,
                owner_id=scheme.owner_id,
                facility=clinic.facility if number != 2 else places.facilities["C8"],
                physician_name=name,
                physician_kana=clinic.kana if name else "",
                answers={"departments": "、".join(clinic.departments)},
                channel="paper",
                state="returned" if number == 3 else "submitted",
                answer="診療科をすべて書いて、出し直してください。" if number == 3 else "",
                submitted_at=DEMO_START - timedelta(days=3, hours=number),
                submitted_by="連携室員 佐藤 恵",
            )
        )
    Application.objects.using(using).bulk_create(found)
    return len(found)
