"""The main flows of the product as a table: who presses what, what is saved then, and what the worker makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from checks import presses
from checks.stage import Stage, Subject

Facts = Mapping[str, str]
"""What it is called → a query that counts it, by the keys of a subject."""


# what stands in the database

EVENT = (
    "FROM events_outboxevent e WHERE e.payload->>'referral_uid' = %(uid)s AND e.name = '{name}' AND {which}"
)
JOB = f"FROM procrastinate_jobs j, events_outboxevent e {EVENT[EVENT.index('WHERE') :]} AND j.args->>'event_uid' = e.uid::text"


def line(action: str) -> str:
    """The line of the trail of an action about a row."""
    return (
        "SELECT count(*) FROM audit_auditentry WHERE outcome = 'done'"
        f" AND action = '{action}' AND subject_id = %(pk)s"
    )


def moved(move: str, state: str, action: str, **more: str) -> Facts:
    """State (empty: it stays), history, trail, outbox and queue after a move."""
    which = {"name": "referrals.ReferralMoved", "which": f"e.payload->>'move' = '{move}'"}
    stands = f"SELECT count(*) FROM referrals_referral WHERE id = %(pk)s AND state = '{state}'"
    return {
        **({"state": stands} if state else {}),
        "move": f"SELECT count(*) FROM referrals_referralmove WHERE referral_id = %(pk)s AND name = '{move}'",
        "line of the trail": line(action),
        "event": f"SELECT count(*) {EVENT.format(**which)}",
        "job": f"SELECT count(*) {JOB.format(**which)}",
        **more,
    }


def notice(kind: str, number: str = "%(number)s") -> str:
    """One line for the other house."""
    return f"SELECT count(*) FROM notices_notice WHERE number = {number} AND kind = '{kind}'"


def hook(kind: str, house: str, uid: str = "%(uid)s") -> str:
    """One delivery for the house's own system."""
    return (
        "SELECT count(*) FROM webhooks_delivery d JOIN directory_facility f ON f.id = d.facility_id"
        f" WHERE d.referral_uid::text = {uid} AND d.kind = '{kind}' AND f.name = '{house}'"
    )


H1, C1 = "みどり中央病院", "青木内科"


def told(kind: str, event: str, **more: str) -> Facts:
    """Notice and deliveries of a move."""
    return {"notice": notice(kind), "to C1": hook(event, C1), "to H1": hook(event, H1), **more}


@dataclass(frozen=True)
class Write:
    """A write in a table, known by what its new row has."""

    deed: str
    table: str
    when: str = "true"


@dataclass(frozen=True)
class Flow:
    """One row of the table.

    ``last`` is the last write of the work, whose answer the program waits for: behind it come a job, lines of the trail
    and COMMIT, which may travel in one message. ``stops_at`` is the action whose line of the trail ends the transaction;
    ``saved`` and ``told`` count nothing before and one after; ``once_more`` is what a press that was saved before is
    answered.
    """

    prepare: Callable[[Stage], Subject]
    last: Write
    stops_at: str
    saved: Facts
    told: Facts = field(default_factory=dict)
    answers: int = 302
    once_more: int = 409
    no_worker: str = ""


DRAFTING, DECIDING = "referrals.actions.drafting", "referrals.actions.deciding"
DATES, REPLYING = "referrals.actions.scheduling", "referrals.actions.replying"
SIGN_AND_SEND = "referrals.actions.handing_over.finalise_and_send"
ACCESS = Write("INSERT", "circles_member", "NEW.reason <> ''")
"""Of the receiver: the sender's own has no reason."""
OF_ORDER = "(SELECT referral_id FROM referrals_ordernumber WHERE value = %(value)s)"
OF_DOCUMENT = "(SELECT referral_id FROM exchange_importeddocument WHERE sha256 = %(sha256)s)"


def _of(found: str, facts: Facts) -> Facts:
    """``facts`` about a referral that the press itself makes."""
    one = {
        "%(pk)s": found,
        "%(uid)s": f"(SELECT uid::text FROM referrals_referral WHERE id = {found})",
        "%(number)s": f"(SELECT number FROM referrals_referral WHERE id = {found})",
    }
    made = {}
    for name, query in facts.items():
        for key, what in one.items():
            query = query.replace(key, what)
        made[name] = query
    return made


def _news(name: str, which: str = "") -> Write:
    return Write("INSERT", "events_outboxevent", f"NEW.name = 'referrals.{name}'{which}")


def _moved_on(move: str) -> Write:
    return _news("ReferralMoved", f" AND NEW.payload->>'move' = '{move}'")


def _replied(kind: str, move: str, state: str) -> Facts:
    which = {"name": "referrals.ReplySent", "which": f"e.payload->>'reply_kind' = '{kind}'"}
    return moved(
        move,
        state,
        f"{REPLYING}.send_reply",
        reply="SELECT count(*) FROM referrals_replyletter WHERE referral_id = %(pk)s AND sent_at IS NOT NULL",
        news=f"SELECT count(*) {EVENT.format(**which)}",
    )


FLOWS: dict[str, Flow] = {
    "write and send": Flow(
        presses.send,
        ACCESS,
        SIGN_AND_SEND,
        moved(
            "send",
            "sent",
            f"{DRAFTING}.send",
            signature="SELECT count(*) FROM referrals_referralletter WHERE referral_id = %(pk)s"
            " AND finalised_at IS NOT NULL",
            timer="SELECT count(*) FROM referrals_deadline WHERE referral_id = %(pk)s",
            access="SELECT count(*) - 1 FROM circles_member m JOIN referrals_referral r ON r.circle_id = m.circle_id"
            " WHERE r.id = %(pk)s",
        ),
        told("referral_received", "referral.sent"),
    ),
    "receive": Flow(
        presses.receive,
        _moved_on("receive"),
        f"{DECIDING}.receive",
        moved("receive", "received", f"{DECIDING}.receive"),
        told("referral_accepted", "referral.received"),
    ),
    "offer a date": Flow(
        presses.offer,
        Write("INSERT", "referrals_dateoffer"),
        f"{DATES}.offer_date",
        moved(
            "offer_date",
            "offered",
            f"{DATES}.offer_date",
            offer="SELECT count(*) FROM referrals_dateoffer WHERE referral_id = %(pk)s",
        ),
        told("date_offered", "date.offered"),
    ),
    "confirm the date": Flow(
        presses.confirm,
        Write("UPDATE", "referrals_dateoffer"),
        f"{DATES}.confirm_date",
        moved("confirm_date", "booked", f"{DATES}.confirm_date"),
        told("date_confirmed", "date.confirmed"),
    ),
    "confirm the visit": Flow(
        presses.arrive,
        _moved_on("arrive"),
        f"{DATES}.arrive",
        moved("arrive", "arrived", f"{DATES}.arrive"),
        told(
            "patient_arrived",
            "patient.arrived",
            counted="SELECT count(*) FROM indicators_visit WHERE referral_id = %(pk)s",
        ),
    ),
    "first reply": Flow(
        presses.reply("first_report"),
        _news("ReplySent"),
        f"{REPLYING}.send_reply",
        _replied("first_report", "reply", ""),
        told("reply_arrived", "reply.sent"),
    ),
    "final reply": Flow(
        presses.reply("final_report"),
        _news("ReplySent"),
        f"{REPLYING}.send_reply",
        _replied("final_report", "finish", "final_reply"),
        told(
            "reply_arrived",
            "reply.sent",
            counted="SELECT count(*) FROM indicators_visit WHERE referral_id = %(pk)s AND final_reply_on IS NOT NULL",
        ),
    ),
    "begin the back-referral": Flow(
        presses.begin_back,
        Write("INSERT", "referrals_referral", "NEW.answers_id IS NOT NULL"),
        f"{REPLYING}.draft_back_referral",
        {
            "draft": "SELECT count(*) FROM referrals_referral WHERE answers_id = %(pk)s AND state = 'draft'",
            "line of the trail": line(f"{REPLYING}.draft_back_referral"),
        },
        once_more=302,
        no_worker="a draft is the house's own: nobody is told, no job is made",
    ),
    "send the back-referral": Flow(
        presses.give_back,
        ACCESS,
        SIGN_AND_SEND,
        moved("send", "sent", f"{DRAFTING}.send"),
        told(
            "back_referral_received",
            "referral.sent",
            counted="SELECT count(*) FROM indicators_backreferral WHERE referral_id = %(pk)s",
        ),
    ),
    "FHIR transaction": Flow(
        presses.by_api,
        ACCESS,
        SIGN_AND_SEND,
        _of(OF_ORDER, moved("send", "sent", f"{DRAFTING}.send")),
        _of(OF_ORDER, told("referral_received", "referral.sent")),
        answers=200,
        once_more=200,
    ),
    "import a document": Flow(
        presses.document,
        Write("INSERT", "exchange_importeddocument"),
        "exchange.actions.import_document",
        _of(
            OF_DOCUMENT,
            moved("take_in", "received", "referrals.actions.taking_in.take_in")
            | {
                "record": "SELECT count(*) FROM exchange_importeddocument WHERE sha256 = %(sha256)s",
                "original": "SELECT count(*) FROM files_storedfile WHERE sha256 = %(sha256)s",
            },
        ),
        _of(OF_DOCUMENT, {"to H1": hook("referral.received", H1)}),
        answers=200,
        once_more=422,
    ),
    "a fax comes in": Flow(
        presses.fax_comes,
        Write("INSERT", "exchange_scanfile"),
        "exchange.scans.taking.take",
        {
            "file": "SELECT count(*) FROM exchange_scanfile WHERE sha256 = %(sha256)s",
            "job": "SELECT count(*) FROM procrastinate_jobs j JOIN exchange_scanfile f ON j.args->>'scan_uid' = f.uid::text"
            " WHERE f.sha256 = %(sha256)s",
        },
        {
            "read": "SELECT count(*) FROM exchange_scanfile WHERE sha256 = %(sha256)s AND state = 'done'",
            "paper": "SELECT count(*) FROM exchange_scanpart WHERE referral_id = %(pk)s AND state = 'filed'",
            "reply": "SELECT count(*) FROM referrals_replyletter WHERE referral_id = %(pk)s",
            "move": "SELECT count(*) FROM referrals_referralmove WHERE referral_id = %(pk)s AND name = 'paper_finish'",
            "state": "SELECT count(*) FROM referrals_referral WHERE id = %(pk)s AND state = 'final_reply'",
        },
        answers=200,
        once_more=200,
    ),
    "import visits": Flow(
        presses.visits,
        Write("INSERT", "indicators_eventimport"),
        "indicators.actions.importing.upload",
        {
            "file": "SELECT least(count(*), 1) FROM indicators_eventimport WHERE sha256 = %(sha256)s",
            "job": "SELECT least(count(*), 1) FROM procrastinate_jobs j JOIN indicators_eventimport i"
            " ON j.args->>'import_uid' = i.uid::text WHERE i.sha256 = %(sha256)s",
        },
        {"visit": "SELECT count(*) FROM indicators_visit WHERE patient_number = %(patient)s"},
        once_more=302,
    ),
    "close a month": Flow(
        presses.close_month,
        Write("INSERT", "indicators_monthlyfigure"),
        "indicators.actions.closing.close_month",
        {
            "closing": "SELECT count(*) FROM indicators_monthclosing WHERE month_on = %(month)s",
            "figures": "SELECT least(count(*), 1) FROM indicators_monthlyfigure WHERE month_on = %(month)s",
        },
        no_worker="the figures are counted inside the press; nothing is queued",
    ),
    "print a paper": Flow(
        presses.print_paper,
        Write("UPDATE", "notices_outgoingpaper", "NEW.printed_at IS NOT NULL"),
        "notices.paper_actions.print_out",
        {
            "sheets": "SELECT count(*) FROM notices_outgoingpaper WHERE id = %(pk)s AND content IS NOT NULL",
            "printed": "SELECT count(*) FROM notices_outgoingpaper WHERE id = %(pk)s AND printed_at IS NOT NULL",
        },
        answers=200,
        once_more=200,
        no_worker="the sheets are set inside the press; nothing is queued",
    ),
    "a fax goes out": Flow(
        presses.fax_goes,
        Write("INSERT", "notices_outgoingmail", "NEW.paper_uid IS NOT NULL"),
        "notices.paper_actions.fax",
        {
            "sheets": "SELECT count(*) FROM notices_outgoingpaper WHERE id = %(pk)s AND way = 'fax'",
            "mail": "SELECT count(*) FROM notices_outgoingmail WHERE paper_uid = %(paper)s",
            "line of the trail": line("notices.paper_actions.fax"),
        },
        {
            "mail": "SELECT count(*) FROM notices_outgoingmail WHERE paper_uid = %(paper)s AND state = 'kept'",
            "paper": "SELECT count(*) FROM notices_outgoingpaper WHERE id = %(pk)s AND state = 'sent'",
        },
    ),
}
"""Web, worker and database take part in every one, but for the rows that say ``no_worker``."""
IN_WORKER = ("exchange.scans.working.finish", "indicators.actions.importing.take_rows")
"""Actions of the worker itself that end a transaction."""
LAST_IN_WORKER = (
    Write("UPDATE", "events_outboxevent", "NEW.delivered_at IS NOT NULL"),
    Write("UPDATE", "notices_outgoingmail", "NEW.paper_uid IS NOT NULL"),
    Write("UPDATE", "exchange_scanfile", "NEW.state = 'done'"),
    Write("UPDATE", "indicators_eventimport"),
)
"""The last writes of its jobs."""
