"""Events reach their receivers: signed, without a patient, repeated with pauses, stopped when nobody answers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime, timedelta

import pytest
from django.test import override_settings
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from renkei.events.bus import deliver_pending, emit
from renkei.gate.context import acting
from renkei.kernel import clock, outward
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from renkei.notices.models import Notice
from renkei.referrals.actions import draft, finalise, receive, send, write
from renkei.referrals.events import ReferralMoved
from renkei.referrals.models import Referral
from renkei.referrals.queries import one
from renkei.referrals.types import Diagnosis, LetterContent
from renkei.webhooks import actions, jobs, sending
from renkei.webhooks.models import Subscription
from renkei.webhooks.signing import signature
from renkei.webhooks.tests.conftest import MONDAY, Made, Receiver, deliveries, subscribed
from renkei.webhooks.types import KINDS, WAITS, State
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


def sent(cast: Cast) -> Referral:
    doctor = cast.actor("aoki")
    with acting(doctor):
        made = draft(doctor, cast.patient("suzuki"))
        made = write(
            doctor,
            made,
            receiver=cast.facility("H1"),
            content=LetterContent(
                purpose="血糖コントロールのお願い", course="HbA1c 9.2", diagnoses=(Diagnosis("2型糖尿病"),)
            ),
        )
        finalise(doctor, made)
        made = send(doctor, one(doctor, made.uid))
    with arranging("delivering events"):
        deliver_pending()
    return made


def attempt_all(at: datetime = MONDAY) -> None:
    with clock.frozen(at):
        for row in deliveries():
            with arranging("an attempt"):
                sending.attempt(row.uid)


def test_an_event_arrives_signed_and_names_no_patient(cast: Cast, receiver: Receiver) -> None:
    made = subscribed(cast, receiver.url)
    referral = sent(cast)
    attempt_all()
    (headers, body), *more = receiver.came
    assert not more
    payload = json.loads(body)
    assert payload["type"] == "referral.sent"
    assert set(payload) == {"type", "timestamp", "data"}
    assert set(payload["data"]) == {"event_id", "referral_uid", "referral_number", "occurred_at"}
    assert payload["data"]["referral_number"] == referral.number
    for word in ("鈴木", "スズキ", "1959", "青木", "血糖", "HbA1c"):
        assert word.encode() not in body
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    right = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{right}"
    assert headers["webhook-timestamp"] == str(int(MONDAY.timestamp()))
    assert [d.state for d in deliveries()] == [State.DONE]


def test_the_signature_is_that_of_the_published_example() -> None:
    """Standard Webhooks: the vector that its reference libraries test themselves with."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    assert (
        signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_only_houses_in_the_circle_are_told(cast: Cast, receiver: Receiver) -> None:
    subscribed(cast, receiver.url)
    subscribed(cast, receiver.url, "aoki")
    subscribed(cast, receiver.url, "x1_facility_administrator")
    sent(cast)
    rows = deliveries()
    assert {d.facility_id for d in rows} == {cast.facility("H1").pk, cast.facility("C1").pk}
    assert len({d.event_id for d in rows}) == 1


def test_a_party_that_is_not_let_in_is_not_told(cast: Cast, receiver: Receiver) -> None:
    subscribed(cast, receiver.url, "x1_facility_administrator")
    referral = sent(cast)
    house = cast.facility("X1").pk
    with arranging("an event in another house's name"):
        told = {"sender_id": house, "receiver_id": house, "actor_facility_id": house}
        emit(
            ReferralMoved(
                referral.pk, str(referral.uid), referral.number, "referral", "receive", "received", **told
            )
        )
        deliver_pending()
    assert deliveries() == []


def test_only_the_kinds_that_were_chosen_go_out(cast: Cast, receiver: Receiver) -> None:
    subscribed(cast, receiver.url, kinds=["referral.received"])
    referral, desk = sent(cast), cast.actor("sato")
    assert deliveries() == []
    with acting(desk):
        receive(desk, Referral.objects.visible_to(desk).get(pk=referral.pk))
    with arranging("delivering"):
        deliver_pending()
    assert [d.kind for d in deliveries()] == ["referral.received"]


def test_a_failure_is_repeated_after_growing_pauses_with_the_same_id(cast: Cast, receiver: Receiver) -> None:
    subscribed(cast, receiver.url)
    receiver.status = 503
    sent(cast)
    at = MONDAY
    for pause in WAITS:
        attempt_all(at)
        row = deliveries()[0]
        assert row.state == State.WAITING
        assert (row.answered, row.next_at) == (503, at + pause)
        attempt_all(at + pause - timedelta(seconds=1))
        at += pause
    attempt_all(at)
    row = deliveries()[0]
    assert (row.state, row.next_at, row.attempts) == (State.FAILED, None, len(WAITS) + 1)
    assert len(receiver.came) == len(WAITS) + 1
    assert len({headers["webhook-id"] for headers, _b in receiver.came}) == 1


def test_what_arrived_is_not_sent_again_by_itself(cast: Cast, receiver: Receiver) -> None:
    subscribed(cast, receiver.url)
    sent(cast)
    attempt_all()
    attempt_all()
    assert len(receiver.came) == 1


def test_a_redirect_is_a_failure_and_is_not_followed(cast: Cast, receiver: Receiver) -> None:
    subscribed(cast, receiver.url)
    receiver.status, receiver.location = 302, receiver.url
    sent(cast)
    attempt_all()
    assert len(receiver.came) == 1
    assert "転送" in deliveries()[0].says


def test_a_name_that_leads_inside_by_now_is_not_called(
    cast: Cast, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with override_settings(RENKEI_INTERNAL_HOSTS=frozenset()):
        monkeypatch.setattr(outward, "resolve", lambda _h, _p: ["8.8.8.8"])
        subscribed(cast, "https://hook.example.jp/renkei")
        monkeypatch.setattr(outward, "resolve", lambda _h, _p: ["127.0.0.1"])
        sent(cast)
        attempt_all()
    assert receiver.came == []
    assert "内部のネットワーク" in deliveries()[0].says


@pytest.mark.parametrize(
    "url",
    [
        "http://hook.example.jp/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://2130706433/",
        "https://0.0.0.0/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://169.254.169.254/",
        "https://10.0.0.1:8443/",
        "https://127.0.0.1:5432/",
    ],
)
def test_an_address_inside_is_refused_when_it_is_saved(cast: Cast, socket_enabled: None, url: str) -> None:
    admin = cast.actor("oka")
    with acting(admin), pytest.raises(Invalid) as refused:
        actions.subscribe(admin, name="内部", url=url, kinds=list(KINDS))
    assert refused.value.field == "url"
    with arranging("counting"):
        assert Subscription._base_manager.count() == 0


def test_a_receiver_that_never_answers_is_stopped_and_the_administrators_are_told(
    cast: Cast, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = subscribed(cast, receiver.url)
    receiver.status = 500
    monkeypatch.setattr(sending, "failures_until_stop", lambda _facility: 2)
    sent(cast)
    attempt_all()
    attempt_all(MONDAY + WAITS[0])
    with arranging("reading"):
        row = Subscription._base_manager.get(pk=made.row.pk)
        told = Notice._base_manager.filter(kind="webhook_stopped").get()
    assert not row.enabled
    assert told.facility_id == cast.facility("H1").pk
    assert deliveries()[0].state == State.FAILED
    sent_before = len(receiver.came)
    attempt_all(MONDAY + timedelta(days=1))
    assert len(receiver.came) == sent_before


def test_a_delivery_that_failed_and_goes_again_says_so_with_the_answer_and_the_time(
    cast: Cast, receiver: Receiver, browser: StaffClient
) -> None:
    receiver.status = 500
    made = subscribed(cast, receiver.url)
    sent(cast)
    client = browser.log_in(cast.actor("oka"))
    path = reverse("webhooks:receiver", args=[made.row.uid])
    assert "送信待ち" in client.get(path).content.decode()
    attempt_all()
    page = client.get(path).content.decode()
    assert "再送待ち" in page
    assert "受け取り側が 500 を返しました。" in page
    assert 'data-label="次の再送"' in page


def test_one_press_sends_again_with_the_same_id(cast: Cast, receiver: Receiver, browser: StaffClient) -> None:
    made = subscribed(cast, receiver.url)
    sent(cast)
    attempt_all()
    client = browser.log_in(cast.actor("oka"))
    page = client.get(reverse("webhooks:receiver", args=[made.row.uid])).content.decode()
    assert 'data-key="R"' in page
    assert "届いた" in page
    row = deliveries()[0]
    assert client.post(reverse("webhooks:resend", args=[made.row.uid, row.uid])).status_code == 302
    attempt_all()
    assert len(receiver.came) == 2
    assert len({headers["webhook-id"] for headers, _b in receiver.came}) == 1


def test_a_stopped_receiver_is_not_sent_to_by_hand(cast: Cast, receiver: Receiver) -> None:
    made, admin = subscribed(cast, receiver.url), cast.actor("oka")
    sent(cast)
    with acting(admin):
        actions.switch(admin, made.row, enabled=False)
        row = made.row.deliveries.model.objects.visible_to(admin).get()
        with pytest.raises(NotPossibleNow):
            actions.resend(admin, row)


def test_the_secret_is_shown_once_and_sealed(cast: Cast, receiver: Receiver, browser: StaffClient) -> None:
    client = browser.log_in(cast.actor("oka"))
    form = {"name": "院内システム", "url": receiver.url, "kinds": ["referral.sent"]}
    answer = client.post(reverse("webhooks:new"), form)
    secret = answer.context["secret"]
    assert secret.startswith("whsec_")
    assert secret in answer.content.decode()
    with arranging("reading"):
        row = Subscription._base_manager.get()
    assert secret not in row.secret
    assert secret not in client.get(reverse("webhooks:receiver", args=[row.uid])).content.decode()
    renewed = client.post(reverse("webhooks:renew", args=[row.uid])).context["secret"]
    assert renewed != secret


def test_only_the_houses_administrator_manages(cast: Cast, receiver: Receiver, browser: StaffClient) -> None:
    made: Made = subscribed(cast, receiver.url)
    for login, status in (
        ("sato", 403),
        ("takahashi", 403),
        ("aoki", 404),
        ("x1_facility_administrator", 404),
    ):
        client = browser.log_in(cast.actor(login))
        assert client.get(reverse("webhooks:receiver", args=[made.row.uid])).status_code == status
        assert client.post(reverse("webhooks:renew", args=[made.row.uid])).status_code == status
    desk = cast.actor("sato")
    with acting(desk), pytest.raises(NotAllowed):
        actions.switch(desk, made.row, enabled=False)


def test_what_is_due_goes_into_the_queue_again(cast: Cast, receiver: Receiver) -> None:
    subscribed(cast, receiver.url)
    sent(cast)
    with arranging("as the worker does every minute"):
        before = ProcrastinateJob.objects.filter(queue_name="webhooks").count()
        jobs.take_up_due(timestamp=0)
        assert ProcrastinateJob.objects.filter(queue_name="webhooks").count() == before + 1
