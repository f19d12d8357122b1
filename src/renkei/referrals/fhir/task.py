"""Task: where the referral stands and whose turn it is. One for each referral, with the same id; PUT moves it.

``businessStatus`` is the state of the workflow table, ``status`` what FHIR knows of it. A PUT that changes either asks for
the move that leads there, by the same action as the button on the page.
"""

from __future__ import annotations

from typing import Any

from renkei.clients.scopes import register_scope
from renkei.fhirkit.bundles import Resource
from renkei.fhirkit.japan import coding, without_empty
from renkei.fhirkit.server.mapping import Mapping, Sort, register
from renkei.fhirkit.server.params import instant, reference, token
from renkei.referrals.fhir import moving, rows, words
from renkei.referrals.fhir.service_request import (
    IDENTIFIER,
    WHOSE,
    coded,
    identifiers_of,
    organization,
    patient_param,
    performer,
    requester,
)
from renkei.referrals.permissions import P

LABEL = "紹介の進み具合"
register_scope("Task", "rs", P.VIEW, label=LABEL)
register_scope("Task", "c", P.VIEW, P.DRAFT, P.FINALISE, P.SEND, label=LABEL)
register_scope(
    "Task",
    "u",
    P.VIEW,
    P.DRAFT,
    P.FINALISE,
    P.SEND,
    P.RECEIVE,
    P.DECIDE,
    P.SCHEDULE,
    P.REPORT_ARRIVAL,
    P.CLOSE,
    label=LABEL,
)


def to_fhir(row: Any) -> Resource:
    """Task of a prepared row of ``rows.referrals``."""
    addressee = performer(row)
    started = row.arrived_at or row.appointment_at
    return without_empty(
        {
            "identifier": identifiers_of(row),
            "status": words.TASK_STATUS[row.state],
            "statusReason": {"text": row.close_reason} if row.close_reason else None,
            "businessStatus": words.state_concept(row.state),
            "intent": "order",
            "priority": words.PRIORITY[row.urgency],
            "code": coding(words.TASK_CODES, "fulfill"),
            "focus": {"reference": f"ServiceRequest/{row.uid}"},
            "for": {"reference": f"Patient/{row.patient_uid}"},
            "executionPeriod": without_empty({"start": started, "end": row.closed_at}),
            "authoredOn": row.created_at,
            "lastModified": row.moved_at,
            "requester": requester(row),
            "owner": addressee[0] if addressee else None,
            "output": [_output(uid, kind) for uid, kind in row.reply_rows],
        }
    )


def _output(uid: object, kind: str) -> Resource:
    return {
        "type": words.reply_concept(kind),
        "valueReference": {"reference": f"Communication/{uid}", "type": "Communication"},
    }


def _focus(row: Any) -> list[str]:
    return [f"ServiceRequest/{row.uid}"]


register(
    Mapping(
        resource_type="Task",
        says=LABEL,
        doc="紹介の動き。ID は ServiceRequest と同じです。PUT で businessStatus(または status)を変えると、画面のボタンと"
        "同じ操作をします。理由は statusReason.text、日時は executionPeriod.start に書きます。POST は focus の下書きを"
        "送信(システムでは医師に確定を依頼)します。",
        reads=P.VIEW,
        rows=rows.referrals,
        own_rows=rows.own_referrals,
        own_sides=("sender_id", "receiver_id"),
        prepare=rows.with_replies,
        to_fhir=to_fhir,
        version=lambda row: str(row.version),
        updated="moved_at",
        params=(
            IDENTIFIER,
            patient_param("patient", WHOSE),
            patient_param("subject", WHOSE),
            reference("focus", "uid", ("ServiceRequest",), points_to=_focus, doc="紹介"),
            coded("status", "state", words.states_by(words.TASK_STATUS), "Task.status のコード"),
            token("business-status", "state", system=words.STATE, doc="状態(業務フローの表)"),
            coded(
                "priority",
                "urgency",
                {c: [u.value] for u, c in words.PRIORITY.items()},
                "routine、urgent、asap",
            ),
            instant("authored-on", "created_at", doc="作成した日時"),
            instant("modified", "moved_at", doc="最後に動いた日時"),
            organization(
                "requester", "sender", lambda row: [f"Organization/{row.sender_uid}"], "紹介元の施設"
            ),
            organization(
                "owner",
                "receiver",
                lambda row: [f"Organization/{row.receiver_uid}"] if row.receiver_uid else [],
                "紹介先の施設",
            ),
        ),
        sorts=(Sort("authored-on", "created_at"), Sort("modified", "moved_at")),
        default_sort="-modified",
        from_fhir=moving.from_fhir,
        create=moving.create,
        update=moving.update,
        elements=moving.ELEMENTS,
    )
)
