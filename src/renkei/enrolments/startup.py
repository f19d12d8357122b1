"""Gives the gate the rule of two sides: the institution that applies and the facility that runs the scheme."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from renkei.directory.types import register_move_rule
from renkei.enrolments import permissions
from renkei.enrolments.models import Application, Enrolment, MembershipTerm, SignedPaper
from renkei.enrolments.queries import refused_move
from renkei.gate.actor import Actor
from renkei.gate.guard import register_model_policy
from renkei.notices.types import NoticeKind, register_kind
from renkei.ui.types import Tone

P = permissions.P


def either_side(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    """One's own institution's rows, and all of the schemes that one's facility runs."""
    if not actor.facility_id:
        return rows.none()
    return rows.filter(Q(facility_id=actor.facility_id) | Q(owner_id=actor.facility_id))


register_move_rule(refused_move)

for _model in (Application, Enrolment, MembershipTerm, SignedPaper):
    register_model_policy(_model, either_side)

for _kind in (
    NoticeKind("enrolment_applied", "制度の申請", "制度への申請が届きました", opens=(str(P.HANDLE),)),
    NoticeKind("enrolment_decided", "申請の結果", "申請について返事があります", opens=(str(P.APPLY),)),
    NoticeKind("enrolment_renewal", "更新の予告", "登録の更新が近づいています", opens=(str(P.APPLY),)),
    NoticeKind(
        "facility_rested", "登録先の休止・再開", "登録先が休止・再開します", Tone.INFO, opens=(str(P.VIEW),)
    ),
    NoticeKind(
        "enrolment_lapsed",
        "登録の条件",
        "登録の条件に合わなくなった医療機関があります",
        Tone.WARNING,
        opens=(str(P.HANDLE),),
    ),
    NoticeKind("enrolment_ended", "登録の終了", "登録が終了しました", Tone.WARNING, opens=(str(P.VIEW),)),
):
    register_kind(_kind)
