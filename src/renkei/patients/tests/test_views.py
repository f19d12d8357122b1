"""Pages of patients as the people at the desk use them."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from renkei.circles.actions import let_in, open_circle
from renkei.circles.types import Source
from renkei.gate.context import acting
from renkei.gate.writing import writing
from renkei.kernel.identifiers import uuid7
from renkei.patients.models import Patient, PatientLink
from renkei.patients.queries import access_history
from renkei.patients.tests.factories import register
from renkei.ui.panels import Panel, PanelRegistry
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

NEW = {
    "name": "髙田 さくら",
    "kana": "たかた さくら",
    "birth_on": "S35.4.2",
    "sex": "female",
    "phone": "0463-00-5678",
}


def share(cast: Cast, key: str = "suzuki") -> Patient:
    """C1's patient is shared with H1."""
    clinic, patient = cast.actor("aoki"), cast.patient(key)
    with transaction.atomic(), acting(clinic), writing("test", clinic):
        circle = open_circle(clinic, patient, purpose="referral:referral")
        let_in(circle, cast.facility("H1").pk, source=Source.REFERRAL)
    return patient


def test_a_patient_is_registered_with_era_date_and_kana(cast: Cast, browser: StaffClient) -> None:
    client = browser.log_in(cast.actor("kimura"))
    answer = client.post(reverse("patients:add"), NEW | {"uid": str(uuid7())}, follow=True)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "髙田 さくら" in text
    assert "昭和35年4月2日" in text


def test_a_form_with_mistakes_comes_back_with_what_was_typed(cast: Cast, browser: StaffClient) -> None:
    client = browser.log_in(cast.actor("kimura"))
    wrong = NEW | {
        "uid": str(uuid7()),
        "birth_on": "昭和65年1月1日",
        "insurer": "1",
        "number": "123456789018",
    }
    answer = client.post(reverse("patients:add"), wrong)
    assert answer.status_code == 422
    assert "昭和65年1月1日" in answer.content.decode()
    answer = client.post(reverse("patients:add"), wrong | {"birth_on": "S35.4.2"})
    assert answer.status_code == 422
    assert "番号法" in answer.content.decode()
    with arranging():
        assert not Patient._base_manager.filter(name="髙田 さくら").exists()


def test_candidates_appear_while_typing(cast: Cast, browser: StaffClient) -> None:
    register(cast.actor("kimura"))
    client = browser.log_in(cast.actor("kimura"))
    answer = client.post(reverse("patients:candidates"), {"name": "高田 さくら", "birth_on": "S35"})
    assert "漢字氏名が異体字まで同じ" in answer.content.decode()
    assert "この患者です" in answer.content.decode()
    assert (
        "似た患者は見つかりません"
        in client.post(reverse("patients:candidates"), {"name": "無い 名"}).content.decode()
    )


def test_a_stranger_gets_not_found_on_every_page_of_a_patient(cast: Cast, browser: StaffClient) -> None:
    client = browser.log_in(cast.actor("hayashi"))
    for name in ("show", "edit", "link", "access", "insured", "contact"):
        assert client.get(reverse(f"patients:{name}", args=[cast.patient("suzuki").uid])).status_code == 404
    assert client.get(reverse("circles:panel", args=[cast.patient("suzuki").uid])).status_code == 404


def test_somebody_elses_change_in_between_is_not_overwritten(cast: Cast, browser: StaffClient) -> None:
    patient = register(cast.actor("kimura"))
    client = browser.log_in(cast.actor("kimura"))
    url = reverse("patients:edit", args=[patient.uid])
    assert client.post(url, NEW | {"version": patient.version, "occupation": "教員"}).status_code == 302
    answer = client.post(url, NEW | {"version": patient.version, "occupation": "農業"})
    assert answer.status_code == 409
    assert "農業" in answer.content.decode()


def test_two_rows_are_compared_linked_and_unlinked(cast: Cast, browser: StaffClient) -> None:
    one, other = register(cast.actor("kimura")), register(cast.actor("kimura"))
    client = browser.log_in(cast.actor("kimura"))
    url = reverse("patients:link", args=[one.uid])
    assert str(other.uid) in client.get(url).content.decode()
    assert "同じ" in client.get(f"{url}?with={other.uid}").content.decode()
    assert client.post(f"{url}?with={other.uid}", {"reason": ""}).status_code == 422
    answer = client.post(f"{url}?with={other.uid}", {"reason": "資格確認書で確認"}, follow=True)
    assert "地域患者ID" in answer.content.decode()
    client.post(reverse("patients:unlink", args=[one.uid]), {"unlink-reason": "別人と判明"})
    with arranging():
        assert PatientLink._base_manager.filter(patient=one, unlinked_at=None).count() == 0


def test_the_access_history_tells_who_read_at_the_other_facility(cast: Cast, browser: StaffClient) -> None:
    patient = share(cast)
    StaffClient().log_in(cast.actor("sato")).get(reverse("patients:show", args=[patient.uid]))
    client = browser.log_in(cast.actor("kimura"))
    url = reverse("patients:access", args=[patient.uid])
    text = client.get(url).content.decode()
    assert "みどり中央病院" in text
    assert "連携室員 佐藤 恵" in text
    assert "患者のページを閲覧" in text
    assert "佐藤 恵" in client.get(url, {"place": "中央", "outcome": "read"}).content.decode()
    assert "佐藤 恵" not in client.get(url, {"outcome": "denied"}).content.decode()
    assert client.get(url, {"before": "x²"}).status_code == 200


def test_the_history_goes_on_page_by_page(cast: Cast) -> None:
    patient, actor = share(cast), cast.actor("aoki")
    client = StaffClient().log_in(cast.actor("sato"))
    for _ in range(5):
        client.get(reverse("patients:show", args=[patient.uid]))
    with transaction.atomic(), acting(actor):
        first, on = access_history(actor, patient, size=3)
        second, end = access_history(actor, patient, size=100, before=on)
    assert len(first) == 3
    assert end == 0
    assert {line.number for line in first}.isdisjoint(line.number for line in second)


def test_the_list_asks_the_same_number_of_queries_for_few_and_for_many(
    cast: Cast, browser: StaffClient
) -> None:
    client = browser.log_in(cast.actor("kimura"))
    url = reverse("patients:index")
    client.get(url)
    with CaptureQueriesContext(connection) as few:
        client.get(url)
    for number in range(15):
        register(cast.actor("kimura"), name=f"花田 {number}", birth_on=date(1950, 1, 1 + number))
    with CaptureQueriesContext(connection) as many:
        client.get(url)
    assert len(few) == len(many)


def test_staff_of_the_other_facility_see_no_buttons_that_change(cast: Cast, browser: StaffClient) -> None:
    patient = share(cast)
    text = (
        browser.log_in(cast.actor("sato")).get(reverse("patients:show", args=[patient.uid])).content.decode()
    )
    assert reverse("patients:edit", args=[patient.uid]) not in text
    assert reverse("circles:panel", args=[patient.uid]) in text


def test_panels_come_in_order_and_only_with_the_permission(cast: Cast) -> None:
    panels = PanelRegistry()
    for key, order, permission in (
        ("b", 2, "patient.view"),
        ("a", 1, "patient.view"),
        ("c", 0, "nobody.may"),
    ):
        panels.register(Panel("patient", key, key.upper(), "patients:show", permission, order))
    panels.register(Panel("patient", "gone", "無い", "nowhere:page", "patient.view"))
    placed = panels.placed("patient", uuid7(), cast.actor("kimura"))
    assert [p.key for p in placed] == ["a", "b"]


ARAI = {
    "uid": str(uuid7()),
    "name": "新井 すみれ",
    "kana": "アライ スミレ",
    "birth_on": "S40.5.6",
    "sex": "female",
}


def test_after_registering_the_page_that_asked_opens_with_the_patient_chosen(
    cast: Cast, browser: StaffClient
) -> None:
    client = browser.log_in(cast.actor("kimura"))
    asked = f"{reverse('patients:add')}?next={reverse('referrals:new')}"
    form = client.get(asked).content.decode()
    assert f'name="next" value="{reverse("referrals:new")}"' in form
    answer = client.post(reverse("patients:add"), ARAI | {"next": reverse("referrals:new")}, follow=True)
    assert answer.status_code == 200
    assert answer.context["patient"].name == "新井 すみれ"
    assert answer.request["PATH_INFO"] == reverse("referrals:new")
    assert "紹介状を書く" in answer.content.decode()


def test_the_page_that_asked_opens_with_a_patient_who_was_known_already(
    cast: Cast, browser: StaffClient
) -> None:
    client, known = browser.log_in(cast.actor("kimura")), cast.patient("suzuki")
    typed = {"name": known.name, "kana": known.kana, "birth_on": known.birth_on.isoformat()}
    there = f"{reverse('referrals:new')}?patient={known.uid}"
    asked = client.post(reverse("patients:candidates"), typed | {"next": reverse("referrals:new")})
    assert there in asked.content.decode()
    assert there not in client.post(reverse("patients:candidates"), typed).content.decode()


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/x", "javascript:alert(1)", "/\\evil.example"]
)
def test_nobody_is_led_to_another_site_after_registering(
    elsewhere: str, cast: Cast, browser: StaffClient
) -> None:
    client = browser.log_in(cast.actor("kimura"))
    assert elsewhere not in client.get(reverse("patients:add"), {"next": elsewhere}).content.decode()
    answer = client.post(reverse("patients:add"), ARAI | {"next": elsewhere})
    assert answer["Location"].startswith("/patients/")
