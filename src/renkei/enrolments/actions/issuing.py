"""Certificates and the public list: what follows from a membership, written inside the actions that change one."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Q, QuerySet

from renkei.directory.queries import facility_by_id
from renkei.enrolments.models import Certificate, Enrolment, Listing, MembershipTerm, Scheme
from renkei.enrolments.periods import Period, fiscal_year, term_from
from renkei.enrolments.types import Enrols, Renewal, manifest_of
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.eras import format_short


def holder_of(row: Enrolment) -> str:
    """Whose certificate it is, as printed."""
    if row.physician_name:
        return row.physician_name
    if row.organization is not None:
        return str(row.organization.name)
    facility = facility_by_id(row.facility_id)
    return facility.name if facility else ""


def issue(
    actor: Actor, row: Enrolment, *, on: date, until: date | None, replaces: Certificate | None = None
) -> Certificate | None:
    """The next number of the scheme; None where the scheme has no certificate."""
    style = manifest_of(row.scheme.key).certificate
    if style is None:
        return None
    scheme = Scheme.objects.visible_to(actor).select_for_update().get(pk=row.scheme_id)
    scheme.last_number += 1
    scheme.save(update_fields=["last_number"])
    facility = facility_by_id(row.facility_id)
    if row.ended_on is not None:
        until = min(until or row.ended_on, row.ended_on - timedelta(days=1))
    era = format_short(date(fiscal_year(on), 5, 1)).partition(".")[0]
    made = Certificate(
        scheme=scheme,
        enrolment=row,
        owner_id=row.owner_id,
        facility_id=row.facility_id,
        number=style.numbering.format(year=fiscal_year(on), era=era, number=scheme.last_number),
        holder=holder_of(row),
        facility_name=facility.name if facility else "",
        issued_on=on,
        valid_from=on,
        valid_until=until,
        voided_on=row.ended_on,
        void_reason=row.end_reason if row.ended_on else "",
        replaces=replaces,
    )
    made.save()
    return made


def void(actor: Actor, row: Enrolment, *, on: date, reason: str) -> Certificate | None:
    """Whatever certificate is good today stops being so on ``on``; gives the newest of them."""
    found = list(_good(actor, row))
    for certificate in found:
        certificate.voided_on, certificate.void_reason = on, reason[:200]
        certificate.save()
    return found[0] if found else None


def _good(actor: Actor, row: Enrolment) -> QuerySet[Certificate]:
    """Certificates that are not void, nor void only from a later day on; newest first."""
    rows = Certificate.objects.visible_to(actor).filter(enrolment=row)
    return rows.filter(Q(voided_on=None) | Q(voided_on__gt=clock.today())).order_by("-id")


def new_term(row: Enrolment, period: Period, *, automatic: bool = False) -> None:
    """One more term at the institution where the membership is now."""
    MembershipTerm(
        scheme=row.scheme,
        owner_id=row.owner_id,
        facility_id=row.facility_id,
        enrolment=row,
        from_on=period.from_on,
        until_on=period.until_on,
        automatic=automatic,
    ).save()


def prolong(actor: Actor, row: Enrolment, period: Period, *, automatic: bool) -> None:
    """The next term, and the certificate on the wall stays good through it."""
    new_term(row, period, automatic=automatic)
    for certificate in _good(actor, row):
        certificate.valid_until = period.until_on
        certificate.save()


def move_terms(actor: Actor, row: Enrolment, day: date) -> None:
    """From ``day`` on the term is the new institution's; what was before stays with the old one."""
    last = last_term(actor, row)
    if last is None:
        return
    if last.from_on >= day:
        last.facility_id = row.facility_id
        last.save()
        return
    until = last.until_on
    if until is not None and until < day:
        until = term_from(manifest_of(row.scheme.key).term, day).until_on
    else:
        last.until_on = day - timedelta(days=1)
        last.save()
    new_term(row, Period(day, until))


def list_member(actor: Actor, row: Enrolment, *, since: date | None = None) -> Listing:
    """The row of the public list as the membership stands now. ``since``: it moved, the days before stay with the old row."""
    manifest = manifest_of(row.scheme.key)
    rows = list(Listing.objects.filter(enrolment=row).order_by("-from_on", "-pk"))
    listing = rows[0] if rows else Listing(enrolment=row, from_on=row.joined_on)
    if rows and since is not None and listing.from_on < since:
        listing.until_on = since
        listing.save()
        listing = Listing(enrolment=row, from_on=since)
    elif len(rows) == 1:
        listing.from_on = row.joined_on
    listing.scheme_id, listing.owner_id, listing.facility_id = row.scheme_id, row.owner_id, row.facility_id
    listing.organization_id = row.organization_id
    listing.name = row.seat if manifest.enrols is Enrols.SEAT else row.physician_name
    listing.category = row.category
    listing.until_on = first_day_without(actor, row)
    listing.save()
    return listing


def first_day_without(actor: Actor, row: Enrolment) -> date | None:
    """When the membership is over: its end, or the day after the last term where nothing renews it by itself."""
    if row.ended_on is not None:
        return row.ended_on
    last = last_term(actor, row)
    if last is None or last.until_on is None:
        return None
    goes_on = manifest_of(row.scheme.key).term.renewal is Renewal.AUTOMATIC and not row.objects_to_renewal
    return None if goes_on else last.until_on + timedelta(days=1)


def last_term(actor: Actor, row: Enrolment) -> MembershipTerm | None:
    """The newest term of a membership."""
    terms = MembershipTerm.objects.visible_to(actor).filter(enrolment=row)
    found: MembershipTerm | None = terms.order_by("from_on").last()
    return found
