"""予約通知: the date of a guest's patient on paper, for a clinic that no mail reaches."""

from __future__ import annotations

from uuid import UUID

from renkei.gate.actor import Actor
from renkei.guests import queries
from renkei.guests.codes import shown
from renkei.kernel import clock, eras
from renkei.kernel.errors import NotPossibleNow
from renkei.letters import NoticeLetterData, Party, notice_letter, pages
from renkei.notices.papers import MadePaper


def make(actor: Actor, uid: UUID) -> MadePaper:
    """One sheet to the clinic as it stands in the directory. Raises ``NotPossibleNow`` while there is no date."""
    row = queries.one(actor, uid)
    referral = row.referral
    if referral is None or referral.appointment_at is None:
        raise NotPossibleNow("no_date", "日程がまだ決まっていません。紹介のページで日程を決めてください。")
    at = referral.appointment_at.astimezone(clock.JST)
    when = f"{eras.format_era(at.date())}({'月火水木金土日'[at.weekday()]}) {at:%H:%M}"
    house, clinic = row.facility, referral.sender
    content = notice_letter(
        NoticeLetterData(
            number=referral.number,
            issued_on=clock.today(),
            title="予約通知",
            recipient_name=row.physician,
            recipient_honorific="先生",
            recipient_organisation=clinic.name,
            recipient_postal_code=clinic.postal_code,
            recipient_address=clinic.address,
            sender=Party(
                facility_name=house.name,
                department=referral.receiver_department,
                postal_code=house.postal_code,
                address=house.address,
                phone=house.phone,
                fax=house.fax,
            ),
            body=(
                f"ご依頼いただいた「{row.kind_label}」の日時が決まりました。患者さんにお伝えください。\n\n"
                f"患者: {row.patient_name} 様({eras.format_era(row.born)}生)\n"
                f"診療科: {referral.receiver_department or '受付でご案内します'}"
            ),
            credentials=(("来院日時", when), ("受付番号", shown(row.code))),
            steps=(
                "当日は、健康保険の資格を確認できるものと紹介状をお持ちください。",
                "ご都合が悪いときは、差出人の電話番号までご連絡ください。",
            ),
        )
    )
    return MadePaper(content, pages(content))
