"""Signed papers of a membership (署名済みの協定書など) are kept beside it."""

from __future__ import annotations

from datetime import date

from renkei.enrolments.models import Enrolment, SignedPaper
from renkei.enrolments.permissions import P
from renkei.files.store import check
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow

MOST_BYTES = 10_000_000
MOST_PAPERS = 20
KINDS = ("application/pdf", "image/jpeg", "image/png")


@action(P.APPLY, says="署名済みの書類を保存", adds=True)
def keep_paper(
    actor: Actor, enrolment: Enrolment, *, name: str, content: bytes, signed_on: date
) -> SignedPaper:
    """Keep a scan with the day of its signature; both sides of the membership read it from then on.

    Raises ``Invalid``: no PDF, JPEG or PNG, too large, signed on a day to come; ``NotPossibleNow`` for the same file twice.
    """
    if signed_on > clock.today():
        raise Invalid("signed_later", "署名日が今日より後です。日付を確認してください。", "signed_on")
    found = check(name, content, most_bytes=MOST_BYTES)
    if found.media_type not in KINDS:
        raise Invalid("paper_kind", "PDF、JPEG、PNGのいずれかで保存してください。", "file")
    there = SignedPaper.objects.visible_to(actor).filter(enrolment=enrolment)
    if there.filter(sha256=found.sha256).exists():
        raise NotPossibleNow("paper_there", "同じ書類がもう保存されています。")
    if there.count() >= MOST_PAPERS:
        raise NotPossibleNow("papers_many", f"1つの登録に保存できる書類は{MOST_PAPERS}件までです。")
    row = SignedPaper(
        scheme_id=enrolment.scheme_id,
        owner_id=enrolment.owner_id,
        facility_id=enrolment.facility_id,
        enrolment=enrolment,
        name=found.name,
        signed_on=signed_on,
        media_type=found.media_type,
        size=len(content),
        sha256=found.sha256,
        content=content,
        kept_by=actor.label[:120],
    )
    row.save()
    say(f"{actor.label}が「{enrolment.scheme.name}」の署名済みの書類を保存しました(署名日 {signed_on})")
    return row
