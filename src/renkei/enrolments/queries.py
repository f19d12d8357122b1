"""Schemes, applications, members and marks; what the office works through and what everybody may know."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from renkei.directory.queries import facility_by_id, representative
from renkei.enrolments.conditions.eligibility import findings, outside_the_area
from renkei.enrolments.models import (
    Application,
    Certificate,
    Enrolment,
    Listing,
    MembershipTerm,
    Scheme,
    SignedPaper,
)
from renkei.enrolments.types import (
    ApplicationDraft,
    Enrols,
    Finding,
    Manifest,
    Mark,
    Renewal,
    State,
    manifest_of,
    manifests,
)
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import NotFound

OPEN_STATES = (State.SUBMITTED, State.RETURNED)


def scheme(uid: UUID | str) -> Scheme:
    """One scheme that somebody runs. Raises ``NotFound``."""
    found = Scheme.objects.select_related("owner").filter(uid=uid).first()
    if found is None or found.key not in {m.key for m in manifests()}:
        raise NotFound("scheme_not_found", "この制度は見つかりません。一覧から選び直してください。")
    one: Scheme = found
    return one


def schemes_of(facility_id: int) -> list[Scheme]:
    """The schemes that a facility runs."""
    return [s for s in Scheme.objects.filter(owner_id=facility_id) if _known(s)]


def running(on: date | None = None) -> list[Scheme]:
    """Every scheme that runs on a day, with who runs it."""
    day = on or clock.today()
    rows = Scheme.objects.select_related("owner").filter(from_on__lte=day)
    return [s for s in rows.filter(Q(ended_on=None) | Q(ended_on__gt=day)) if _known(s)]


def _known(row: Scheme) -> bool:
    return row.key in {m.key for m in manifests()}


def to_start(facility_id: int) -> list[Manifest]:
    """Manifests that the facility does not run yet."""
    mine = set(Scheme.objects.filter(owner_id=facility_id).values_list("key", flat=True))
    return [m for m in manifests() if m.key not in mine]


def applications(actor: Actor, row: Scheme, state: str = "") -> QuerySet[Application]:
    """Applications for a scheme, oldest waiting first; decided ones newest first."""
    rows = (
        Application.objects.visible_to(actor)
        .filter(scheme=row)
        .select_related("scheme", "facility__area", "organization")
    )
    if state:
        return rows.filter(state=state).order_by("submitted_at", "id")
    return rows.exclude(state__in=OPEN_STATES).order_by("-decided_at", "-id")


def waiting(actor: Actor) -> QuerySet[Application]:
    """What waits for the office of the actor's facility."""
    return Application.objects.visible_to(actor).filter(owner_id=actor.facility_id, state=State.SUBMITTED)


def own_applications(actor: Actor) -> QuerySet[Application]:
    """What one's own institution handed in, newest first."""
    rows = Application.objects.visible_to(actor).filter(facility_id=actor.facility_id)
    return rows.select_related("scheme__owner").order_by("-submitted_at", "-id")


def application(actor: Actor, uid: UUID | str) -> Application:
    """One application of either side. Raises ``NotFound``."""
    rows = Application.objects.visible_to(actor).select_related(
        "scheme__owner", "facility__area__parent", "enrolment"
    )
    found = rows.filter(uid=uid).first()
    if found is None:
        raise NotFound("application_not_found", "この申請は見つかりません。")
    one: Application = found
    return one


def review(row: Application) -> list[Finding]:
    """What has to be looked at before the application is decided."""
    draft = ApplicationDraft(
        row.facility_id,
        row.physician_name,
        row.physician_kana,
        row.person_id or 0,
        row.organization_id or 0,
        row.seat,
        row.category,
        tuple((str(k), str(v)) for k, v in row.answers.items()),
    )
    return findings(manifest_of(row.scheme.key), draft, row.owner_id, row.scheme.areas)


def members(
    actor: Actor, row: Scheme, *, on: date | None = None, ended: bool = False, text: str = ""
) -> QuerySet[Enrolment]:
    """Memberships of a scheme on a day (today) by the institution's reading; ``ended``: those that are over."""
    day = on or clock.today()
    rows = (
        Enrolment.objects.visible_to(actor)
        .filter(scheme=row)
        .select_related("scheme", "facility__area", "organization")
    )
    over = Q(ended_on__lte=day)
    rows = rows.filter(over) if ended else rows.filter(joined_on__lte=day).exclude(over)
    for word in text.split():
        rows = rows.filter(
            Q(facility__search_key__contains=word)
            | Q(facility__name__contains=word)
            | Q(physician_name__contains=word)
        )
    return rows.order_by("facility__kana", "facility_id", "physician_kana", "id")


def own_memberships(actor: Actor) -> QuerySet[Enrolment]:
    """Memberships of one's own institution, the present ones first."""
    rows = (
        Enrolment.objects.visible_to(actor)
        .filter(facility_id=actor.facility_id)
        .select_related("scheme__owner")
    )
    return rows.order_by("ended_on", "scheme_id", "id")


def enrolment(actor: Actor, uid: UUID | str) -> Enrolment:
    """One membership of either side. Raises ``NotFound``."""
    rows = Enrolment.objects.visible_to(actor).select_related(
        "scheme__owner", "facility", "organization", "joined_into"
    )
    found = rows.filter(uid=uid).first()
    if found is None:
        raise NotFound("enrolment_not_found", "この登録は見つかりません。")
    one: Enrolment = found
    return one


def terms(actor: Actor, row: Enrolment) -> list[MembershipTerm]:
    """Every term, the first one first."""
    return list(MembershipTerm.objects.visible_to(actor).filter(enrolment=row))


def certificates(row: Enrolment) -> list[Certificate]:
    """Every certificate, newest first."""
    return list(Certificate.objects.filter(enrolment=row))


def good_certificate(row: Enrolment, on: date | None = None) -> Certificate | None:
    """The certificate that counts on a day (today), or None."""
    day = on or clock.today()
    return next((c for c in certificates(row) if is_good(c, day)), None)


def is_good(certificate: Certificate, day: date) -> bool:
    """Issued, not void, not over."""
    return (
        certificate.valid_from <= day
        and (certificate.voided_on is None or day < certificate.voided_on)
        and (certificate.valid_until is None or day <= certificate.valid_until)
    )


def certificate_by_token(token: UUID | str) -> Certificate:
    """The certificate behind a QR code. Raises ``NotFound``."""
    found = Certificate.objects.select_related("scheme__owner").filter(token=token).first()
    if found is None:
        raise NotFound("certificate_not_found", "この登録証は見つかりません。アドレスを確認してください。")
    one: Certificate = found
    return one


def alike(actor: Actor, row: Scheme) -> list[list[Enrolment]]:
    """Present memberships that look like one: the same physician at two institutions of the scheme."""
    day = clock.today()
    same = (
        Enrolment.objects.visible_to(actor)
        .filter(scheme=row, physician_key=OuterRef("physician_key"), ended_on=None)
        .exclude(pk=OuterRef("pk"))
    )
    rows = members(actor, row, on=day).exclude(physician_key="").filter(Exists(same))
    found: dict[str, list[Enrolment]] = {}
    for one in rows.order_by("physician_key", "joined_on")[:200]:
        found.setdefault(one.physician_key, []).append(one)
    return [group for group in found.values() if len(group) > 1]


def exceptions(actor: Actor, row: Scheme) -> list[Enrolment]:
    """Members that were let in outside a condition (原則の例外), for the committee."""
    rows = members(actor, row).exclude(exceptions=[])
    return list(rows[:500])


def shown_on(row: Scheme, on: date | None = None) -> QuerySet[Listing]:
    """The list that everybody reads: without institutions that want to be left out of what the public finds."""
    return listed_on(row, on).exclude(facility__profile__listed=False)


def listed_on(row: Scheme, on: date | None = None) -> QuerySet[Listing]:
    """The public list of a scheme on a day, by the institution's reading."""
    rows = _counting(Listing.objects.filter(scheme=row), on or clock.today())
    return rows.select_related("scheme", "facility__area", "organization").order_by(
        "facility__kana", "name", "id"
    )


def member_facilities(row: Scheme, on: date | None = None) -> list[int]:
    """Keys of the institutions of a scheme on a day, each once."""
    rows = _counting(Listing.objects.filter(scheme=row), on or clock.today())
    return sorted(set(rows.values_list("facility_id", flat=True)))


def owners_of(facility_id: int, on: date | None = None) -> list[int]:
    """Who runs the schemes in which an institution stands on a day, each once."""
    rows = _counting(Listing.objects.filter(facility_id=facility_id), on or clock.today())
    return sorted(set(rows.values_list("owner_id", flat=True)))


def schemes_joined(facility_id: int, on: date | None = None) -> list[Scheme]:
    """The schemes in which an institution stands on a day."""
    rows = _counting(Listing.objects.filter(facility_id=facility_id), on or clock.today())
    found = Scheme.objects.filter(pk__in=set(rows.values_list("scheme_id", flat=True)))
    return [row for row in found if _known(row)]


def left_between(row: Scheme, after: date, until: date) -> list[Listing]:
    """Who left a scheme in a period (both days count), for lists of what to take away."""
    rows = Listing.objects.filter(scheme=row, until_on__gt=after, until_on__lte=until + timedelta(days=1))
    return list(rows.select_related("facility__area"))


def _counting(rows: QuerySet[Any], day: date) -> QuerySet[Any]:
    return rows.filter(from_on__lte=day).filter(Q(until_on=None) | Q(until_on__gt=day))


def marks_on(
    facility_ids: Iterable[int], on: date | None = None, *, owner_id: int | None = None
) -> dict[int, list[Mark]]:
    """Facility → the schemes it stands in on a day; ``owner_id`` narrows to the schemes of one house."""
    day = on or clock.today()
    rows = _counting(Listing.objects.filter(facility_id__in=list(facility_ids)), day).select_related("scheme")
    if owner_id is not None:
        rows = rows.filter(scheme__owner_id=owner_id)
    found: dict[tuple[int, int, str], list[str]] = {}
    known: dict[int, Scheme] = {}
    for row in rows.order_by("facility_id", "scheme_id", "name"):
        if _known(row.scheme):
            known[row.scheme_id] = row.scheme
            found.setdefault((row.facility_id, row.scheme_id, row.category), []).append(row.name)
    marks: dict[int, list[Mark]] = {}
    for (facility_id, scheme_id, category), names in found.items():
        manifest = manifest_of(known[scheme_id].key)
        label = manifest.category(category)
        marks.setdefault(facility_id, []).append(
            Mark(
                manifest.key,
                known[scheme_id].name,
                manifest.mark,
                label.label if label else "",
                tuple(n for n in names if n),
            )
        )
    return marks


def may_represent(actor: Actor, facility_id: int) -> bool:
    """Whether the actor is the representative (代表者) of the institution."""
    post = representative(facility_id) if actor.facility_id == facility_id else None
    return post is not None and bool(post.person_id) and post.person_id == actor.person_id


def represented_by(row: Enrolment) -> str:
    """The name of the representative (代表者) of its institution; empty when none is recorded."""
    post = representative(row.facility_id)
    return str(post.holder) if post else ""


def may_ask_for_renewal(actor: Actor, row: Enrolment) -> bool:
    """Whether the term ends soon and goes on only by an application (更新の申請)."""
    rule = manifest_of(row.scheme.key).term
    last = MembershipTerm.objects.visible_to(actor).filter(enrolment=row).order_by("from_on").last()
    if rule.renewal is not Renewal.APPLICATION or row.ended_on is not None or last is None:
        return False
    return last.until_on is not None and clock.today() >= last.until_on - timedelta(days=rule.notice_days)


def refused_move(facility_id: int, organization_id: int, day: date) -> str:
    """Why a corporation that is a member of an alliance cannot take a facility in: it lies outside the 区域 (S12)."""
    facility = facility_by_id(facility_id)
    rows = _counting(Listing.objects.filter(organization_id=organization_id), day).select_related("scheme")
    for row in rows:
        if (
            facility is None
            or not _known(row.scheme)
            or manifest_of(row.scheme.key).enrols is not Enrols.CORPORATION
        ):
            continue
        areas = row.scheme.areas
        if label := outside_the_area(facility, manifest_of(row.scheme.key), areas, row.owner_id):
            return (
                f"{facility.name}は「{row.scheme.name}」の条件({label})を満たしません。"
                "区域を変えるか、その法人の脱退の後の日付にしてください。"
            )
    return ""


def papers(actor: Actor, row: Enrolment) -> QuerySet[SignedPaper]:
    """Signed papers of a membership, the last signature first, without their bytes."""
    return SignedPaper.objects.visible_to(actor).filter(enrolment=row).defer("content")


def paper(actor: Actor, row: Enrolment, uid: UUID | str) -> SignedPaper:
    """One signed paper with its bytes. Raises ``NotFound``."""
    found = SignedPaper.objects.visible_to(actor).filter(enrolment=row, uid=uid).first()
    if found is None:
        raise NotFound("paper_not_found", "この書類は見つかりません。")
    one: SignedPaper = found
    return one
