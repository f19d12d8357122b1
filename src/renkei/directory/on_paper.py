"""Houses that are met in letters and on the telephone, and reached on paper; a public face of ``actions``."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection

from renkei.directory.events import ProfileChanged
from renkei.directory.models import Facility, Post
from renkei.directory.queries import facility_by_number, readable_number, representative
from renkei.directory.types import FacilityKind
from renkei.events.bus import emit
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.kernel.identifiers import phone, postal_code
from renkei.kernel.text import shorten


def facility_on_paper(
    name: str, *, number: str = "", postal: str = "", address: str = "", telephone: str = "", fax: str = ""
) -> Facility:
    """The house that a letter or a caller names: the directory's row, or a new one that is reached on paper only.

    Call inside an action, in whose trail a new row stands. Known is who has the institution number; without a number that
    can be right, a house on paper of that very name. What does not read as telephone or postal code is left out.
    """
    code = readable_number(number)
    called = shorten(name, 120)
    if found := _on_paper(code, called):
        return found
    with connection.cursor() as cursor:
        # Two letters of a new house in the same instant make one row.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"sender:{code or called}"])
    if found := _on_paper(code, called):
        return found
    facility = Facility(
        kind=_kind_on_paper(called, code),
        name=called,
        institution_number=code or None,
        postal_code=_readable(lambda: postal_code(postal)),
        address=shorten(address, 200) if address else "",
        phone=_readable(lambda: phone(telephone).display[:20]),
        fax=_readable(lambda: phone(fax).display[:20]),
        uses_renkei=False,
    )
    facility.save()
    emit(ProfileChanged(facility.pk))
    return facility


def representative_on_paper(facility_id: int, holder: str) -> Post:
    """Who signed as the representative (代表者) of a house of which none is recorded; call inside an action, which says so.

    Nobody is tied to the post, so it opens nothing to any log-in; the house changes it on its page. Raises
    ``NotPossibleNow`` where one is recorded: then the house itself says who comes after.
    """
    called = shorten(holder, 80)
    if representative(facility_id) is not None:
        raise NotPossibleNow("representative_known", "代表者はもう記録されています。画面を更新してください。")
    facility = Facility.objects.get(pk=facility_id)
    post = Post(facility=facility, title="代表者", holder=called, representative=True, from_on=clock.today())
    post.save()
    return post


def _on_paper(number: str, name: str) -> Facility | None:
    if number:
        return facility_by_number(number)
    return Facility.objects.filter(name=name, institution_number=None, uses_renkei=False).first()


def _kind_on_paper(name: str, number: str) -> str:
    """JP Core writes 2 for the dental fee table, claims write 3."""
    if "歯科" in name or number[2:3] in ("2", "3"):
        return FacilityKind.DENTAL
    return FacilityKind.HOSPITAL if "病院" in name or "医療センター" in name else FacilityKind.CLINIC


def _readable(read: Callable[[], str]) -> str:
    try:
        return read()
    except Invalid:
        return ""
