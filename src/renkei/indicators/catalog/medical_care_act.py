"""Terms of the Medical Care Act (医療法) that 紹介率 and 逆紹介率 share (rules A.3)."""

from __future__ import annotations

from django.db.models import Q

from renkei.indicators.types import Definition, Source, Term

NAME = "medical_care_act"


def ambulance(definition: Definition) -> Q:
    """Brought by an ambulance of a municipality or of a medical institution."""
    return Q(arrival_mode__in=definition.params["ambulance_modes"])


def excluded(definition: Definition) -> Q:
    """救急搬送, 休日・夜間の救急医療事業, and 自院の健診で発見: what the definition takes out of the denominator."""
    found = Q(pk__in=[])
    if definition.params["exclude_ambulance"]:
        found |= ambulance(definition)
    if definition.params["exclude_emergency"]:
        found |= Q(via_emergency_program=True) & (Q(is_holiday=True) | Q(is_night=True))
    if definition.params["exclude_checkup"]:
        found |= Q(checkup_detected=True)
    return found


def first_visits(definition: Definition) -> Q:
    """B: first visits without the excluded ones."""
    return Q(is_first_visit=True) & ~excluded(definition)


def referred_all(definition: Definition) -> Q:
    """First visits with a letter from outside, whether the denominator holds them or not (the literal reading)."""
    outside = ~Q(from_facility_id__in=definition.related) | Q(from_facility=None)
    return Q(is_first_visit=True) & ~Q(referral_doc="none") & outside


def referred_strict(definition: Definition) -> Q:
    """The same without those that the denominator leaves out."""
    return referred_all(definition) & ~excluded(definition)


def referred(definition: Definition) -> Q:
    """A, by the reading that the house has set."""
    literal = definition.params["count_excluded_in_numerator"]
    return referred_all(definition) if literal else referred_strict(definition)


def given_back(definition: Definition) -> Q:
    """C: with consent and a document, to a facility without a special relation."""
    outside = ~Q(to_facility_id__in=definition.related) | Q(to_facility=None)
    return Q(consent=True, document_issued=True) & outside


A = Term(
    "A",
    "紹介患者の数",
    Source.VISITS,
    referred,
    "開設者と直接関係のない他の病院・診療所から紹介状により紹介された初診患者",
)
A_ALL = Term("A1", "紹介患者(除外分を含む)", Source.VISITS, referred_all, in_formula=False)
A_STRICT = Term("A2", "紹介患者(除外分を含まない)", Source.VISITS, referred_strict, in_formula=False)
B = Term(
    "B",
    "初診患者の数",
    Source.VISITS,
    first_visits,
    "救急搬送、休日・夜間の救急医療事業、自院の健診で発見した患者を除く",
)
B_EXCLUDED = Term(
    "X",
    "除外した初診患者",
    Source.VISITS,
    lambda d: Q(is_first_visit=True) & excluded(d),
    "分母から除いた初診患者",
    in_formula=False,
)
C = Term(
    "C",
    "逆紹介患者の数",
    Source.BACK_REFERRALS,
    given_back,
    "患者の同意を得て、診療状況を示す文書を添えて他の病院・診療所へ紹介した患者",
)
