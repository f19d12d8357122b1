"""What the counter does: ask, show, print, choose, hand on, log. No name without consent."""

from __future__ import annotations

from datetime import date

from django.db import connection

from renkei.directory.models import Facility
from renkei.directory.profiles.queries import suspension
from renkei.directory.profiles.types import back
from renkei.directory.queries import facility_by_id
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow
from renkei.kernel.names import check_person_name
from renkei.kernel.text import clean_note
from renkei.notices.actions import notify
from renkei.patients.models import Patient
from renkei.publications.counter.types import Outcome, Way
from renkei.publications.models import CounterSession
from renkei.publications.permissions import P
from renkei.publications.search.types import Wishes
from renkei.publications.search.wishes import single
from renkei.referrals import actions as referrals
from renkei.referrals.models import Referral

MOST_PICKED = 6
"""More than a person carries home on one sheet."""


@action(P.COUNTER, says="相談を始める")
def start(actor: Actor) -> CounterSession:
    """Somebody stands at the counter."""
    session: CounterSession = CounterSession.objects.create(facility_id=actor.facility_id, staff=actor.label)
    return session


def _open(session: CounterSession) -> None:
    if session.closed_at is not None:
        raise NotPossibleNow(
            "session_closed", "結果を記録した相談です。新しい相談を始めるか、結果を直してください。"
        )


@action(P.COUNTER, says="相談の希望を記録")
def set_need(actor: Actor, session: CounterSession, *, wishes: Wishes, note: str = "") -> CounterSession:
    """What the person looks for."""
    _open(session)
    session.need = wishes.to_json()
    session.need_note = clean_note(note, 300, "note")
    session.save()
    return session


@action(P.COUNTER, says="候補に加える")
def pick(actor: Actor, session: CounterSession, *, facility_id: int, picked: bool = True) -> CounterSession:
    """Onto the shortlist or off it. Raises ``Invalid`` for what cannot be looked for, and over ``MOST_PICKED``;
    ``NotPossibleNow`` for who is suspended (休止中)."""
    _open(session)
    others = [key for key in session.shortlist if key != facility_id]
    if picked:
        if len(others) >= MOST_PICKED:
            raise Invalid("too_many_picked", f"候補は{MOST_PICKED}件までです。どれかを外してください。")
        if not _is_entry(facility_id):
            raise Invalid("not_in_search", "この施設は検索の対象ではありません。一覧から選んでください。")
        _refuse_suspended(facility_id)
        others.append(facility_id)
    elif session.chosen_id == facility_id:
        session.chosen, session.way = None, ""
    session.shortlist = others
    session.save()
    return session


def _is_entry(facility_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM publications_searchentry WHERE facility_id = %s", [facility_id])
        return cursor.fetchone() is not None


def _refuse_suspended(facility_id: int) -> None:
    """Nobody is sent to a house that rests."""
    if away := suspension(facility_id):
        raise NotPossibleNow(
            "facility_suspended",
            f"この医療機関は休止中です({back(away.until_on)})。ほかの医療機関を選んでください。",
        )


@action(P.COUNTER, says="選んだ先を記録")
def choose(actor: Actor, session: CounterSession, *, facility_id: int) -> CounterSession:
    """What the person chose, of the shortlist. Raises ``NotPossibleNow`` for who is closed for good or suspended."""
    _open(session)
    if facility_id not in session.shortlist:
        raise Invalid("not_picked", "選べるのは候補に入れた医療機関だけです。先に候補に加えてください。")
    chosen = facility_by_id(facility_id)
    if chosen is None or not chosen.is_open():
        raise NotPossibleNow("facility_closed", "閉院した医療機関は選べません。候補から外してください。")
    _refuse_suspended(facility_id)
    session.chosen = chosen
    session.save()
    return session


@action(P.COUNTER, says="配布資料を印刷", adds=True)
def note_printed(actor: Actor, session: CounterSession) -> CounterSession:
    """The handout goes into somebody's hand. Raises ``Invalid`` for an empty shortlist.

    It opens in a tab of its own: the version stays, so that the page behind it is not taken for an old one.
    """
    if not session.shortlist:
        raise Invalid("nothing_picked", "印刷する医療機関がありません。一覧から候補に加えてください。")
    session.printed_at = clock.now()
    CounterSession.objects.visible_to(actor).filter(pk=session.pk).update(printed_at=session.printed_at)
    return session


@action(P.COUNTER, says="相談者の氏名を記録")
def set_person(
    actor: Actor, session: CounterSession, *, consent: bool = False, name: str = ""
) -> CounterSession:
    """The name, if the person agrees that it is kept. Taking the consent back blanks it.

    Raises ``Invalid`` for a name without consent and for a consent without a name.
    """
    if name.strip() and not consent:
        raise Invalid(
            "name_without_consent",
            "同意を確認していない方の氏名は記録できません。同意の欄に印を付けるか、氏名を空にしてください。",
            "consent",
        )
    session.consent = consent
    session.patient_name = check_person_name(name, "name") if consent else ""
    if not consent:
        session.referral = None
    session.save()
    say("相談者の氏名を同意のうえ記録" if consent else "氏名を記録しない相談にする")
    return session


@action(P.COUNTER, says="ご案内の方法を記録")
def set_way(
    actor: Actor, session: CounterSession, *, way: str, note: str = "", message: str = ""
) -> CounterSession:
    """Guided only, or a first appointment asked for: by phone (``note``: with whom, and when) or by ``message``.

    The message reaches the chosen one as a notice, or by post where it does not use Renkei; it bears no name, for the
    consent is to keep the name here. Raises ``Invalid`` for a message of somebody who is guided only.
    """
    _open(session)
    chosen = Way(way)
    said = clean_note(message, 150, "message")
    if said and chosen is not Way.APPOINTMENT:
        raise Invalid(
            "message_without_request", "伝言は「初診の予約を依頼」を選んだときに送れます。", "message"
        )
    text = clean_note(
        "\n".join(part for part in (note.strip(), said and f"伝言: {said}") if part), 300, "note"
    )
    if chosen is Way.REFERRAL:
        raise Invalid("referral_by_draft", "逆紹介は、患者を選んで下書きを作成してください。", "way")
    if chosen is Way.APPOINTMENT:
        _need_chosen(session)
        if not text:
            raise Invalid("note_missing", "依頼の内容(連絡した相手・希望の日時)を入力してください。", "note")
    session.way, session.way_note = chosen, text
    session.save()
    if said:
        _ask_for_appointment(actor, session, said)
    return session


def _ask_for_appointment(actor: Actor, session: CounterSession, message: str) -> None:
    clinic = _need_chosen(session)
    wanted = "・".join(wish.label for wish in single(Wishes.from_json(session.need))) or "指定なし"
    notify(
        clinic.pk,
        kind="counter_request",
        text=f"{actor.facility_label}のカウンターから初診のご相談です(ご希望: {wanted})。{message}",
        from_facility_id=session.facility_id,
        on_paper=not clinic.uses_renkei,
    )
    say("初診の依頼を医療機関に伝言")


def _need_chosen(session: CounterSession) -> Facility:
    if session.chosen is None:
        raise NotPossibleNow("nothing_chosen", "先に、ご本人が選んだ医療機関を記録してください。")
    return session.chosen


@action(P.COUNTER, says="相談から逆紹介状の下書きを作成")
def draft_referral(actor: Actor, session: CounterSession, *, patient: Patient) -> Referral:
    """A back-referral (逆紹介) of one's own patient to the chosen one; the log names it only with consent.

    Raises what ``referrals.actions.draft`` raises: another house's patient, no permission to write letters.
    """
    _open(session)
    _need_chosen(session)
    draft = referrals.draft(actor, patient, kind="back_referral")
    draft = referrals.write(actor, draft, receiver=session.chosen)
    session.way = Way.REFERRAL
    session.referral = draft if session.consent else None
    session.save()
    return draft


@action(P.COUNTER, says="相談の結果を記録")
def finish(
    actor: Actor, session: CounterSession, *, outcome: str, visited_on: date | None = None, note: str = ""
) -> CounterSession:
    """What came of it; it may be mended later. Raises ``Invalid``: a visit needs its day, and one that is not to come."""
    found = Outcome(outcome)
    if found is Outcome.VISITED and (visited_on is None or visited_on > clock.today()):
        raise Invalid("visit_day", "受診した日を、今日までの日付で入力してください。", "visited_on")
    if found is Outcome.VISITED and session.chosen_id is None:
        raise NotPossibleNow("nothing_chosen", "受診した医療機関を、先に「選んだ先」として記録してください。")
    session.outcome = found
    session.visited_on = visited_on if found is Outcome.VISITED else None
    session.outcome_note = clean_note(note, 300, "note")
    session.closed_at = clock.now()
    session.save()
    return session
