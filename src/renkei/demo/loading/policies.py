"""みどりメディカルパートナーズ: its 理念 and two versions of its policy, one of them a draft."""

from __future__ import annotations

from datetime import date

from renkei.demo.loading.places import Places
from renkei.kernel import clock
from renkei.publications.models import PolicyDocument
from renkei.publications.policies.types import PolicyKind, PolicyState

OFFICE = "CO1"
SINCE = date(2019, 4, 1)
WRITER = "法人事務局 友永 彩"
PRINCIPLES = "競争より協調を進め、地域で医療・介護・福祉が完結する街をつくります。"
FIRST = """救急の受入体制を強化します。
がん診療の地域での完結率を高めます。
受入体制を一元化し、断らない地域をつくります。
人材を法人の枠を越えて育成します。"""
SECOND = """救急の受入体制を強化し、夜間の輪番を始めます。
がん診療の地域での完結率を高めます。
受入体制を一元化し、断らない地域をつくります。
一般材料の共同購入を始めます。
人材を法人の枠を越えて育成します。"""


def load_policies(places: Places, using: str) -> dict[str, int]:
    """理念, the policy in force and the draft of its second version; rows per table."""
    office = places.facilities[OFFICE]
    for kind, number, title, text, published in (
        (PolicyKind.PRINCIPLES, 1, "理念", PRINCIPLES, SINCE),
        (PolicyKind.POLICY, 1, "医療連携推進方針", FIRST, SINCE),
        (PolicyKind.POLICY, 2, "医療連携推進方針", SECOND, None),
    ):
        PolicyDocument(
            facility=office,
            kind=kind,
            number=number,
            title=title,
            text=text,
            state=PolicyState.PUBLISHED if published else PolicyState.DRAFT,
            published_on=published,
            written_by=WRITER,
            changed_at=clock.jst(2019, 4, 1, 9) if published else clock.jst(2026, 5, 25, 16),
        ).save(using=using)
    return {"publications_policydocument": 3}
