"""Handing in: by the institution itself, or by the office from paper or from a list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db.models import Q

from renkei.directory.corporations.queries import owner_on
from renkei.enrolments.actions.answering import tidy
from renkei.enrolments.actions.issuing import last_term
from renkei.enrolments.actions.representing import refuse_other_signature, refuse_unless_representative
from renkei.enrolments.actions.running import own
from renkei.enrolments.conditions.eligibility import findings
from renkei.enrolments.events import Applied
from renkei.enrolments.models import Application, Enrolment, Scheme, physician_key
from renkei.enrolments.permissions import P
from renkei.enrolments.types import (
    ApplicationDraft,
    ApplicationKind,
    Channel,
    Enrols,
    Manifest,
    Renewal,
    State,
    manifest_of,
)
from renkei.enrolments.workflow import APPLICATION
from renkei.events.bus import emit
from renkei.gate.actions import action, refuse
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from renkei.kernel.text import clean_note

K = ApplicationKind
NEEDS_MEMBER = frozenset({K.CHANGE, K.REISSUE, K.RENEW})
BY_REPRESENTATIVE = frozenset({K.CHANGE, K.MOVE})


@action(P.APPLY, says="制度に申請")
def apply(
    actor: Actor,
    *,
    scheme: Scheme,
    draft: ApplicationDraft,
    kind: str = ApplicationKind.JOIN,
    channel: str = Channel.WEB,
    enrolment: Enrolment | None = None,
    reason: str = "",
    signed_by: str = "",
    records_representative: bool = False,
) -> Application:
    """Hand in an application. By web an institution speaks for itself and fills every mandatory field (``Invalid``); from paper and lists the office enters what stands there. A change and a move are the representative's (代表者; 403),
    or bear that signature (``signed_by``; ``records_representative``: see ``withdraw_on_paper``). Raises
    ``NotPossibleNow`` for a second registration, or while such an application waits.
    """
    manifest = manifest_of(scheme.key)
    _may_speak(actor, scheme, draft, channel)
    _refuse_other_member(actor, scheme, draft, kind, enrolment)
    if kind in BY_REPRESENTATIVE and manifest.change == "representative":
        reason += _says(actor, scheme, draft.facility_id, channel, (signed_by, records_representative))
    draft = tidy(manifest, draft)
    if channel == Channel.WEB:
        _refuse_gaps(manifest, draft, scheme)
    _refuse_second(actor, scheme, draft, kind, enrolment)
    row = Application(
        scheme=scheme,
        owner_id=scheme.owner_id,
        kind=kind,
        channel=channel,
        enrolment=enrolment,
        reason=clean_note(reason.strip(), 300, "reason"),
        submitted_by=actor.label[:120],
        **columns(draft),
    )
    row.save()
    emit(Applied(row.pk, row.owner_id, row.facility_id))
    say(f"{actor.label}が「{scheme.name}」に申請しました({row.get_kind_display()})")
    return row


@action(P.APPLY, says="申請を出し直す")
def hand_in_again(actor: Actor, application: Application, *, draft: ApplicationDraft) -> Application:
    """Complete what came back."""
    manifest = manifest_of(application.scheme.key)
    party = party_of(actor, application)
    found = APPLICATION.check("hand_in_again", state=State(application.state), party=party, facts={})
    if party == "applicant":
        _refuse_other_corporation(actor, manifest, draft)
        if application.kind in BY_REPRESENTATIVE and manifest.change == "representative":
            facility_id = application.facility_id
            refuse_unless_representative(actor, facility_id, "hand_in_again", "申請を出し直す", application)
    draft = tidy(manifest, draft)
    if draft.facility_id != application.facility_id:
        raise Invalid(
            "other_facility", "申請した医療機関は変えられません。取り下げて出し直してください。", "facility"
        )
    _refuse_gaps(manifest, draft, application.scheme)
    for name, value in columns(draft).items():
        setattr(application, name, value)
    application.state, application.answer = str(found.target), ""
    application.submitted_at, application.submitted_by = clock.now(), actor.label[:120]
    application.save()
    emit(Applied(application.pk, application.owner_id, application.facility_id))
    return application


@action(P.APPLY, says="申請を取り下げ")
def cancel(actor: Actor, application: Application) -> Application:
    """Take it back before it is decided."""
    found = APPLICATION.check(
        "cancel", state=State(application.state), party=party_of(actor, application), facts={}
    )
    application.state = str(found.target)
    application.decided_at, application.decided_by = clock.now(), actor.label[:120]
    application.save()
    return application


def party_of(actor: Actor, application: Application) -> str:
    """``office`` for whoever runs the scheme, ``applicant`` for the institution."""
    return "office" if actor.facility_id == application.owner_id else "applicant"


def draft_of(row: Application | Enrolment) -> ApplicationDraft:
    """What a row says, as it was handed in."""
    return ApplicationDraft(
        row.facility_id,
        row.physician_name,
        row.physician_kana,
        row.person_id or 0,
        row.organization_id or 0,
        row.seat,
        row.category,
        tuple((str(key), str(value)) for key, value in row.answers.items()),
    )


def columns(draft: ApplicationDraft) -> Mapping[str, object]:
    """The columns of who is enrolled."""
    return {
        "facility_id": draft.facility_id,
        "physician_name": draft.physician_name,
        "physician_kana": draft.physician_kana,
        "person_id": draft.person_id or None,
        "organization_id": draft.organization_id or None,
        "seat": draft.seat,
        "category": draft.category,
        "answers": dict(draft.answers),
    }


def _may_speak(actor: Actor, scheme: Scheme, draft: ApplicationDraft, channel: str) -> None:
    today = clock.today()
    if scheme.from_on > today or (scheme.ended_on is not None and scheme.ended_on <= today):
        raise NotPossibleNow("scheme_closed", "この制度は、いま申請を受け付けていません。")
    if channel != Channel.WEB:
        own(actor, scheme, "apply", "用紙の申請を登録")
        return
    if not scheme.takes_applications:
        raise NotPossibleNow(
            "paper_only", "この制度はWeb申請を受け付けていません。運営する施設に問い合わせてください。"
        )
    if draft.facility_id != actor.facility_id:
        refuse(actor, "enrolments.actions.apply", "ほかの施設の名で申請")
        raise NotAllowed("other_facility", "自分の施設の名でだけ申請できます。")
    _refuse_other_corporation(actor, manifest_of(scheme.key), draft)


def _says(actor: Actor, scheme: Scheme, facility_id: int, channel: str, signed: tuple[str, bool]) -> str:
    """What is noted of who said it: by web it is the representative's own log-in, on paper the signature."""
    if channel == Channel.WEB:
        refuse_unless_representative(actor, facility_id, "apply", "登録内容の変更を申請", scheme)
        return ""
    name, stated = refuse_other_signature(facility_id, signed[0], records=signed[1])
    return f"(用紙・代表者 {name}{'、この用紙で確認して記録' if stated else ''})"


def _refuse_other_corporation(actor: Actor, manifest: Manifest, draft: ApplicationDraft) -> None:
    """An institution speaks for the corporation that runs it, and for no other (S12)."""
    if manifest.enrols is not Enrols.CORPORATION or not draft.organization_id:
        return
    mine = owner_on(draft.facility_id)
    if mine is None or mine.pk != draft.organization_id:
        refuse(actor, "enrolments.actions.apply", "ほかの法人の名で申請")
        raise NotAllowed("other_corporation", "自分の施設を運営する法人の名でだけ申請できます。")


def _refuse_other_member(
    actor: Actor, scheme: Scheme, draft: ApplicationDraft, kind: str, enrolment: Enrolment | None
) -> None:
    """What changes a membership names one of this scheme, and outside a move one of this institution, that still goes on."""
    if enrolment is None:
        if kind in NEEDS_MEMBER:
            raise Invalid("member_missing", "どの登録についての申請かを、登録のページから選んでください。")
        return
    here = kind == K.MOVE or enrolment.facility_id == draft.facility_id
    if kind == K.JOIN or enrolment.scheme_id != scheme.pk or not here:
        raise Invalid(
            "member_other", "この制度の、この医療機関の登録ではありません。登録のページから申請してください。"
        )
    if not enrolment.active_on(clock.today()):
        raise NotPossibleNow("not_a_member", "登録が終了しています。新しく申請してください。")
    if kind == K.RENEW:
        _refuse_early(actor, manifest_of(scheme.key), enrolment)


def _refuse_early(actor: Actor, manifest: Manifest, enrolment: Enrolment) -> None:
    """Only where a term ends without an application, and not before institutions are told of it."""
    last = last_term(actor, enrolment)
    if manifest.term.renewal is not Renewal.APPLICATION or last is None or last.until_on is None:
        raise NotPossibleNow("no_renewal", "この制度に更新の申請はありません。")
    first = last.until_on - timedelta(days=manifest.term.notice_days)
    if clock.today() < first:
        raise NotPossibleNow(
            "renewal_early", f"更新の申請は{first.year}年{first.month}月{first.day}日から受け付けます。"
        )


def _refuse_gaps(manifest: Manifest, draft: ApplicationDraft, scheme: Scheme) -> None:
    for found in findings(manifest, draft, scheme.owner_id, scheme.areas):
        if found.kind == "missing":
            raise Invalid("field_missing", f"「{found.says}」を入力してください。", found.field)


def _refuse_second(
    actor: Actor, scheme: Scheme, draft: ApplicationDraft, kind: str, enrolment: Enrolment | None
) -> None:
    if kind in (K.JOIN, K.MOVE, K.CHANGE):
        refuse_registered(actor, scheme, draft, beside=enrolment)
    same = {"scheme": scheme, "facility_id": draft.facility_id, "seat": draft.seat, "kind": kind}
    rows = Application.objects.visible_to(actor).filter(**same, state__in=[State.SUBMITTED, State.RETURNED])
    other = rows.exclude(physician_name=draft.physician_name).first() if draft.seat else None
    if other is not None:
        who = other.physician_name or other.facility.name
        raise NotPossibleNow(
            "seat_asked",
            f"席「{draft.seat}」は、この医療機関から{who}が申請しています。その申請を確認してください。",
        )
    if rows.filter(physician_name=draft.physician_name).exists():
        raise NotPossibleNow("already_applied", "同じ申請が審査を待っています。その申請を確認してください。")


def refuse_registered(
    actor: Actor, scheme: Scheme, draft: ApplicationDraft, *, beside: Enrolment | None = None
) -> None:
    """Raise ``NotPossibleNow`` when the same member goes on in the scheme, also until an end that is told already.

    A corporation is a member once, through whichever of its facilities; everybody else once at an institution, where a
    seat (席) is held by one person.
    """
    rows = Enrolment.objects.visible_to(actor).filter(scheme=scheme)
    rows = rows.filter(Q(ended_on=None) | Q(ended_on__gt=clock.today()))
    if manifest_of(scheme.key).enrols is Enrols.CORPORATION:
        rows = rows.filter(organization_id=draft.organization_id)
    else:
        rows = rows.filter(facility_id=draft.facility_id, seat=draft.seat)
        if not draft.seat:
            rows = rows.filter(physician_key=physician_key(draft.physician_name))
    found = (rows.exclude(pk=beside.pk) if beside is not None else rows).first()
    if found is None:
        return
    if found.seat and found.physician_name and found.physician_name != draft.physician_name:
        raise NotPossibleNow("seat_held", f"席「{found.seat}」には{found.physician_name}が就いています。")
    who = draft.physician_name or found.seat or ("この法人" if draft.organization_id else "この医療機関")
    until = f"({found.ended_on}に終わります)" if found.ended_on else ""
    raise NotPossibleNow("already_enrolled", f"{who}は、この医療機関ですでに登録されています{until}。")
