"""Pages of sharing: emergency access from search to review, consent on the patient's page."""

from __future__ import annotations

import re

from django.urls import reverse

from renkei.kernel.roles import Role
from testing.cast import Cast
from testing.fixtures import StaffClient

WHO = {"name": "よしだたかお", "birth_on": "S30.5.5"}
REASON = "意識障害で救急搬送、服薬を確認するため"


def token_of(html: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', html)
    assert found
    return found[1]


def test_an_emergency_from_search_to_review(cast: Cast) -> None:
    doctor = StaffClient().log_in(cast.actor("east_doctor"))
    found = doctor.post(reverse("circles:emergency"), WHO).content.decode()
    assert "青木内科" in found
    assert "みどり市緑町" not in found
    url = reverse("circles:emergency_open")
    assert doctor.post(url, {"token": token_of(found), "reason": "急"}).status_code == 422
    answer = doctor.post(url, {"token": token_of(found), "reason": REASON}, follow=True)
    assert "みどり市緑町" in answer.content.decode()
    owner = StaffClient().log_in(cast.actor("aoki"))
    listed = owner.get(reverse("circles:reviews")).content.decode()
    assert REASON in listed
    review = re.search(r'href="(/circles/reviews/[^"]+)"', listed)
    assert review
    assert owner.post(review[1], {"justified": "yes", "review": ""}).status_code == 422
    owner.post(review[1], {"justified": "yes", "review": "搬送を確認した"})
    assert "妥当" in owner.get(reverse("circles:reviews") + "?state=done").content.decode()


def test_a_search_result_of_somebody_else_opens_nothing(cast: Cast) -> None:
    found = StaffClient().log_in(cast.actor("east_doctor")).post(reverse("circles:emergency"), WHO)
    other = StaffClient().log_in(cast.actor("takahashi"))
    answer = other.post(
        reverse("circles:emergency_open"), {"token": token_of(found.content.decode()), "reason": REASON}
    )
    assert answer.status_code == 422
    assert "もう一度検索" in answer.content.decode()


def test_a_clerk_has_no_emergency_access(cast: Cast, browser: StaffClient) -> None:
    assert browser.log_in(cast.actor("kimura")).get(reverse("circles:emergency")).status_code == 403


def test_outsiders_see_nothing_to_review(cast: Cast) -> None:
    for login in (f"x1_{Role.AUDITOR.value}", f"x2_{Role.FACILITY_ADMINISTRATOR.value}"):
        text = StaffClient().log_in(cast.actor(login)).get(reverse("circles:reviews")).content.decode()
        assert "確認待ちの緊急参照はありません" in text


def test_a_consent_is_recorded_shown_and_withdrawn(cast: Cast, browser: StaffClient) -> None:
    patient = cast.patient("suzuki")
    client = browser.log_in(cast.actor("kimura"))
    url = reverse("circles:consents", args=[patient.uid])
    hospital = cast.facility("H2")
    said = {
        "type": "explicit_network",
        "reach": "named",
        "facility_1": hospital.name,
        "facility_1_code": str(hospital.uid),
        "purpose": "地域医療連携のため",
        "given_by": "鈴木 一郎",
        "relation": "本人",
        "method": "paper",
        "valid_from": "R7.4.1",
    }
    assert client.post(url, said | {"given_by": ""}).status_code == 422
    assert client.post(url, said).status_code == 302
    panel = reverse("circles:panel", args=[patient.uid])
    assert "みどり東病院" in client.get(panel).content.decode()
    page = client.get(url).content.decode()
    withdraw = re.search(r'action="(/circles/consents/[^"]+)"', page)
    assert withdraw
    client.post(withdraw[1], {"withdraw-reason": "本人の希望"})
    text = client.get(panel).content.decode()
    assert "終わった共有" in text
    assert "撤回" in text
