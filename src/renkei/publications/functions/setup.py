"""Who reads reports, measures and policy documents; the settings and the notice of the function reports."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from renkei.directory.queries import area_in_charge
from renkei.directory.types import Setting, register_setting
from renkei.gate.actor import Actor
from renkei.gate.guard import register_model_policy
from renkei.notices.types import NoticeKind, register_kind
from renkei.publications.functions.types import ReportState
from renkei.publications.models import FunctionReport, GapMeasure, PolicyDocument
from renkei.publications.permissions import P
from renkei.publications.policies.types import PolicyState
from renkei.ui.types import Tone


def _in_charge(actor: Actor) -> Q:
    """Rows of the area that the actor's public body stands for."""
    code = area_in_charge(actor.facility_id)
    return Q(prefecture__in=code) | Q(secondary_area__in=code) | Q(municipality__in=code)


def own_or_in_area(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    """One's own facility's rows, and those of the area that one's public body stands for."""
    if not actor.facility_id:
        return rows.none()
    return rows.filter(Q(facility_id=actor.facility_id) | _in_charge(actor))


def own_or_submitted(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    """The same, but what a facility is still writing is its own."""
    if not actor.facility_id:
        return rows.none()
    told = ~Q(state=ReportState.DRAFT) & _in_charge(actor)
    return rows.filter(Q(facility_id=actor.facility_id) | told)


def own_or_published(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    """Everybody reads what is published; drafts belong to the office that writes them."""
    return rows.filter(Q(facility_id=actor.facility_id or None) | Q(state=PolicyState.PUBLISHED))


FUNCTIONS = "かかりつけ医機能報告"
SETTINGS = (
    Setting(
        "functions.hospital_class",
        FUNCTIONS,
        "病院の位置づけ",
        "(番号)",
        0,
        3,
        "0 該当なし、1 特定機能病院(報告の対象外)、2 地域医療支援病院、3 紹介受診重点医療機関",
    ),
    Setting(
        "functions.gap_percent",
        FUNCTIONS,
        "「少ない」とする割合",
        "%未満",
        1,
        100,
        "地域の報告のうち、その機能を持つ医療機関の割合。行政機関の画面で使います",
    ),
)


def register() -> None:
    """Tell the gate, the settings page and the notices; when the program starts."""
    register_model_policy(FunctionReport, own_or_submitted)
    register_model_policy(GapMeasure, own_or_in_area)
    register_model_policy(PolicyDocument, own_or_published)
    for setting in SETTINGS:
        register_setting(setting)
    register_kind(
        NoticeKind(
            "function_report_decided",
            "かかりつけ医機能の報告",
            "かかりつけ医機能の報告について都道府県から連絡があります",
            Tone.INFO,
            opens=(str(P.REPORT_FUNCTIONS),),
        )
    )
