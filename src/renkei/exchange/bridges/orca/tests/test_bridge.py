"""A patient by number out of 日レセ; bridge and fake are held against the published field list."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from urllib.parse import urlsplit

import pytest

from renkei.exchange.bridges.orca import client, reading
from renkei.exchange.bridges.orca.fields import INSURANCE, NEVER, READ, RESULTS
from renkei.exchange.bridges.orca.tests import fake
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotFound
from renkei.kernel.outward import Unreachable

LAUGHS = (
    '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;">]>'
    "<xmlio2><patientinfores><Api_Result>&c;</Api_Result></patientinfores></xmlio2>"
)
OUTER = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><xmlio2><patientinfores>&b;</patientinfores></xmlio2>'


@pytest.fixture(autouse=True)
def monday() -> Iterator[None]:
    with clock.frozen(clock.jst(2026, 6, 1, 9)):
        yield


@pytest.fixture
def orca(socket_enabled: None) -> Iterator[fake.Fake]:
    with fake.running() as running:
        yield running


def ask(orca: fake.Fake, number: str = "17", password: str = fake.PASSWORD) -> reading.OrcaPatient:
    return client.fetch(orca.url, fake.USER, password, number, internal={urlsplit(orca.url).netloc})


def test_the_fake_says_every_field_that_the_bridge_reads_and_no_other_but_the_forbidden_one() -> None:
    root = reading.parse(fake.answer().encode())
    body = root.find("patientinfores")
    assert body is not None
    assert [f.path for f in READ if body.find(f.path) is None] == []
    assert set(fake.VALUES) | {f"{INSURANCE}/{tag}" for tag in fake.CARD} == {f.path for f in READ}
    assert all(body.find(f.path) is not None for f in NEVER)


def test_the_bridge_asks_for_no_path_outside_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    plain = reading._text

    def watched(element: object, path: str) -> str:
        tag = element.tag  # type: ignore[attr-defined]
        asked.add(path if tag == "patientinfores" else f"{INSURANCE}/{path}")
        return plain(element, path)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "_text", watched)
    body = fake.answer(PhoneNumber1="", Api_Result="00")
    reading.read(body.encode())
    with pytest.raises(Unreachable):
        reading.read(fake.answer(Api_Result="E9").encode())
    assert asked == {f.path for f in READ}


def test_a_patient_by_number(orca: fake.Fake) -> None:
    found = ask(orca, "００017")
    assert (found.local_number, found.name, found.kana) == ("00017", "連携 花子", "レンケイ ハナコ")
    assert (found.birth_on, found.sex) == (date(1975, 1, 1), "female")
    assert found.address == "神奈川県みどり市緑町６−１６−３"
    assert found.phone == "0463-00-2222"
    assert found.insured == reading.Insured("138057", "０１", "１２３４５６７", "01", date(2010, 5, 1))
    assert orca.asked == ["/api01rv2/patientgetv2?id=00017"]
    assert fake.MY_NUMBER not in repr(found)


def test_nobody_with_that_number_is_told(orca: fake.Fake) -> None:
    with pytest.raises(NotFound) as told:
        ask(orca, "18")
    assert (told.value.code, told.value.field) == ("no_such_patient", "number")


def test_a_wrong_password_is_told(orca: fake.Fake) -> None:
    with pytest.raises(Unreachable) as told:
        ask(orca, password="other")
    assert told.value.code == "password"


@pytest.mark.parametrize(
    "body", ["", "<xmlio2>", "not xml", LAUGHS, OUTER, "<html><body/></html>", "<a>" * 500], ids=range(7)
)
def test_an_answer_that_cannot_be_read_is_refused(orca: fake.Fake, body: str) -> None:
    orca.body = body.encode()
    with pytest.raises(Unreachable) as told:
        ask(orca)
    assert told.value.code == "not_xml"


@pytest.mark.parametrize("code", [c for c in RESULTS if c != "10"])
def test_each_error_of_the_list_is_told_with_its_sentence(orca: fake.Fake, code: str) -> None:
    orca.body = fake.answer(Api_Result=code).encode()
    with pytest.raises(Unreachable) as told:
        ask(orca)
    assert RESULTS[code] in told.value.message_ja


def test_a_server_error_and_a_closed_port_are_told(orca: fake.Fake) -> None:
    orca.status = 503
    with pytest.raises(Unreachable) as told:
        ask(orca)
    assert "503" in told.value.message_ja
    with pytest.raises(Unreachable) as closed:
        client.fetch("http://127.0.0.1:9", "u", "p", "17", internal={"127.0.0.1:9"})
    assert closed.value.message_ja.startswith("日レセに接続できません。")
    assert closed.value.message_ja.endswith("手で登録して紹介状を書けます。")


@pytest.mark.parametrize("number", ["", "17&x=1", "../17", "あ", "1" * 21])
def test_a_number_that_is_none_goes_nowhere(orca: fake.Fake, number: str) -> None:
    with pytest.raises(Invalid) as refused:
        ask(orca, number)
    assert refused.value.field == "number"
    assert orca.asked == []


def test_a_host_inside_that_the_installation_did_not_name_is_refused(orca: fake.Fake) -> None:
    with pytest.raises(Invalid) as refused:
        client.fetch(orca.url, fake.USER, fake.PASSWORD, "17")
    assert refused.value.field == "base_url"
    assert orca.asked == []


def test_a_birth_date_that_is_none_is_told(orca: fake.Fake) -> None:
    orca.body = fake.answer(BirthDate="1975-13-01").encode()
    with pytest.raises(Invalid) as refused:
        ask(orca)
    assert re.search("生年月日", refused.value.message_ja)
