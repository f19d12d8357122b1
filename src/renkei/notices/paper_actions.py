"""The desk sends papers: by fax through the gateway, by its own machine, by post. A number is never typed: it is the directory's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.kernel.text import clean_note, shorten
from renkei.notices.faxing import PLACE, digits, gateway_of, sealed
from renkei.notices.models import FaxGateway, OutgoingPaper, PaperState
from renkei.notices.outbox import queue_mail
from renkei.notices.papers import paper_kind, printer
from renkei.notices.permissions import P
from renkei.notices.types import address_of

OPEN = (PaperState.WAITING, PaperState.FAILED)
LEAST_DIGITS = 9


def number_of(paper: OutgoingPaper) -> str:
    """The fax number that the directory has now; '' for none."""
    found = address_of(paper.to_facility_id) if paper.to_facility_id else None
    return found.fax if found else ""


@action(P.PAPERS, says="FAXを送信")
def fax(actor: Actor, paper: OutgoingPaper, *, number: str) -> OutgoingPaper:
    """Send by the gateway, or once more after a failure. ``number`` is what the person saw beside the facility's name.

    Raises ``NotPossibleNow`` without a gateway, without a number, or when the directory has another number by now.
    """
    _still_open(paper)
    gateway = gateway_of(actor, actor.facility_id)
    if gateway is None:
        raise NotPossibleNow(
            "no_fax_gateway",
            "FAXサービスが設定されていません。印刷してFAXで送り、「送信済にする」を押してください。",
        )
    known = number_of(paper)
    if len(digits(known)) < LEAST_DIGITS:
        raise NotPossibleNow(
            "no_fax_number",
            f"{paper.to_name}のFAX番号が登録されていません。連携医療機関の一覧で確認してください。",
        )
    if digits(known) != digits(number):
        raise NotPossibleNow(
            "fax_number_changed",
            f"{paper.to_name}のFAX番号が {known} に変わっています。番号を確かめて、もう一度送信してください。",
        )
    _make(actor, paper)
    paper.state, paper.way, paper.fax_number = PaperState.SENDING, "fax", known
    paper.error, paper.attempts = "", 0
    paper.sent_by = shorten(actor.label, 120)
    paper.save()
    queue_mail(
        to=gateway.address_for(known),
        subject=f"FAX {paper.number}".strip(),
        body="",
        facility_id=actor.facility_id,
        paper_uid=paper.uid,
    )
    say(f"{actor.label}が「{paper.title}」を{paper.to_name}(FAX {known})へ送信しました")
    return paper


@action(P.PAPERS, says="紙の送付書類を印刷")
def print_out(actor: Actor, paper: OutgoingPaper) -> bytes:
    """The sheets as PDF; what went out once is never made anew."""
    refuse_cancelled([paper])
    _make(actor, paper)
    paper.printed_at = paper.printed_at or clock.now()
    paper.save()
    say(f"{actor.label}が「{paper.title}」を印刷しました")
    return bytes(paper.content or b"")


@action(P.PAPERS, says="紙の送付書類を作成")
def prepare(actor: Actor, paper: OutgoingPaper) -> None:
    """The sheets are set and kept; whether they were printed is told by ``print_out``."""
    refuse_cancelled([paper])
    if not paper.content:
        _make(actor, paper)
        paper.save()


@action(P.PAPERS, says="紙の送付書類のまとめて印刷を依頼")
def print_together(actor: Actor, papers: Sequence[OutgoingPaper]) -> UUID:
    """Have one file made of many papers; the uid of the print. The work is the worker's, each paper is on record when it is done.

    Raises ``NotPossibleNow`` when one of them was cancelled, ``NotFound`` for a kind that cannot be made any more.
    """
    refuse_cancelled(papers)
    for paper in papers:
        paper_kind(paper.kind)
    say(f"{actor.label}が紙の送付書類{len(papers)}件のまとめて印刷を依頼しました")
    return printer().ask(actor, papers)


def refuse_cancelled(papers: Iterable[OutgoingPaper]) -> None:
    """Raises ``NotPossibleNow`` when one of ``papers`` is not to be sent any more."""
    if any(paper.state == PaperState.CANCELLED for paper in papers):
        raise NotPossibleNow("paper_cancelled", "この書類は取りやめになっています。")


@action(P.PAPERS, says="紙の書類を送信済に")
def mark_sent(actor: Actor, paper: OutgoingPaper) -> OutgoingPaper:
    """Sent by hand: by the fax machine of the desk, by post, with the patient."""
    _still_open(paper)
    _make(actor, paper)
    paper.state, paper.way, paper.error = PaperState.SENT, "hand", ""
    paper.sent_at, paper.sent_by = clock.now(), shorten(actor.label, 120)
    paper.save()
    say(f"{actor.label}が「{paper.title}」を送信済にしました")
    return paper


@action(P.PAPERS, says="紙の送付を取りやめ")
def cancel(actor: Actor, paper: OutgoingPaper) -> OutgoingPaper:
    """Nothing is to be sent."""
    _still_open(paper)
    paper.state = PaperState.CANCELLED
    paper.save()
    say(f"{actor.label}が「{paper.title}」の送付を取りやめました")
    return paper


def _still_open(paper: OutgoingPaper) -> None:
    if paper.state not in OPEN:
        label = PaperState(paper.state).label
        raise NotPossibleNow(
            "paper_not_open", f"この書類は「{label}」です。一覧を開き直して今の状態を確認してください。"
        )


def _make(actor: Actor, paper: OutgoingPaper) -> None:
    if not paper.content:
        made = paper_kind(paper.kind).make(actor, paper.subject_uid)
        paper.content, paper.pages = made.content, made.pages


@action(P.FAX_SETTINGS, says="FAXサービスを設定")
def set_gateway(actor: Actor, *, address: str, password: str | None, from_address: str = "") -> FaxGateway:
    """The house's own gateway; an empty ``address`` takes it away, ``password`` None keeps the one that is set."""
    pattern = clean_note(address, 200, "address").strip()
    if pattern:
        _check_pattern(pattern)
    row = FaxGateway.objects.visible_to(actor).filter(facility_id=actor.facility_id).first() or FaxGateway(
        facility_id=actor.facility_id
    )
    row.address, row.from_address = pattern, from_address
    if password is not None:
        row.password = sealed(password)
    row.changed_at, row.changed_by = clock.now(), shorten(actor.label, 120)
    row.save()
    return row


def _check_pattern(pattern: str) -> None:
    problem = f"「{PLACE}@サービスのアドレス」の形で入力してください(例: {PLACE}@fax.example.jp)。"
    if PLACE not in pattern:
        raise Invalid("fax_address", problem, "address")
    try:
        validate_email(pattern.replace(PLACE, "0463000002"))
    except ValidationError as error:
        raise Invalid("fax_address", problem, "address") from error
