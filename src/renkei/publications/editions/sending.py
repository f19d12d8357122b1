"""Sending an edition: one copy to each institution in its own way, what became of it, what everybody may see."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from renkei.directory import queries as directory
from renkei.gate.actions import action, refuse
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, NotPossibleNow
from renkei.kernel.text import clean_note, shorten
from renkei.notices.actions import mail_text, notify
from renkei.notices.outbox import queue_mail
from renkei.notices.papers import queue_paper
from renkei.publications import members
from renkei.publications.editions import months
from renkei.publications.editions.making import must_own, name_of, new_month
from renkei.publications.editions.receivers import Receiver, of, receivers
from renkei.publications.models import (
    DeliveryChoice,
    Dispatch,
    Edition,
    EditionState,
    Part,
    PublishedPart,
    Sending,
    Way,
)
from renkei.publications.permissions import P
from renkei.ui.addresses import address

FAX_KIND = "edition"
PUBLIC_PARTS = (Part.OUTPATIENT, Part.NEWSLETTER)


def number_of(edition: Edition) -> str:
    """``2026-06-2``, for papers and mails."""
    return f"{edition.month_on:%Y-%m}-{edition.number}"


@action(P.SEND_EDITION, says="毎月のお届けを発送")
def send(actor: Actor, edition: Edition) -> list[Dispatch]:
    """To every member of today, each institution once; then the next month is made.

    Raises ``NotPossibleNow`` before its day, when it is not ready or was sent before.
    """
    must_own(actor, edition)
    today = clock.today()
    if edition.state != EditionState.READY:
        raise NotPossibleNow(
            "edition_not_ready",
            f"{name_of(edition)}は「{edition.get_state_display()}」のため発送できません。",
        )
    if today < edition.send_on:
        raise NotPossibleNow(
            "before_send_day",
            f"発送日は{edition.send_on.month}月{edition.send_on.day}日です。届け先はその日の登録で決まります。"
            "早めるときは、準備中に戻して発送日を変えてください。",
        )
    found = receivers(actor, edition, today)
    if not found:
        raise NotPossibleNow("no_receivers", "届け先がありません。届け先の制度と登録を確認してください。")
    what = _contents(actor, edition)
    made = [_dispatch(actor, edition, one, "", what) for one in found]
    edition.state, edition.sent_at = EditionState.SENT, clock.now()
    edition.sent_by = shorten(actor.label, 120)
    edition.save()
    _renew_public(actor, edition)
    _next_month(actor, edition)
    say(f"{actor.label}が{name_of(edition)}を{len(made)}施設へ発送しました")
    return made


@action(P.SEND_EDITION, says="毎月のお届けを1施設へ送る", adds=True)
def send_to(actor: Actor, edition: Edition, *, facility_id: int, reason: str = "") -> Dispatch:
    """To one member: who came in later, or once more with the ``reason`` (再送の理由).

    Raises ``Invalid('resend_reason')`` for a second copy without one, ``NotPossibleNow`` for who is no member today and
    for an edition that a correction replaced.
    """
    must_own(actor, edition)
    if edition.state != EditionState.SENT:
        raise NotPossibleNow("edition_not_sent", f"{name_of(edition)}はまだ発送していません。")
    _refuse_replaced(actor, edition)
    if facility_id not in members.members_on(edition.scheme_ids, clock.today()):
        raise NotPossibleNow("no_member", "この医療機関は今、届け先の制度に登録されていません。")
    why = clean_note(reason, 200, "reason").strip()
    (one,) = of(actor, edition.facility_id, [facility_id])
    before = edition.dispatches.visible_to(actor).filter(facility_id=facility_id)
    if before.exists() and not why:
        raise Invalid(
            "resend_reason",
            f"{one.facility.name}へは{name_of(edition)}をもう送っています。もう一度送るときは、再送の理由を入力してください。",
            "reason",
        )
    why = why if before.exists() else ""
    made = _dispatch(actor, edition, one, why, _contents(actor, edition))
    for row in before.filter(state=Sending.BOUNCED, settled_at=None).exclude(pk=made.pk):
        _settle(actor, row, f"再送: {why}")
    say(f"{actor.label}が{name_of(edition)}を{one.facility.name}へ{'再送' if why else '発送'}しました")
    return made


def _refuse_replaced(actor: Actor, edition: Edition) -> None:
    """What a correction replaced neither goes out nor is shown again."""
    newer = edition.replaced_by.visible_to(actor).filter(state=EditionState.SENT).first()
    if newer is not None:
        raise NotPossibleNow(
            "edition_replaced",
            f"{name_of(edition)}は{name_of(newer)}に差し替えられています。訂正版のページから操作してください。",
        )


def _contents(actor: Actor, edition: Edition) -> str:
    """``外来表・当直医表・広報誌``: what is really in it."""
    kinds = set(edition.files.visible_to(actor).values_list("kind", flat=True))
    return "・".join(str(part.label) for part in Part if part in kinds)


def _dispatch(actor: Actor, edition: Edition, one: Receiver, reason: str, what: str) -> Dispatch:
    row = Dispatch(
        edition=edition,
        owner_id=edition.facility_id,
        facility=one.facility,
        way=one.way,
        to=one.to,
        reason=reason,
        created_by=shorten(actor.label, 120),
    )
    if one.trouble:
        row.state, row.trouble, row.bounced_at = Sending.BOUNCED, one.trouble, clock.now()
    row.save()
    if not one.trouble:
        _WAYS[one.way](edition, row, what)
    return row


def _by_post(edition: Edition, row: Dispatch, what: str) -> None:
    """It waits for the label and the envelope; the office says when it was posted."""


def _by_mail(edition: Edition, row: Dispatch, what: str) -> None:
    _tell(edition, row, what)
    url = address("publications:edition_received", edition.uid)
    subject, body = mail_text("edition_arrived", number_of(edition), url)
    row.mail_uid = queue_mail(to=row.to, subject=subject, body=body, facility_id=row.owner_id)
    row.save()


def _by_fax(edition: Edition, row: Dispatch, what: str) -> None:
    queue_paper(
        row.owner_id,
        kind=FAX_KIND,
        subject_uid=row.uid,
        title=f"外来表・当直医表 {name_of(edition)}",
        number=number_of(edition),
        to_facility_id=row.facility_id,
        to_name=row.facility.name,
    )


def _in_app(edition: Edition, row: Dispatch, what: str) -> None:
    _tell(edition, row, what)
    row.state, row.sent_at = Sending.SENT, clock.now()
    row.save()


def _tell(edition: Edition, row: Dispatch, what: str) -> None:
    house = directory.facility_by_id(edition.facility_id)
    notify(
        row.facility_id,
        kind="edition_arrived",
        text=f"{house.name if house else ''}から{name_of(edition)}({what})が届きました",
        url=address("publications:edition_received", edition.uid),
    )


_WAYS = {Way.POST: _by_post, Way.MAIL: _by_mail, Way.FAX: _by_fax, Way.IN_APP: _in_app}


def _next_month(actor: Actor, edition: Edition) -> None:
    month_on = months.later(edition.month_on, 1)
    rows = Edition.objects.visible_to(actor).filter(facility_id=edition.facility_id, month_on__gte=month_on)
    if not rows.exists():
        new_month(actor, edition.facility_id, month_on)


@action(P.SEND_EDITION, says="次の月の号を用意")
def schedule(actor: Actor, *, owner_id: int) -> list[Edition]:
    """What the job of the night calls: months up to the current one, and the next when this one was sent."""
    made: list[Edition] = []
    rows = Edition.objects.visible_to(actor).filter(facility_id=owner_id)
    last = rows.order_by("-month_on", "-number").first()
    this = months.first_of(clock.today())
    while last is not None and (last.month_on < this or last.state == EditionState.SENT):
        last = new_month(actor, owner_id, months.later(last.month_on, 1))
        made.append(last)
    return made


@action(P.SEND_EDITION, says="発送日の知らせ")
def remind(actor: Actor, edition: Edition) -> None:
    """Once on the day of sending, to the office."""
    today = clock.today()
    if edition.reminded_on == today or edition.state == EditionState.SENT:
        return
    edition.reminded_on = today
    edition.save()
    notify(
        edition.facility_id,
        kind="edition_due",
        text=f"{name_of(edition)}の発送日({edition.send_on.month}月{edition.send_on.day}日)です。今の状態は「{edition.get_state_display()}」です",
        url=address("publications:edition", edition.uid),
    )


@action(P.SEND_EDITION, says="投函を記録", adds=True)
def mark_posted(actor: Actor, edition: Edition) -> int:
    """All envelopes of an edition were posted; returns how many."""
    must_own(actor, edition)
    done = 0
    for row in edition.dispatches.visible_to(actor).filter(way=Way.POST, state=Sending.WAITING):
        row.state, row.sent_at = Sending.SENT, clock.now()
        row.save()
        done += 1
    say(f"{actor.label}が{name_of(edition)}の封筒{done}通の投函を記録しました")
    return done


@action(P.SEND_EDITION, says="不達を記録")
def bounce(actor: Actor, dispatch: Dispatch, *, trouble: str) -> Dispatch:
    """It came back; a task for the office. Raises ``Invalid`` without why."""
    must_own(actor, dispatch.edition)
    why = clean_note(trouble, 200, "trouble").strip()
    if not why:
        raise Invalid("trouble_empty", "戻ってきた理由(宛先不明など)を入力してください。", "trouble")
    if dispatch.state == Sending.BOUNCED:
        raise NotPossibleNow("bounced_before", "この不達はもう記録されています。")
    return came_back(dispatch, why)


def came_back(dispatch: Dispatch, why: str) -> Dispatch:
    """Inside an action: the row says why, and the office is told."""
    dispatch.state, dispatch.trouble, dispatch.bounced_at = Sending.BOUNCED, why[:200], clock.now()
    dispatch.save()
    notify(
        dispatch.owner_id,
        kind="edition_bounced",
        text=f"{name_of(dispatch.edition)}が{dispatch.facility.name}へ届きませんでした({why})",
        url=address("publications:edition_tasks"),
    )
    return dispatch


@action(P.SEND_EDITION, says="不達に対応")
def settle(actor: Actor, dispatch: Dispatch, *, note: str) -> Dispatch:
    """The office dealt with it without sending again. Raises ``Invalid`` without what was done."""
    must_own(actor, dispatch.edition)
    what = clean_note(note, 200, "note").strip()
    if not what:
        raise Invalid(
            "note_empty", "どう対応したかを入力してください(例: 住所を確認し次号から送付)。", "note"
        )
    if dispatch.state != Sending.BOUNCED or dispatch.settled_at is not None:
        raise NotPossibleNow("no_bounce", "対応を待っている不達ではありません。一覧を開き直してください。")
    return _settle(actor, dispatch, what)


def _settle(actor: Actor, dispatch: Dispatch, what: str) -> Dispatch:
    dispatch.settled_at, dispatch.settled_note = clock.now(), what[:200]
    dispatch.settled_by = shorten(actor.label, 120)
    dispatch.save()
    return dispatch


@action(P.RECEIVE_EDITION, says="毎月のお届けを開く")
def opened(actor: Actor, dispatch: Dispatch) -> Dispatch:
    """The institution opened it in Renkei; the first time counts."""
    if dispatch.opened_at is None and dispatch.facility_id == actor.facility_id:
        dispatch.opened_at = clock.now()
        dispatch.save()
    return dispatch


@action(P.RECEIVE_EDITION, says="毎月のお届けの届け方を変更")
def choose(actor: Actor, *, owner_id: int, facility_id: int, way: Way, email: str = "") -> DeliveryChoice:
    """How an institution wants it: chosen by itself, or noted by the house. Raises ``Invalid``, ``NotAllowed``."""
    if actor.facility_id not in (owner_id, facility_id):
        refuse(actor, "publications.editions.sending.choose", "毎月のお届けの届け方を変更")
        raise NotAllowed("not_yours", "届け方を変えられるのは、その医療機関と発行する病院だけです。")
    facility = directory.facility_by_id(facility_id)
    if facility is None:
        raise NotFound("facility_not_found", "この医療機関は見つかりません。一覧から選び直してください。")
    if way in (Way.MAIL, Way.IN_APP) and not facility.uses_renkei:
        raise Invalid(
            "no_renkei",
            "当直医表は登録医療機関だけに見せるため、メールとRenkeiでの受け取りにはRenkeiの利用が必要です。",
            "way",
        )
    if way == Way.MAIL and not email:
        raise Invalid("email_empty", "メールで受け取るアドレスを入力してください。", "email")
    rows = DeliveryChoice.objects.visible_to(actor).filter(owner_id=owner_id, facility_id=facility_id)
    row = rows.first() or DeliveryChoice(owner_id=owner_id, facility_id=facility_id)
    row.way, row.email = way, email
    row.changed_at, row.changed_by = clock.now(), shorten(actor.label, 120)
    row.save()
    return row


@action(P.SEND_EDITION, says="外来表・広報誌を公開", adds=True)
def publish(actor: Actor, edition: Edition, *, parts: Iterable[str]) -> list[PublishedPart]:
    """Show parts of a sent edition to everybody; the ones left out are taken down.

    Raises ``Invalid('duty_never_public')`` for the duty table, whoever asks.
    """
    must_own(actor, edition)
    wanted = set(parts)
    if wanted - set(PUBLIC_PARTS):
        refuse(actor, "publications.editions.sending.publish", "当直医表を公開", edition)
        raise Invalid(
            "duty_never_public",
            "当直医表は登録医療機関だけに届けるもので、公開ページには出せません。",
            "parts",
        )
    if edition.state != EditionState.SENT:
        raise NotPossibleNow("edition_not_sent", "公開できるのは発送した号です。")
    _refuse_replaced(actor, edition)
    files = {row.kind: row for row in edition.files.visible_to(actor).filter(kind__in=wanted)}
    known = {
        row.kind: row
        for row in PublishedPart.objects.filter(facility_id=edition.facility_id, month_on=edition.month_on)
    }
    for kind, row in known.items():
        if kind not in wanted:
            row.delete()
    return [_public(edition, file, known.get(kind)) for kind, file in files.items()]


def _renew_public(actor: Actor, edition: Edition) -> None:
    """What was public of the edition that is replaced becomes the corrected one, or goes."""
    if edition.replaces_id is None:
        return
    files = {row.kind: row for row in edition.files.visible_to(actor)}
    for row in PublishedPart.objects.filter(facility_id=edition.facility_id, month_on=edition.month_on):
        if row.kind in files:
            _public(edition, files[row.kind], row)
        else:
            row.delete()


def _public(edition: Edition, file: object, row: PublishedPart | None) -> PublishedPart:
    row = row or PublishedPart(facility_id=edition.facility_id, kind=file.kind, month_on=edition.month_on)  # type: ignore[attr-defined]
    row.edition, row.number, row.tables_on = edition, edition.number, edition.tables_on
    row.content, row.published_at = bytes(file.content), clock.now()  # type: ignore[attr-defined]
    row.save()
    return row


@action(P.SEND_EDITION, says="発送の結果を確認")
def follow(actor: Actor, *, owner_id: int, states: dict[UUID, tuple[str, str]]) -> int:
    """Mails and faxes that went out, or did not: ``states`` is where the outbox and the print queue have them, by dispatch."""
    rows = Dispatch.objects.visible_to(actor).filter(
        owner_id=owner_id, state=Sending.WAITING, uid__in=list(states)
    )
    done = 0
    for row in rows.select_related("edition", "facility"):
        state, error = states[row.uid]
        if state in ("sent", "kept"):
            row.state, row.sent_at = Sending.SENT, clock.now()
            row.save()
            done += 1
        elif state in ("failed", "cancelled"):
            came_back(row, error or "送付を取りやめました")
            done += 1
    return done


def by_post(actor: Actor, edition: Edition, *, only_waiting: bool = False) -> list[Receiver]:
    """Who gets an envelope: of the log once it was sent, before that the members of its day."""
    if edition.state != EditionState.SENT:
        day = max(clock.today(), edition.send_on)
        found = receivers(actor, edition, day)
        return [one for one in found if one.way == Way.POST and not one.trouble]
    rows = edition.dispatches.visible_to(actor).filter(way=Way.POST)
    rows = rows.filter(state=Sending.WAITING) if only_waiting else rows.exclude(state=Sending.BOUNCED)
    keys = set(rows.values_list("facility_id", flat=True))
    sent = of(actor, edition.facility_id, keys)
    return [Receiver(one.facility, Way.POST, one.to) for one in sent]
