"""What people type, lose and try, through the real pages: odd characters, impossible dates, lost sessions, strangers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7
from renkei.patients.models import Patient
from renkei.referrals import queries
from renkei.referrals.models import Referral
from renkei.referrals.papers import pdf
from renkei.referrals.registry import all_kinds
from renkei.referrals.tests.desks import Desk, clerk, monday, physician, picture, text_of, upload, url
from renkei.referrals.tests.test_the_loop import Region, region
from renkei.referrals.types import ReplyKind
from testing.cast import PASSWORD, Cast
from testing.database import arranging
from testing.fixtures import StaffClient

__all__ = ["clerk", "monday", "physician", "region"]

PERSON = {"name": "大野 とめ", "kana": "おおの とめ", "birth_on": "T10.5.3", "sex": "female"}
Whole = dict[str, list[Any]]
AUTOSAVE = {"X-Renkei-Autosave": "1"}


# a patient who cannot be, and one who is very old


def register(desk: Desk, **typed: str) -> Any:
    return desk.browser.post(reverse("patients:add"), PERSON | {"uid": str(uuid7())} | typed, follow=True)


def kept(name: str) -> Patient | None:
    with arranging():
        return Patient._base_manager.filter(name=name).first()


@pytest.mark.parametrize("typed", ["2026-06-02", "R8.6.2", "令和９年１月１日", "2999-12-31"])
def test_a_birth_date_in_the_future_is_refused_with_what_was_typed(clerk: Desk, typed: str) -> None:
    answer = register(clerk, birth_on=typed)
    page = text_of(answer)
    assert answer.status_code == 422
    assert "未来の日付" in page
    assert f'value="{typed}"' in page
    assert "大野 とめ" in page
    assert kept("大野 とめ") is None


def test_a_child_born_today_can_be_registered(clerk: Desk) -> None:
    assert register(clerk, birth_on="R8.6.1").status_code == 200
    found = kept("大野 とめ")
    assert found is not None
    assert found.birth_on == date(2026, 6, 1)


@pytest.mark.parametrize(
    ("typed", "born", "shown"),
    [
        ("T10.5.3", date(1921, 5, 3), "大正10年5月3日"),
        ("Ｔ１０．５．３", date(1921, 5, 3), "大正10年5月3日"),
        ("大正十五年十二月二十四日", None, ""),
        ("大正15年12月24日", date(1926, 12, 24), "大正15年12月24日"),
        ("大正元年7月30日", date(1912, 7, 30), "大正元年7月30日"),
        ("㍽10年5月3日", date(1921, 5, 3), "大正10年5月3日"),
        ("大正16年1月1日", None, ""),
        ("大正元年7月29日", None, ""),
    ],
)
def test_a_birth_date_in_taisho_is_kept_and_shown_or_refused_with_the_text(
    clerk: Desk, typed: str, born: date | None, shown: str
) -> None:
    answer = register(clerk, birth_on=typed)
    found = kept("大野 とめ")
    if born is None:
        assert (answer.status_code, found) == (422, None)
        assert typed in text_of(answer)
        return
    assert found is not None
    assert found.birth_on == born
    assert shown in text_of(answer)


# characters


def test_full_width_input_is_read_where_it_is_a_number_and_kept_where_it_is_text(clerk: Desk) -> None:
    typed = {
        "name": "カーター　Ｊｏｈｎ",
        "kana": "ｶｰﾀｰ　ｼﾞｮﾝ",
        "postal_code": "２５９－０１２３",
        "phone": "０４６３－００－５６７８",
        "address": "みどり市緑町４－５",
        "birth_on": "１９５９／３／４",
    }
    answer = register(clerk, **typed)
    assert answer.status_code == 200, text_of(answer)
    with arranging():
        found = Patient._base_manager.get(postal_code="259-0123")
    assert found.birth_on == date(1959, 3, 4)
    assert "カーター" in found.name
    assert found.kana == "カーター ジョン"
    assert found.address == "みどり市緑町４－５"
    for words in ("０４６３００５６７８", "0463-00-5678", "かーたー", "ｶｰﾀｰ"):
        page = clerk.browser.get(reverse("patients:index"), {"q": words})
        assert str(found.uid) in text_of(page), words


@pytest.mark.parametrize(
    ("name", "place"),
    [("高\ue000 一", "2文字目"), ("高\U000f0000 一", "2文字目"), ("高\ufffd 一", "2文字目")],
)
def test_a_character_of_one_machine_only_is_refused_with_its_place(
    clerk: Desk, name: str, place: str
) -> None:
    answer = register(clerk, name=name)
    assert answer.status_code == 422
    assert place in text_of(answer)
    assert name in text_of(answer)
    assert kept(name) is None


@pytest.mark.parametrize("name", ["𠮷田 𩸽", "渡邉󠄂 﨑", "髙橋 德"])
def test_surrogate_pairs_and_variants_are_kept_to_the_letter(clerk: Desk, physician: Desk, name: str) -> None:
    assert register(clerk, name=name).status_code == 200
    patient = kept(name)
    assert patient is not None
    answer = physician.browser.post(reverse("referrals:new"), {"patient": patient.uid})
    referral = physician.see(answer["Location"].split("/")[-3])
    assert f"{name} 様" in text_of(physician.browser.get(url(referral)))
    assert physician.post(referral, "send").status_code == 302
    receiver = Desk(clerk.cast, StaffClient(), "sato")
    assert name in text_of(receiver.browser.get(reverse("referrals:show", args=[referral.uid])))


def test_half_of_a_surrogate_pair_is_refused_and_breaks_nothing(clerk: Desk) -> None:
    """A browser cannot send it; a broken program can (CESU-8 bytes in the form)."""
    body = f"uid={uuid7()}&name=%ED%A1%82%20%E4%B8%80&birth_on=T10.5.3&sex=female"
    answer = clerk.browser.post(
        reverse("patients:add"), body, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 422
    assert "文字化け" in text_of(answer)


def test_ten_thousand_characters_with_line_ends_reach_the_receiver_and_the_paper(physician: Desk) -> None:
    line = "𠮷田様の経過、HbA1c ９.２％。"
    note = "\r\n".join([line] * (10_000 // (len(line) + 2)))
    note += "了" * (10_000 - len(note))
    assert len(note) == 10_000
    referral = physician.start()
    assert physician.post(referral, "send", course=note, remarks=note).status_code == 302
    stored = physician.letter(referral).read_content()
    assert stored.course == stored.remarks == note.replace("\r\n", "\n")
    receiver = Desk(physician.cast, StaffClient(), "sato")
    page = text_of(receiver.browser.get(reverse("referrals:show", args=[referral.uid])))
    assert page.count("𠮷田様の経過") >= 2 * note.count("𠮷")
    paper = receiver.browser.get(reverse("referrals:letter_pdf", args=[referral.uid]))
    assert paper.status_code == 200
    assert paper.content.startswith(b"%PDF-")


# a session that ends in the middle of a letter


def csrf(browser: Client) -> dict[str, str]:
    return {"X-CSRFToken": browser.get(reverse("ui:token")).json()["token"]}


def log_in_by_password(browser: Client) -> None:
    answer = browser.post(
        "/accounts/login/", {"login": "kimura", "password": PASSWORD}, headers=csrf(browser)
    )
    assert answer.status_code == 302


def test_a_session_that_ends_in_the_middle_of_a_letter_loses_no_word(cast: Cast) -> None:
    """With the browser's own defences on: the log-in changes the token that the open page still holds."""
    browser = Client(enforce_csrf_checks=True)
    log_in_by_password(browser)
    patient = {"patient": cast.patient("suzuki").uid}
    address = browser.post(reverse("referrals:new"), patient, headers=csrf(browser))["Location"]
    page = text_of(browser.get(address))
    old = csrf(browser)
    typed = {
        "version": re.findall(r'name="version" value="(\d+)"', page)[0],
        "_facility": cast.facility("C1").pk,
        "purpose": "三十分かけて書いた紹介目的です。",
        "course": "途中で電話に出ました。" * 200,
        "urgency": "routine",
        "basis": "posted_notice",
    }
    with clock.frozen(clock.now() + timedelta(minutes=31)):
        lost = browser.post(address, typed, headers=AUTOSAVE | old)
        assert lost.status_code == 401
        assert lost["X-Login"] == "/accounts/login/"
        assert "三十分かけて" not in text_of(browser.get(address, follow=True))
        log_in_by_password(browser)
        assert browser.post(address, typed, headers=AUTOSAVE | old).status_code == 403
        saved = browser.post(address, typed, headers=AUTOSAVE | csrf(browser))
        assert saved.status_code == 200
        page = text_of(browser.get(address))
    assert typed["purpose"] in page
    assert typed["course"] in page


# closing


def test_closing_without_a_reply_asks_for_the_reason_on_the_page(
    region: Region, browser: StaffClient
) -> None:
    referral = region.arrived()
    desk = browser.log_in(region.cast.actor("sato"))
    address = reverse("referrals:make", args=[referral.uid, "close"])
    version = region.see(region.cast.actor("sato"), referral).version
    for reason in ("", "　 "):
        answer = desk.post(address, {"version": version, "reason": reason})
        assert answer.status_code == 422
        assert "理由" in text_of(answer)
        assert region.state("sato", referral) == "arrived"
    assert desk.post(address, {"version": version, "reason": "転居のため"}).status_code == 302
    assert region.state("aoki", referral) == "closed"


# a hospital that is not the addressee

HIDDEN = ("鈴木", "スズキ イチロウ", "教育入院")


def referral_patterns() -> list[URLPattern]:
    """Every address of the module, from the resolver; also those that are written tomorrow."""
    _prefix, resolver = get_resolver().namespace_dict["referrals"]
    return [part for part in resolver.url_patterns if isinstance(part, URLPattern)]


def keys_of(pattern: URLPattern) -> set[str]:
    return set(pattern.pattern.converters)


@pytest.fixture
def whole(region: Region, physician: Desk) -> Whole:
    """A letter with attachment, date, visit and sent reply; the values for every converter of an address."""
    referral = region.draft()
    assert upload(physician, referral, SimpleUploadedFile("胸部.png", picture())).status_code == 200
    region.do("aoki", "finalise", referral)
    region.do("aoki", "send", referral)
    region.do("sato", "offer_date", referral, starts_at=clock.now() + timedelta(days=4), confirmed=True)
    region.do("sato", "arrive", referral)
    region.reply("takahashi", referral, ReplyKind.FIRST_REPORT)
    sato = region.cast.actor("sato")
    with acting(sato):
        all_of_it = queries.whole(sato, region.see(sato, referral))
    attachment, reply = all_of_it.attachments[0], all_of_it.replies[0]
    return {
        "uid": [referral.uid, region.cast.patient("suzuki").uid],
        "number": [1],
        "reply_uid": [reply.uid],
        "attachment": [attachment.uid],
        "file_uid": [attachment.uid],
        "token": [pdf.qr_text(referral).rstrip("/").rsplit("/", 1)[1]],
        "move": sorted({move.name for kind in all_kinds() for move in kind.workflow.moves}),
    }


def addresses(pattern: URLPattern, values: Whole) -> Iterator[str]:
    unknown = keys_of(pattern) - values.keys()
    assert not unknown, f"give the fixture `whole` a value for {unknown} of referrals:{pattern.name}"
    first = {key: values[key][0] for key in keys_of(pattern)}
    others = [first | {key: value} for key in sorted(first) for value in values[key][1:]]
    for chosen in [first, *others]:
        yield reverse(f"referrals:{pattern.name}", kwargs=chosen)


def state_of(uid: Any) -> tuple[Any, ...]:
    """Version, state and the number of rows around the letter."""
    around = ("referralmove", "message", "replyletter", "attachment", "dateoffer", "deadline")
    counts = ", ".join(
        f"(SELECT count(*) FROM referrals_{name} t WHERE t.referral_id = r.id)" for name in around
    )
    with arranging(), connection.cursor() as cursor:
        cursor.execute(f"SELECT version, state, {counts} FROM referrals_referral r WHERE uid = %s", [uid])
        return tuple(cursor.fetchone())


def test_the_addressee_opens_what_the_stranger_is_refused(
    region: Region, browser: StaffClient, whole: Whole
) -> None:
    """Otherwise the next proof would hold for an empty reason."""
    desk = browser.log_in(region.cast.actor("sato"))
    opened = set()
    for pattern in referral_patterns():
        if keys_of(pattern):
            first = next(iter(addresses(pattern, whole)))
            if desk.get(first, follow=True).status_code == 200:
                opened.add(pattern.name)
    assert opened >= {
        "show",
        "panel",
        "letter_pdf",
        "letter_version_pdf",
        "reply_pdf",
        "slip_pdf",
        "file",
        "scanned",
    }


@pytest.mark.parametrize("who", ["east_clerk", "east_doctor"])
def test_a_hospital_that_is_not_the_addressee_opens_the_letter_at_no_address(
    region: Region, browser: StaffClient, whole: Whole, who: str
) -> None:
    """The physician, who may do most, tries every key and move and the fragments, too; the clerk one of each."""
    uid = whole["uid"][0]
    before = state_of(uid)
    stranger = browser.log_in(region.cast.actor(who))
    form = {"version": before[0], "reason": "確認のため", "text": "見せてください", "message-text": "どうぞ"}
    keyed = [pattern for pattern in referral_patterns() if keys_of(pattern)]
    assert len(keyed) > 15
    for pattern in keyed:
        paths = list(addresses(pattern, whole))
        for send in (stranger.get, stranger.post):
            data: Any = form if send == stranger.post else {}
            answers = [send(paths[0], data)]
            if who == "east_doctor" and answers[0].status_code != 405:
                answers += [send(path, data) for path in paths[1:]]
                answers.append(send(paths[0], data, headers={"HX-Request": "true"}))
            for answer in answers:
                assert answer.status_code in {403, 404, 405}, (answer.status_code, pattern.name)
                assert not [word for word in HIDDEN if word in text_of(answer)], pattern.name
    assert state_of(uid) == before


@pytest.mark.parametrize("who", ["east_clerk", "east_doctor"])
def test_no_list_or_form_of_another_hospital_leads_to_the_letter(
    region: Region, browser: StaffClient, whole: Whole, who: str
) -> None:
    uid = str(whole["uid"][0])
    stranger = browser.log_in(region.cast.actor(who))
    patient = str(region.cast.patient("suzuki").uid)
    number = region.see(region.cast.actor("sato"), Referral(uid=uid)).number
    asked = {"q": "スズキ", "patient": patient, "tab": "open", "receiver": "みどり"}
    for pattern in referral_patterns():
        if keys_of(pattern):
            continue
        path = reverse(f"referrals:{pattern.name}")
        shown = [stranger.get(path), stranger.get(path, asked), stranger.post(path, asked | {"uids": [uid]})]
        for answer in shown:
            assert answer.status_code in {200, 304, 404, 405, 422}, f"{answer.status_code} at {path}"
            body = answer.content.decode(errors="replace")
            assert not [word for word in (uid, number, "鈴木") if word in body], path
