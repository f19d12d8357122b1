"""What reaches people on paper or by mail: the code of an invitation, the one-time code of a new password."""

from __future__ import annotations

from renkei.accounts.models import Invitation, Membership
from renkei.directory.queries import facility_by_id
from renkei.gate.context import system
from renkei.kernel import clock
from renkei.kernel.eras import format_both
from renkei.letters import NoticeLetterData, Party, notice_letter
from renkei.notices.outbox import queue_mail


def sender(facility_id: int) -> Party:
    """The facility as the letter's sender."""
    facility = facility_by_id(facility_id)
    if facility is None:
        return Party(facility_name="")
    return Party(
        facility_name=facility.name,
        postal_code=facility.postal_code,
        address=facility.address,
        phone=facility.phone,
        fax=facility.fax,
    )


def invitation_letter(invitation: Invitation, code: str, url: str) -> bytes:
    """The printed invitation (PDF, A4); ``url`` opens it directly."""
    until = clock.jst_date(invitation.expires_at)
    return notice_letter(
        NoticeLetterData(
            number="",
            issued_on=clock.today(),
            title="Renkei ご利用のご案内",
            recipient_name=invitation.name,
            sender=sender(invitation.facility_id),
            body="地域医療連携システム Renkei をご利用いただくためのご案内です。下の番号は一度だけ使えます。ほかの方には見せないでください。",
            credentials=(("招待の番号", code),),
            valid_until=format_both(until),
            steps=(
                "上のアドレスを開きます。QRコードからも開けます。",
                "招待の番号を入力します。",
                "ログインIDとパスワードをご自分で決めます。すでにお持ちの方は、ログインして承諾します。",
            ),
            url=url,
            qr=url,
        )
    )


def password_letter(membership: Membership, code: str, url: str) -> bytes:
    """The printed one-time password (PDF, A4); ``url`` is the log-in page."""
    until = membership.person.code_valid_until
    return notice_letter(
        NoticeLetterData(
            number="",
            issued_on=clock.today(),
            title="パスワード再発行のお知らせ",
            recipient_name=membership.person.name,
            sender=sender(membership.facility_id),
            body="Renkei のパスワードを再発行しました。下の一回限りの番号でログインし、新しいパスワードに変更してください。",
            credentials=(("ログインID", membership.person.login_id), ("一回限りの番号", code)),
            valid_until=format_both(clock.jst_date(until)) if until else "",
            steps=(
                "上のアドレスを開き、ログインIDと一回限りの番号(ハイフンも)を入力します。",
                "続く画面で新しいパスワードを決めます。",
            ),
            url=url,
        )
    )


def mail_invitation(invitation: Invitation, url: str) -> None:
    """Put the link into the outbox of the open transaction; its text is wiped once it is sent."""
    until = format_both(clock.jst_date(invitation.expires_at))
    body = (
        f"{invitation.name} 様\n\n{invitation.facility.name}から、地域医療連携システム Renkei への招待です。\n"
        f"{until}までに、次のアドレスを開いて手続きをしてください。一度だけ使えます。\n\n{url}\n\n"
        "心当たりのない場合は、このメールを破棄してください。\n"
    )
    subject = f"{invitation.facility.name}からの招待(Renkei 地域医療連携)"
    with system("mail of an invitation"):
        queue_mail(
            to=invitation.email, subject=subject, body=body, facility_id=invitation.facility_id, secret=True
        )
