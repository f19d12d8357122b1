"""How a referral went on: the usual story, the unusual ones, and the lanes of H1's first morning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from renkei.demo.letters import Case, month_day, reply_text
from renkei.demo.scenarios import Scenario
from renkei.demo.timeline import DEMO_START, Timeline, clinic_slot, in_days, office
from renkei.kernel.clock import jst
from renkei.referrals.types import ReplyKind, Urgency

H1_QUIET_FROM = jst(2026, 5, 22, 12)
"""After this instant only :mod:`desk` writes to H1, so that its lanes hold exactly what they should."""

LONG_AGO = jst(2026, 3, 20)
"""Before this instant a final report may take weeks and still be closed before the first morning."""

DECLINES = (
    "該当する検査装置が更新工事中のため、{month}中の受入れが困難です。",
    "当該領域の専門医が不在のため、受入れができません。近隣の専門施設をご検討ください。",
    "満床のため、ご希望の時期での入院受入れが困難です。",
)
REDIRECTS = (
    "内容を確認し、別の診療科での診療が適当と判断しました。宛先を改めてお送りください。",
    "専門外来のある他院での診療が適当と考えます。",
)
WITHDRAWALS = (
    "症状が軽快したため、ご本人の希望により取り下げます。",
    "宛先を誤って送信しました。",
    "他院に救急搬送されたため取り下げます。",
)
NO_SHOWS = ("受付時間を過ぎても来院がありませんでした。", "来院なし。お電話しましたが応答がありません。")
SILENT_ENDS = (
    "ご本人が受診を希望されないため終了します。",
    "転居により以後の受診がないため終了します。",
    "他院での治療に移行したため終了します。",
)
CHANGES = (
    "ご本人の都合により日程変更の希望がありました。",
    "担当医の都合により日程を変更させていただきます。",
    "ご家族の付き添いの都合で変更をお願いします。",
)
TALKS = (
    (
        "お世話になっております。当日の朝食はとってもよろしいでしょうか。",
        "採血がございますので、朝食はとらずにお越しください。お薬と水は差し支えありません。",
    ),
    ("送迎の都合で30分ほど遅れるかもしれません。", "承知しました。受付でお声がけください。"),
    ("画像のCD-Rは患者様にお渡ししてあります。", "ありがとうございます。当日受付でお預かりいたします。"),
    ("車椅子でのご来院となります。", "正面玄関に職員が待機いたします。到着時にお電話ください。"),
    ("ご家族の同席は可能でしょうか。", "可能です。お一人まで診察室にお入りいただけます。"),
)


@dataclass(frozen=True)
class Cast:
    """Log-ins of a story: who signs, who handles dates at the sender, the receiving desk, the treating physician."""

    physician: str
    clerk: str
    desk: str
    assigned: str


@dataclass
class Teller:
    """Tells one story into a timeline."""

    rng: Random
    case: Case
    cast: Cast
    receiver: str
    urgency: Urgency
    line: Timeline

    @property
    def quick(self) -> bool:
        """H1 answers within a day, the others take up to three."""
        return self.receiver == "H1"

    def accept(self) -> None:
        """Received and accepted at the desk."""
        slow = 0 if self.quick else self.rng.choice((0, 0, 1, 2))
        self.line.go("receive", in_days(self.rng, self.line.at, slow, slow), self.cast.desk)
        self.line.go(
            "accept",
            in_days(self.rng, self.line.at, 0, 0),
            self.cast.desk,
            "担当科に確認のうえ受け入れます。",
        )

    def offer(self, appointment_at: datetime) -> None:
        """A date offered; the appointment is known from here on."""
        day = 0 if self.quick else self.rng.choice((0, 0, 1))
        if self.line.go(
            "offer_date", in_days(self.rng, self.line.at, day, day), self.cast.desk, _when(appointment_at)
        ):
            self.line.appointment_at = appointment_at

    def book(self, appointment_at: datetime) -> None:
        """Offered and confirmed; one in fourteen is moved once."""
        self.offer(appointment_at)
        day = 0 if self.quick else self.rng.choice((0, 1, 1))
        self.line.go("confirm_date", in_days(self.rng, self.line.at, day, day), self.cast.clerk)
        if self.rng.random() < 0.15:
            question, answer = self.rng.choice(TALKS)
            self.line.say(self.line.at + timedelta(minutes=9), self.cast.clerk, question)
            self.line.say(self.line.at + timedelta(minutes=41), self.cast.desk, answer)

    def rebook(self, appointment_at: datetime) -> None:
        """The date is moved by either side and confirmed again."""
        mover = self.rng.choice((self.cast.clerk, self.cast.desk))
        if self.line.go(
            "change_date", in_days(self.rng, self.line.at, 0, 0), mover, self.rng.choice(CHANGES)
        ):
            self.line.appointment_at = appointment_at
        self.line.go("confirm_date", in_days(self.rng, self.line.at, 0, 0), self.cast.clerk)

    def usual_date(self) -> None:
        """From sent to booked in the time the urgency allows; an urgent patient comes the same day."""
        if self.urgency is Urgency.URGENT:
            at = self.line.at
            for minutes, name, actor in ((8, "receive", self.cast.desk), (17, "accept", self.cast.desk)):
                self.line.go(name, at + timedelta(minutes=minutes), actor)
            if self.line.go("offer_date", at + timedelta(minutes=24), self.cast.desk, "本日お越しください。"):
                self.line.appointment_at = at.replace(second=0) + timedelta(minutes=90)
            self.line.go("confirm_date", at + timedelta(minutes=31), self.cast.clerk)
            return
        self.accept()
        low, high = (1, 6) if self.urgency is Urgency.SOON else (3, 16)
        self.book(clinic_slot(self.rng, self.line.at, low, high))
        if self.rng.random() < 0.07:
            self.rebook(clinic_slot(self.rng, self.line.at, 4, 14))

    def arrive(self) -> None:
        """The patient comes about on time and the arrival is reported the same day."""
        if not self.line.appointment_at:
            return
        came = self.line.appointment_at + timedelta(minutes=self.rng.randint(-25, 6))
        self.line.go("arrive", max(came, self.line.at + timedelta(minutes=5)), self.cast.desk)

    def reply(self, kind: ReplyKind, at: datetime) -> None:
        """A reply letter by the treating physician."""
        arrived = [m.at for m in self.line.moves if m.name == "arrive"]
        if self.line.over or not arrived:
            return
        admitted = any(m.name == "admit" for m in self.line.moves)
        department = self.case.scenario.department
        text = reply_text(self.case, kind, department=department, visited_at=arrived[0], admitted=admitted)
        self.line.reply(kind, at, self.cast.assigned, text)

    def notice(self) -> None:
        """来院報告 on the day."""
        self.reply(ReplyKind.ARRIVAL_NOTICE, self.line.at + timedelta(minutes=self.rng.randint(40, 200)))

    def stay(self) -> None:
        """Admission, first report, discharge and its report."""
        long_stay = self.case.scenario.key == "rehab_transfer"
        if self.urgency is Urgency.URGENT or long_stay:
            self.line.go("admit", self.line.at + timedelta(minutes=self.rng.randint(15, 90)), self.cast.desk)
            self.reply(ReplyKind.FIRST_REPORT, in_days(self.rng, self.line.at, 1, 2))
        else:
            self.reply(ReplyKind.FIRST_REPORT, in_days(self.rng, self.line.at, 0, 2))
            self.line.go("admit", in_days(self.rng, self.line.at, 1, 3), self.cast.desk)
        rounds = 2 if long_stay else self.rng.choice((0, 0, 1))
        for _ in range(rounds):
            low, high = (12, 18) if long_stay else (1, 2)
            self.reply(ReplyKind.INTERIM_REPORT, in_days(self.rng, self.line.at, low, high))
        self.line.go("discharge", in_days(self.rng, self.line.at, 3, 5), self.cast.desk)
        self.reply(ReplyKind.DISCHARGE_REPORT, in_days(self.rng, self.line.at, 0, 1))

    def treat(self) -> None:
        """As an outpatient or in a bed."""
        if self.rng.random() < self.case.scenario.admit:
            self.stay()
            return
        self.reply(ReplyKind.FIRST_REPORT, in_days(self.rng, self.line.at, 1, 5))
        if self.rng.random() < 0.2:
            self.reply(ReplyKind.INTERIM_REPORT, in_days(self.rng, self.line.at, 3, 6))

    def finish(self) -> None:
        """Final report and close; at H1 both or neither, since its open final reports are a lane of the desk."""
        if self.line.over:
            return
        low, high = (12, 26) if self.line.at < LONG_AGO else (2, 5)
        final_at = in_days(self.rng, self.line.at, low, high)
        close_at = in_days(self.rng, final_at, 0, 2)
        if self.receiver == "H1" and close_at >= self.line.until:
            self.line.over = True
            return
        self.reply(ReplyKind.FINAL_REPORT, final_at)
        self.line.go("close", close_at, self.cast.clerk, "最終報告を確認しました。")

    # the stories

    def usual(self) -> None:
        """Sent, booked, seen, reported, closed."""
        self.usual_date()
        self.arrive()
        self.notice()
        self.treat()
        self.finish()

    def declined(self) -> None:
        """The hospital cannot take the patient."""
        self.line.go("receive", in_days(self.rng, self.line.at, 0, 0), self.cast.desk)
        reason = self.rng.choice(DECLINES).format(month=f"{self.line.at.month}月")
        self.line.go("decline", in_days(self.rng, self.line.at, 0, 1), self.cast.desk, reason)

    def redirected(self) -> None:
        """Another department or hospital fits better."""
        self.line.go("receive", in_days(self.rng, self.line.at, 0, 0), self.cast.desk)
        self.line.go(
            "redirect", in_days(self.rng, self.line.at, 0, 1), self.cast.desk, self.rng.choice(REDIRECTS)
        )

    def withdrawn(self) -> None:
        """The sender takes the letter back."""
        if self.rng.random() < 0.5:
            self.line.go("receive", in_days(self.rng, self.line.at, 0, 0), self.cast.desk)
        reason = self.rng.choice(WITHDRAWALS)
        self.line.go("withdraw", in_days(self.rng, self.line.at, 0, 1), self.cast.physician, reason)

    def missed(self) -> None:
        """The patient does not come; most such letters are closed with the reason after some days."""
        self.usual_date()
        if self.line.appointment_at:
            self.line.go(
                "no_show",
                self.line.appointment_at + timedelta(hours=2),
                self.cast.desk,
                self.rng.choice(NO_SHOWS),
            )
        if self.line.over or (self.line.at > DEMO_START - timedelta(days=60) and self.rng.random() < 0.5):
            self.line.over = True
            return
        closed_at = in_days(self.rng, self.line.at, 4, 9)
        self.line.go("close_without_report", closed_at, self.cast.clerk, self.rng.choice(SILENT_ENDS))

    def lost(self) -> None:
        """Seen once, then the patient goes elsewhere."""
        self.usual_date()
        self.arrive()
        self.notice()
        if not self.line.over:
            closed_at = in_days(self.rng, self.line.at, 8, 15)
            self.line.go("close_without_report", closed_at, self.cast.desk, self.rng.choice(SILENT_ENDS))

    # the lanes of the first morning

    def lane_new(self) -> None:
        """Arrived since Friday noon; letters of Friday may be received already."""
        if self.line.at < jst(2026, 5, 29, 17):
            self.line.go("receive", self.line.at + timedelta(minutes=7), self.cast.desk)

    def lane_date(self) -> None:
        """Accepted; two in five have an offer out, but not the one whom the acceptance story books (鈴木)."""
        self.line.go("receive", self.line.at + timedelta(minutes=6), self.cast.desk)
        self.line.go("accept", self.line.at + timedelta(minutes=19), self.cast.desk)
        if (
            self.case.patient.name != "鈴木 一郎"
            and self.rng.random() < 0.4
            and self.case.scenario.urgency[0]
        ):
            at = clinic_slot(self.rng, DEMO_START, 2, 6)
            if self.line.go("offer_date", self.line.at + timedelta(minutes=15), self.cast.desk, _when(at)):
                self.line.appointment_at = at

    def lane_today(self) -> None:
        """Booked for today, all within two hours of the letter."""
        early = self.case.scenario.key == "preterm_labor"
        hour, minute = (
            (13, 30) if early else (self.rng.choice((9, 10, 11, 13, 14, 15)), self.rng.choice((0, 30)))
        )
        self.line.appointment_at = jst(2026, 6, 1, hour, minute)
        self.line.go("receive", self.line.at + timedelta(minutes=6), self.cast.desk)
        self.line.go("accept", self.line.at + timedelta(minutes=19), self.cast.desk)
        self.line.go(
            "offer_date",
            self.line.at + timedelta(minutes=12),
            self.cast.desk,
            _when(self.line.appointment_at),
        )
        self.line.go("confirm_date", self.line.at + timedelta(minutes=35), self.cast.clerk)

    def lane_overdue(self) -> None:
        """Seen long ago: either nothing came back at all, or nothing after the arrival notice."""
        self.accept()
        silent = self.rng.random() < 0.4
        day = self.rng.randint(20, 22) if silent else self.rng.randint(7, 13)
        day += {23: 2, 9: 2, 10: 2}.get(day, 0)
        self.book(jst(2026, 5, day, self.rng.choice((9, 10, 11, 13, 14, 15)), 30))
        self.arrive()
        if not silent:
            self.notice()

    def lane_back(self) -> None:
        """Final report out last week, back-referral not yet written."""
        self.accept()
        self.book(jst(2026, 5, self.rng.choice((7, 8, 11, 12)), self.rng.choice((9, 10, 11, 13, 14, 15)), 0))
        self.arrive()
        self.notice()
        self.reply(ReplyKind.FIRST_REPORT, in_days(self.rng, self.line.at, 1, 3))
        self.reply(
            ReplyKind.FINAL_REPORT,
            jst(2026, 5, self.rng.choice((26, 27, 28, 29)), self.rng.randint(9, 16), 20),
        )

    def lane_admitted(self) -> None:
        """Came in as an emergency last week and is on the ward."""
        self.urgency = Urgency.URGENT
        self.usual_date()
        self.arrive()
        self.notice()
        self.line.go("admit", self.line.at + timedelta(minutes=30), self.cast.desk, "5東病棟")
        self.reply(ReplyKind.FIRST_REPORT, in_days(self.rng, self.line.at, 1, 1))


def _when(at: datetime) -> str:
    return f"{month_day(at)} {at.hour}:{at.minute:02d}"


STORIES: tuple[tuple[int, Callable[[Teller], None]], ...] = (
    (86, Teller.usual),
    (3, Teller.declined),
    (2, Teller.redirected),
    (3, Teller.withdrawn),
    (3, Teller.missed),
    (3, Teller.lost),
)
LANES: dict[str, Callable[[Teller], None]] = {
    "new": Teller.lane_new,
    "date": Teller.lane_date,
    "today": Teller.lane_today,
    "overdue": Teller.lane_overdue,
    "back": Teller.lane_back,
    "admitted": Teller.lane_admitted,
}


def tell(rng: Random, desk: str, case: Case, cast: Cast, receiver: str, urgency: Urgency) -> Timeline:
    """The timeline of a referral; with ``desk`` the one of that lane. Some recent letters are still drafts."""
    line = Timeline()
    if not desk and case.sent_at > DEMO_START - timedelta(days=21) and rng.random() < 0.12:
        return line
    line.go("send", case.sent_at, cast.physician)
    teller = Teller(rng, case, cast, receiver, urgency, line)
    story = LANES[desk] if desk else rng.choices([s for _, s in STORIES], weights=[w for w, _ in STORIES])[0]
    story(teller)
    return line


def tell_back(rng: Random, case: Case, cast: Cast, sent_at: datetime) -> Timeline:
    """A back-referral: the clinic accepts, sees the patient, thanks with a short final report and closes."""
    line = Timeline()
    line.go("send", sent_at, cast.physician)
    if line.over:
        return line
    line.go("receive", in_days(rng, line.at, 0, 1), cast.desk)
    line.go("accept", in_days(rng, line.at, 0, 0), cast.desk)
    came = clinic_slot(rng, line.at, 3, 12)
    line.go("arrive", came, cast.desk)
    name = case.patient.name.replace(" ", "")
    thanks = f"{name}様は{month_day(came)}に当院を受診され、継続診療をお引き受けいたしました。ご高配に感謝申し上げます。"
    line.reply(ReplyKind.FINAL_REPORT, came + timedelta(minutes=rng.randint(60, 170)), cast.assigned, thanks)
    if not line.over:
        line.go("close", in_days(rng, line.at, 0, 2), cast.clerk)
    return line


def desk_sent_at(rng: Random, lane: str, chosen: Scenario, urgency: Urgency) -> datetime:
    """When a letter of a lane was sent; acute ones came at the last possible moment."""
    acute = not chosen.urgency[0]
    if lane == "new":
        if urgency is Urgency.URGENT:
            return jst(2026, 6, 1, 7, rng.randint(40, 59))
        return rng.choice(
            (
                jst(2026, 5, 29, 14, rng.randint(0, 59)),
                jst(2026, 5, 29, 17, rng.randint(5, 50)),
                jst(2026, 5, 30, 11, rng.randint(0, 59)),
                jst(2026, 6, 1, 8, rng.randint(5, 26)),
            )
        )
    if lane == "date":
        return jst(2026, 5, 29, rng.randint(13, 15) if acute else rng.randint(9, 15), rng.randint(0, 55))
    if lane == "today":
        return office(
            jst(2026, 5, 29 if acute else rng.choice((14, 18, 19, 20, 25, 26)), 10, rng.randint(0, 50))
        )
    if lane == "admitted":
        return jst(2026, 5, 28, 10, rng.randint(0, 50))
    return jst(2026, 4, rng.choice((23, 24, 27, 28)), rng.randint(9, 13), rng.randint(0, 50))
