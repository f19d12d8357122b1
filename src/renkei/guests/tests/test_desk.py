"""The desk: call back on the directory's number, identify the physician, take in or refuse, tell the date."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from renkei.audit.models import AuditEntry
from renkei.files.models import StoredFile
from renkei.gate.context import acting
from renkei.guests import actions, queries
from renkei.guests.models import GuestFile, GuestRequest
from renkei.guests.tests.conftest import UNKNOWN, Filled, Sent, all_requests
from renkei.guests.tests.test_asking import _pdf
from renkei.guests.types import Identity, State, Told
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow, Stale
from renkei.patients.models import Patient
from renkei.referrals.models import Attachment, Referral
from renkei.referrals.types import State as ReferralState
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

TUESDAY = clock.jst(2026, 6, 9, 10, 30)


def called(cast: Cast, row: GuestRequest) -> GuestRequest:
    desk = cast.actor("sato")
    with acting(desk):
        return actions.call_back(desk, row, called="0463-00-0001", confirmed_with="宮本さん")


def test_the_number_of_the_directory_is_shown_and_another_typed_one_is_warned_of(
    cast: Cast, send: Sent, browser: StaffClient
) -> None:
    send(phone="0463-00-7777")
    row = all_requests()[0]
    page = browser.log_in(cast.actor("sato")).get(reverse("guests:request", args=[row.uid])).content.decode()
    assert "tel:0463-00-0001" in page
    assert "名簿と違います" in page
    assert "tel:0463-00-7777" not in page


def test_a_call_to_the_typed_number_confirms_nothing(cast: Cast, send: Sent) -> None:
    send(phone="0463-00-7777")
    row, desk = all_requests()[0], cast.actor("sato")
    with acting(desk), pytest.raises(Invalid) as refused:
        actions.call_back(desk, row, called="0463-00-7777", confirmed_with="林さん")
    assert refused.value.field == "called"
    assert all_requests()[0].state == State.WAITING
    assert called(cast, row).state == State.CONFIRMED


def test_a_clinic_that_the_directory_does_not_know_needs_the_source_of_its_number(
    cast: Cast, send: Sent
) -> None:
    send(institution_number=UNKNOWN, clinic="浜辺クリニック", phone="0463-00-8888")
    row, desk = all_requests()[0], cast.actor("sato")
    with acting(desk):
        with pytest.raises(Invalid) as refused:
            actions.call_back(desk, row, called="0463-00-8888", confirmed_with="浜さん")
        assert refused.value.field == "number_source"
        done = actions.call_back(
            desk, row, called="0463-00-8888", confirmed_with="浜さん", number_source="厚生局の一覧"
        )
        made = actions.accept(desk, done)
    assert made.sender.name == "浜辺クリニック"
    assert made.sender.institution_number == UNKNOWN
    assert made.sender.uses_renkei is False
    assert made.sender.phone == "0463-00-8888"


def test_before_the_call_nothing_is_taken_in(cast: Cast, waiting: GuestRequest) -> None:
    desk = cast.actor("sato")
    with acting(desk), pytest.raises(NotPossibleNow) as refused:
        actions.accept(desk, waiting)
    assert refused.value.code == "not_called"
    with arranging("counting"):
        assert Referral._base_manager.count() == 0
    assert all_requests()[0].state == State.WAITING


def test_a_contrast_ct_is_not_taken_in_before_the_physician_was_identified(
    cast: Cast, send: Sent, browser: StaffClient
) -> None:
    send(kind_label="造影CT・造影MRIの依頼")
    row = called(cast, all_requests()[0])
    with arranging("counting"):
        before = Patient._base_manager.count(), Referral._base_manager.count()
    client = browser.log_in(cast.actor("sato"))
    answer = client.post(
        reverse("guests:accept", args=[row.uid]),
        {"patient": "new", "version": row.version, "_facility": cast.facility("H1").pk},
    )
    assert answer.status_code == 409
    assert "医師確認" in answer.content.decode()
    with arranging("counting"):
        assert (Patient._base_manager.count(), Referral._base_manager.count()) == before
    assert all_requests()[0].state == State.CONFIRMED


@pytest.mark.parametrize(
    ("identity", "number"), [(Identity.REGISTRY, "123456"), (Identity.SPOKE, "")], ids=str
)
def test_with_the_identity_on_record_it_is_taken_in(
    cast: Cast, send: Sent, identity: str, number: str
) -> None:
    send(kind_label="造影CT・造影MRIの依頼")
    row, desk = called(cast, all_requests()[0]), cast.actor("sato")
    with acting(desk):
        row = actions.identify(desk, row, identity=identity, number=number, note="氏名が一致")
        made = actions.accept(desk, row)
    assert made.state == ReferralState.RECEIVED
    with acting(desk):
        assert "医師確認" in made.moves.model.objects.visible_to(desk).get(referral=made).note


@pytest.mark.parametrize("number", ["", "12", "あいう", "12345678"])
def test_a_registry_number_that_is_none_is_refused(cast: Cast, waiting: GuestRequest, number: str) -> None:
    desk = cast.actor("sato")
    with acting(desk), pytest.raises(Invalid) as refused:
        actions.identify(desk, waiting, identity=Identity.REGISTRY, number=number, note="確認")
    assert refused.value.field == "number"


def test_the_database_itself_refuses_an_unidentified_acceptance(cast: Cast, send: Sent) -> None:
    send(kind_label="造影CT・造影MRIの依頼")
    called(cast, all_requests()[0])
    with arranging("past the program"), pytest.raises(IntegrityError), transaction.atomic():
        GuestRequest._base_manager.update(state=State.ACCEPTED)


def test_the_request_becomes_a_received_referral_of_the_house_alone(
    cast: Cast, waiting: GuestRequest
) -> None:
    row, desk = called(cast, waiting), cast.actor("sato")
    with acting(desk):
        made = actions.accept(desk, row)
        seen = Referral.objects.visible_to(desk).get(pk=made.pk)
    assert (seen.state, seen.source, seen.purpose) == (
        "received",
        "guest",
        "動悸が続くため、精査をお願いします。",
    )
    assert seen.sender_id == cast.facility("C2").pk
    for stranger in ("hayashi", "east_clerk", "aoki"):
        actor = cast.actor(stranger)
        with acting(actor):
            assert not Referral.objects.visible_to(actor).filter(pk=made.pk).exists()


def test_a_date_agreed_on_the_telephone_stands_at_once_and_its_telling_is_noted(
    cast: Cast, waiting: GuestRequest
) -> None:
    row, desk = called(cast, waiting), cast.actor("sato")
    with acting(desk):
        made = actions.accept(desk, row, starts_at=TUESDAY, department="循環器内科")
        assert made.state == ReferralState.BOOKED
        row = actions.tell(desk, queries.one(desk, row.uid), told=Told.TELEPHONE, told_to="宮本さん")
    assert (row.told, row.told_to) == (Told.TELEPHONE, "宮本さん")


def test_without_a_date_there_is_nothing_to_tell(cast: Cast, waiting: GuestRequest) -> None:
    row, desk = called(cast, waiting), cast.actor("sato")
    with acting(desk):
        actions.accept(desk, row)
        with pytest.raises(NotPossibleNow):
            actions.tell(desk, queries.one(desk, row.uid), told=Told.FAX, told_to="宮本さん")


def test_somebody_alike_is_shown_with_reasons_and_never_merged(
    cast: Cast, send: Sent, browser: StaffClient
) -> None:
    desk = cast.actor("sato")
    with arranging("a patient of the house"):
        known = Patient(
            facility=cast.facility("H1"),
            name="森 ひかり",
            kana="モリ ヒカリ",
            birth_on=clock.jst(1975, 4, 2).date(),
            sex="female",
            local_number="H-0042",
        )
        known.make_keys()
        known.save()
    send()
    row = called(cast, all_requests()[0])
    client = browser.log_in(desk)
    url = reverse("guests:request", args=[row.uid])
    page = client.get(url).content.decode()
    assert "H-0042" in page
    assert "生年月日" in page
    undecided = client.post(reverse("guests:accept", args=[row.uid]), {"version": row.version})
    assert undecided.status_code == 422
    chosen = client.post(
        reverse("guests:accept", args=[row.uid]), {"version": row.version, "patient": str(known.uid)}
    )
    assert chosen.status_code == 302
    with arranging("reading"):
        assert Referral._base_manager.get().patient_id == known.pk


def test_the_files_go_with_the_referral_and_stand_nowhere_else(
    cast: Cast, opened: str, filled: Filled, browser: StaffClient
) -> None:
    came = SimpleUploadedFile("検査.pdf", _pdf(), "application/pdf")
    Client().post(opened, filled(files=[came]))
    row, desk = all_requests()[0], cast.actor("sato")
    with arranging("reading"):
        file_uid = GuestFile._base_manager.get().uid
    url = reverse("guests:file", args=[row.uid, file_uid])
    client = browser.log_in(desk)
    answer = client.get(url)
    assert answer.content == _pdf()
    assert answer["Content-Disposition"].startswith("attachment")
    row = called(cast, row)
    with acting(desk):
        made = actions.accept(desk, row)
        enclosed = Attachment.objects.visible_to(desk).get(referral=made)
    with arranging("reading"):
        assert bytes(StoredFile.objects.get(uid=enclosed.file_uid).content) == _pdf()
        assert bytes(GuestFile._base_manager.get().content) == b""
    assert client.get(url).status_code == 404


def test_a_refusal_needs_a_reason_and_throws_the_files_away(cast: Cast, opened: str, filled: Filled) -> None:
    Client().post(opened, filled(files=[SimpleUploadedFile("検査.pdf", _pdf())]))
    row, desk = all_requests()[0], cast.actor("sato")
    with acting(desk):
        with pytest.raises(Invalid):
            actions.refuse(desk, row, reason=" ")
        actions.refuse(desk, row, reason="該当する診療科がありません。")
    with arranging("reading"):
        assert bytes(GuestFile._base_manager.get().content) == b""
    with acting(desk), pytest.raises(NotPossibleNow):
        actions.accept(desk, queries.one(desk, row.uid))


def test_two_clerks_at_the_same_request_do_not_both_act(cast: Cast, waiting: GuestRequest) -> None:
    desk = cast.actor("sato")
    with acting(desk):
        first, second = (queries.one(desk, waiting.uid) for _ in range(2))
        actions.call_back(desk, first, called="0463-00-0001", confirmed_with="宮本さん")
        with pytest.raises(Stale):
            actions.refuse(desk, second, reason="重複")


def test_who_may_not_handle_is_refused_and_that_is_on_record(cast: Cast, waiting: GuestRequest) -> None:
    admin = cast.actor("oka")
    with acting(admin), pytest.raises(NotAllowed):
        actions.refuse(admin, waiting, reason="不要")


def test_the_list_and_the_trail_name_what_was_done(
    cast: Cast, waiting: GuestRequest, browser: StaffClient
) -> None:
    client = browser.log_in(cast.actor("sato"))
    page = client.get(reverse("guests:requests")).content.decode()
    assert "森 ひかり" in page
    assert "電話確認待ち" in page
    called(cast, waiting)
    with arranging("reading the trail"):
        said = list(AuditEntry.objects.order_by("id").values_list("says", "action", "shown"))
    assert any("guests.GuestRequest" in (shown or {}) for _s, _a, shown in said)
    assert any("電話し、依頼を確かめました" in says for says, _a, _sh in said)


def test_the_administrator_shapes_the_page_and_nobody_else(
    cast: Cast, opened: str, browser: StaffClient
) -> None:
    url = reverse("guests:settings")
    assert browser.log_in(cast.actor("sato")).get(url).status_code == 403
    client = browser.log_in(cast.actor("oka"))
    assert "http://testserver/guests/midori-chuo/" in client.get(url).content.decode()
    for taken in ("settings", "9abc", "日本"):
        assert client.post(url, {"is_open": "on", "code": taken}).status_code == 422
    new = {"label": "PET-CTの依頼", "note": "", "physician_check": "on"}
    assert client.post(reverse("guests:new_kind"), new).status_code == 302
    assert client.post(reverse("guests:new_kind"), new).status_code == 422
    assert "PET-CTの依頼" in Client().get(opened).content.decode()
    kind = next(k for k in queries.kinds_of(cast.actor("oka")) if k.label == "PET-CTの依頼")
    off = {"label": "PET-CTの依頼"}
    assert client.post(reverse("guests:kind", args=[kind.uid]), off).status_code == 302
    assert "PET-CTの依頼" not in Client().get(opened).content.decode()
    stranger = browser.log_in(cast.actor("aoki"))
    assert stranger.post(reverse("guests:kind", args=[kind.uid]), off).status_code == 404
    qr = browser.log_in(cast.actor("oka")).get(reverse("guests:poster"))
    assert qr["Content-Type"] == "image/svg+xml"


def test_an_address_is_taken_once(cast: Cast, opened: str) -> None:
    east = cast.actor("aoki")
    with acting(east), pytest.raises(Invalid):
        actions.set_page(east, is_open=True, code="midori-chuo")
