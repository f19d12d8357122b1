"""Handing in: by the institution itself, or by the office from paper or from a list."""

from __future__ import annotations

from collections.abc import Mapping

from renkei.enrolments.actions.running import own
from renkei.enrolments.eligibility import findings
from renkei.enrolments.events import Applied
from renkei.enrolments.models import Application, Enrolment, Scheme, physician_key
from renkei.enrolments.permissions import P
from renkei.enrolments.types import (
    ApplicationDraft,
    ApplicationKind,
    Channel,
    Enrols,
    Manifest,
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
from renkei.kernel.names import check_kana_name
from renkei.kernel.text import clean_note, refuse_gaiji, refuse_longer

ANSWER_LENGTH = 1_000


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
) -> Application:
    """Hand in an application.

    By web an institution speaks for itself and fills every mandatory field (``Invalid`` at the field); from paper and
    lists the office enters what stands there, and review finds what is missing. Raises ``NotPossibleNow`` for a second
    registration of the same physician at the same institution, or while such an application waits.
    """
    manifest = manifest_of(scheme.key)
    _may_speak(actor, scheme, draft, channel)
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
    found = APPLICATION.check(
        "hand_in_again", state=State(application.state), party=party_of(actor, application), facts={}
    )
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


def tidy(manifest: Manifest, draft: ApplicationDraft) -> ApplicationDraft:
    """The draft as it is kept: folded blanks, only the fields of this scheme. Raises ``Invalid`` at the field."""
    name = " ".join(draft.physician_name.replace("\u3000", " ").split())
    refuse_longer(name, 80, "physician_name")
    refuse_gaiji(name, "physician_name")
    kana = check_kana_name(draft.physician_kana) if draft.physician_kana.strip() else ""
    said = dict(draft.answers)
    answers = [
        (f.key, clean_note(said.get(f.key, "").strip(), ANSWER_LENGTH, f.key)) for f in manifest.fields
    ]
    for field in manifest.fields:
        _refuse_unknown_choice(field.key, field.label, field.kind, field.options, said.get(field.key, ""))
    return ApplicationDraft(
        draft.facility_id,
        name,
        kana,
        draft.person_id,
        draft.organization_id,
        clean_note(draft.seat.strip(), 60, "seat"),
        draft.category,
        tuple((key, value) for key, value in answers if value),
    )


def _refuse_unknown_choice(key: str, label: str, kind: str, options: tuple[str, ...], said: str) -> None:
    chosen = said.split("、") if kind == "choices" else [said]
    if kind in ("choice", "choices") and said and not set(chosen) <= set(options):
        raise Invalid("choice_unknown", f"「{label}」は選択肢から選んでください。", key)


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


def _refuse_gaps(manifest: Manifest, draft: ApplicationDraft, scheme: Scheme) -> None:
    for found in findings(manifest, draft, scheme.owner_id, scheme.areas):
        if found.kind == "missing":
            raise Invalid("field_missing", f"「{found.says}」を入力してください。", found.field)


def _refuse_second(
    actor: Actor, scheme: Scheme, draft: ApplicationDraft, kind: str, enrolment: Enrolment | None
) -> None:
    same = {"scheme": scheme, "facility_id": draft.facility_id, "seat": draft.seat}
    members = Enrolment.objects.visible_to(actor).filter(
        **same, ended_on=None, physician_key=physician_key(draft.physician_name)
    )
    if enrolment is not None:
        members = members.exclude(pk=enrolment.pk)
    if kind in (ApplicationKind.JOIN, ApplicationKind.MOVE) and members.exists():
        who = draft.physician_name or "この医療機関"
        raise NotPossibleNow("already_enrolled", f"{who}は、この医療機関ですでに登録されています。")
    waiting = Application.objects.visible_to(actor).filter(
        **same, kind=kind, physician_name=draft.physician_name, state__in=[State.SUBMITTED, State.RETURNED]
    )
    if waiting.exists():
        raise NotPossibleNow("already_applied", "同じ申請が審査を待っています。その申請を確認してください。")


def named_by_physician(manifest: Manifest) -> bool:
    """Whether a member of the scheme is a physician."""
    return manifest.enrols in (Enrols.PHYSICIAN, Enrols.PHYSICIAN_AT_FACILITY)
