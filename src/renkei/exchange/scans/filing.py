"""A paper becomes a reply on its referral, by its code or by hand; a wrong filing is undone and leaves a disclosure note."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from pathlib import PurePath

from renkei.audit.models import AuditEntry, Outcome
from renkei.circles.queries import periods_now
from renkei.exchange.models import Misfiling, ScanPage, ScanPart, ScanPartState
from renkei.exchange.permissions import P
from renkei.files.checking import PDF, CheckedFile
from renkei.files.pictures import Pages
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.kernel.text import clean_note, shorten
from renkei.referrals.actions.on_paper import file_paper_reply, note_misfiling, take_back_paper_reply
from renkei.referrals.models import Referral
from renkei.referrals.papers.queries import by_key
from renkei.referrals.types import REPLY_LABELS, ReplyKind

BY_CODE = "QRコードで"
BY_HAND = "手作業で"
SEEING = ("referrals.", "exchange.scans.")
"""Pages on which a filed paper can be seen; the trail knows who opened them."""


@action(P.FILE_SCAN, says="紙の返書を登録")
def file_on(actor: Actor, part: ScanPart, *, referral: Referral, kind: str, how: str = BY_HAND) -> ScanPart:
    """File a paper on ``referral`` as a reply of ``kind``. Raises ``NotPossibleNow`` for one that is filed already."""
    if part.state == ScanPartState.FILED:
        raise NotPossibleNow(
            "part_filed", f"この書類は{part.filed_by}がすでに登録しました。一覧を開き直してください。"
        )
    checked = paper_of(actor, part)
    filed = file_paper_reply(
        actor, referral, kind=kind, checked=checked, pages=part.page_count, how=f"{actor.label}が{how}"
    )
    part.state, part.kind, part.referral, part.reply = ScanPartState.FILED, kind, referral, filed.reply
    part.file_uid, part.late, part.by_code = filed.file_uid, filed.late, how == BY_CODE
    part.filed_at, part.filed_by = clock.now(), shorten(actor.label, 120)
    part.changed_at = clock.now()
    part.save()
    _tell_other_half(actor, part, referral)
    label = REPLY_LABELS[ReplyKind(kind)]
    say(f"{actor.label}が{how}紹介 {referral.number} に紙の{label}を登録しました")
    return part


def paper_of(actor: Actor, part: ScanPart) -> CheckedFile:
    """The pages of a paper as PDF, upright. A PDF that is this paper alone and stands upright goes as it came."""
    row = part.file
    pages = ScanPage.objects.visible_to(actor).filter(file=row).order_by("number")
    turns = {page.number: page.turn for page in pages}
    numbers = list(range(part.first_page, part.last_page + 1))
    # A sheet without a code lies as the one before it: it went through the machine in the same stack.
    turn = turns.get(part.first_page, 0)
    if row.media_type == PDF and len(numbers) == row.pages and not turn:
        data = bytes(row.content)
    else:
        data = Pages(row.name, bytes(row.content)).as_pdf(numbers, [turns.get(n, 0) or turn for n in numbers])
    name = f"{PurePath(row.name).stem[:200]}_{part.first_page + 1}-{part.last_page + 1}頁.pdf"
    return CheckedFile(name, PDF, data, hashlib.sha256(data).hexdigest())


@action(P.FILE_SCAN, says="書類を破棄")
def discard(actor: Actor, part: ScanPart, *, reason: str) -> ScanPart:
    """Not for anybody here (advertising, an empty page): off the list, with the reason; the bytes stay."""
    if part.state != ScanPartState.UNMATCHED:
        raise NotPossibleNow("part_not_open", "この書類は未照合ではありません。一覧を開き直してください。")
    why = clean_note(reason, 300, "reason").strip()
    if not why:
        raise Invalid("reason_missing", "破棄する理由を入力してください。", "reason")
    part.state, part.note, part.changed_at = ScanPartState.DISCARDED, why, clock.now()
    part.save()
    say(f"{actor.label}がスキャン「{part.file.name}」の{part.first_page + 1}頁目からを破棄しました")
    return part


@action(P.FILE_SCAN, says="紙の返書の誤登録を取り消し")
def undo(actor: Actor, part: ScanPart, *, reason: str) -> Misfiling:
    """Take a paper off the wrong referral and put it back on the list. Both referrals keep the record (誤登録の記録)."""
    if (
        part.state != ScanPartState.FILED
        or part.referral is None
        or part.reply is None
        or part.filed_at is None
    ):
        raise NotPossibleNow("part_not_filed", "この書類は登録されていません。一覧を開き直してください。")
    why = clean_note(reason, 300, "reason").strip() or "別の患者さんの書類"
    wrong = by_key(actor, part.referral_id or 0)
    could, looked = houses_that_could_see(actor, wrong), people_who_looked(actor, wrong, part.filed_at)
    row = Misfiling.objects.create(
        facility_id=part.facility_id,
        part=part,
        wrong=wrong,
        reason=why,
        filed_at=part.filed_at,
        filed_by=part.filed_by,
        undone_at=clock.now(),
        undone_by=shorten(actor.label, 120),
        could_see=could,
        looked=looked,
    )
    take_back_paper_reply(actor, wrong, reply=part.reply, note=shorten(f"{record_of(row)} 理由: {why}", 500))
    part.proposed = None
    if part.follows and part.follows.referral_id == wrong.pk:
        part.follows = None
    part.state, part.referral, part.reply, part.file_uid = ScanPartState.UNMATCHED, None, None, None
    part.why, part.late, part.by_code = "登録を取り消しました。正しい紹介を選んでください。", False, False
    part.filed_at, part.filed_by, part.changed_at = None, "", clock.now()
    part.save()
    say(f"{actor.label}が紹介 {wrong.number} への紙の返書の登録を取り消しました(誤登録の記録)")
    return row


def record_of(row: Misfiling) -> str:
    """The sentence of the record: for how long, where, who could see it, who did."""
    start, end = row.filed_at.astimezone(clock.JST), row.undone_at.astimezone(clock.JST)
    could = "、".join(row.could_see) or "なし"
    looked = "、".join(row.looked) or "なし"
    return (
        f"{start.month}/{start.day} {start:%H:%M}から{end.month}/{end.day} {end:%H:%M}まで({_long(end - start)})、"
        f"別の患者さんの書類({row.part.page_count}頁)がこの紹介に登録されていました。見られた施設: {could}。この間に紹介を開いた人: {looked}。"
    )


def _long(length: timedelta) -> str:
    minutes = max(1, round(length.total_seconds() / 60))
    if minutes < 60:
        return f"{minutes}分間"
    return f"{minutes // 60}時間{minutes % 60}分間" if minutes < 2_880 else f"{minutes // 1_440}日間"


def houses_that_could_see(actor: Actor, referral: Referral) -> list[str]:
    """The houses of the circle at this moment."""
    rows = periods_now(actor).filter(circle_id=referral.circle_id).select_related("facility")
    return sorted({row.facility.name for row in rows})


def people_who_looked(actor: Actor, referral: Referral, since: datetime) -> list[str]:
    """Who of the own house opened a page on which the paper stood, by the trail."""
    rows = AuditEntry.objects.filter(
        facility_id=actor.facility_id,
        at__gte=since,
        outcome=Outcome.READ,
        patient_ids__contains=[referral.patient_id],
    )
    found = rows.values_list("action", "actor_label")
    return sorted({label for name, label in found if name.startswith(SEEING) and label})


def _tell_other_half(actor: Actor, part: ScanPart, right: Referral) -> None:
    """The record stands on the referral that the paper belongs to as well, as soon as that is known."""
    rows = Misfiling.objects.visible_to(actor).filter(part=part, right=None).select_related("wrong", "part")
    for row in rows:
        if row.wrong_id == right.pk:
            continue
        row.right = right
        row.save()
        start, end = row.filed_at.astimezone(clock.JST), row.undone_at.astimezone(clock.JST)
        seen = "、".join(row.looked) or "なし"
        note = (
            f"この書類は{start.month}/{start.day} {start:%H:%M}から{end.month}/{end.day} {end:%H:%M}まで({_long(end - start)})、"
            f"紹介 {row.wrong.number} に登録されていました。見られた施設: {'、'.join(row.could_see) or 'なし'}。"
            f"この間に開いた人: {seen}。取り消した人: {row.undone_by}。"
        )
        note_misfiling(actor, by_key(actor, right.pk), note=note)
