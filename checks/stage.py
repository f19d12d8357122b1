"""A town where every main flow can be pressed: people, paper partners, receivers, an app; and matters half-way through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction

from checks.faults import LETTER, Town, logged_in_as
from checks.processes import Press
from renkei.clients import codes, issuing
from renkei.clients.actions import create
from renkei.clients.types import ClientDraft, ClientKind, Login
from renkei.config import pgroles
from renkei.gate.context import acting, system
from renkei.kernel import clock
from renkei.notices.paper_actions import set_gateway
from renkei.patients.models import Patient
from renkei.referrals import actions
from renkei.referrals.models import Referral
from renkei.webhooks.models import Subscription
from renkei.webhooks.sending import sealed
from renkei.webhooks.types import KINDS

SCOPES = ["user/*.cruds"]


@dataclass(frozen=True)
class Subject:
    """One matter that stands ready for its press; ``keys`` find in the database what becomes of it."""

    press: Press
    keys: Mapping[str, Any]


@dataclass
class Stage:
    """The town with everything that the flows need: patients of their own, paper partners, receivers, an app's token."""

    town: Town
    token: str = ""
    turn: int = 0
    months: int = 0

    def patient(self) -> Patient:
        """A fresh patient of C1, so that no two presses wait for each other."""
        self.turn += 1
        made = Patient(
            facility=self.town.cast.facility("C1"),
            name=f"試験 {self.turn}",
            kana="シケン",
            birth_on=date(1950, 1, 1) + timedelta(days=97 * self.turn),
            sex="female",
            address="みどり市緑町4-5",
        )
        made.make_keys()
        with as_system():
            made.save()
        return made

    def do(self, who: str, what: str, referral: Referral, **answers: Any) -> Any:
        """A person takes a step with the referral as it is now."""
        actor, seen = self.town.seen(who, referral)
        with acting(actor):
            return getattr(actions, what)(actor, seen, **answers)

    def draft(self, to: str = "H1") -> Referral:
        """A complete draft of 青木 about a patient of its own."""
        aoki, patient = self.town.cast.actor("aoki"), self.patient()
        with acting(aoki):
            made = actions.draft(aoki, patient)
            return actions.write(aoki, made, content=LETTER, receiver=self.town.cast.facility(to))

    def sent(self, to: str = "H1") -> Referral:
        """On its way to H1, or on paper to a house without Renkei."""
        made = self.draft(to)
        self.do("aoki", "finalise_and_send", made)
        return made

    def received(self) -> Referral:
        """On the desk of H1."""
        made = self.sent()
        self.do("sato", "receive", made)
        return made

    def offered(self) -> Referral:
        """With a date that waits for an answer."""
        made = self.received()
        self.do("sato", "offer_date", made, starts_at=in_a_week())
        return made

    def arrived(self) -> Referral:
        """The patient came, and has a row at H1."""
        made = self.received()
        self.do("sato", "arrive", made)
        self.do("sato", "adopt_patient", made)
        return made


@contextmanager
def as_system() -> Iterator[None]:
    """Rows are arranged as the worker's role."""
    with logged_in_as(pgroles.WORKER), system("arranging"), transaction.atomic():
        yield


def in_a_week() -> datetime:
    """Ten o'clock in Japan."""
    day = clock.today() + timedelta(days=7)
    return datetime.combine(day, time(10), tzinfo=clock.JST)


def set_stage(town: Town) -> Stage:
    """H2 has nothing but a fax; C1 has a fax service and an app."""
    cast, token = town.cast, codes.fresh()
    with as_system():
        partner = cast.facility("H2")
        partner.uses_renkei = False
        partner.save()
    aoki = cast.actor("aoki")
    with acting(aoki):
        set_gateway(aoki, address="{number}@fax.example.jp", password=None)
        draft = ClientDraft(
            "往診メモ", "往診", "原", "h@example.jp", "", tuple(SCOPES), ("http://127.0.0.1/",)
        )
        app = create(aoki, draft, kind=ClientKind.APP, login=Login.NONE)
        grant = issuing.allow(
            aoki,
            client=app,
            scopes=SCOPES,
            redirect_uri="http://127.0.0.1/",
            challenge="x" * 43,
            code=codes.fresh(),
        )
        issuing.issue(aoki, client=app, access=token, seconds=3600, scopes=SCOPES, grant=grant)
    return Stage(town, token)


def subscribe(town: Town, receiver: str) -> None:
    """Both houses have their own systems at ``receiver`` told of everything."""
    with as_system():
        for house in ("C1", "H1"):
            Subscription(
                facility=town.cast.facility(house),
                name=house,
                url=f"{receiver}{house}",
                kinds=list(KINDS),
                secret=sealed("whsec_" + "A" * 44),
            ).save()


def keys_of(referral: Referral, **more: Any) -> dict[str, Any]:
    """What finds a referral."""
    return {"pk": referral.pk, "uid": str(referral.uid), "number": referral.number} | more
