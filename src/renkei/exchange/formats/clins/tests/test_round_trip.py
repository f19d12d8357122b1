"""Out and in again loses nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from renkei.exchange.formats.clins.build import build
from renkei.exchange.formats.clins.codes import DISEASE_KEY, YJ
from renkei.exchange.formats.clins.parse import parse
from renkei.exchange.formats.clins.rules import as_sent
from renkei.exchange.formats.clins.sections import BY_CODE
from renkei.referrals.types import (
    Diagnosis,
    LetterContent,
    LetterDocument,
    Party,
    PatientCard,
    Prescription,
    Section,
)

JAPANESE = st.text(alphabet="あア漢𠮷髙﨑 　\n\r\t<>&\"'－①ｶﾞ｜：疑い。、A1\x00", max_size=30)
TEXT = st.one_of(JAPANESE, st.text(max_size=20), st.just(""), st.just("記載なし"))
NAME = st.one_of(
    st.sampled_from(["𠮷田 花子", "髙橋　𠮷之助", "山田", "ジョン スミス ジュニア"]),
    st.text(alphabet="山田花子𠮷 　ｱ", min_size=1, max_size=8).filter(lambda text: text.strip() != ""),
)
DATE = st.one_of(st.just(""), st.dates().map(lambda day: day.isoformat()))
NUMBER = st.from_regex(r"[0-4][0-9][1-3][0-9]{7}", fullmatch=True)
CODE = st.one_of(st.just(""), st.text(alphabet="A0 ", max_size=6))

diagnoses = st.builds(
    Diagnosis,
    text=TEXT,
    code=CODE,
    code_system=st.sampled_from(["", DISEASE_KEY, "http://example.org/x"]),
    icd10=CODE,
    onset_on=st.one_of(DATE, st.just("昨年春")),
    suspected=st.booleans(),
)
prescriptions = st.builds(
    Prescription,
    name=TEXT,
    usage=TEXT,
    amount=TEXT,
    code=CODE,
    code_system=st.sampled_from(["", YJ, "http://medis.or.jp/CodeSystem/master-HOT9"]),
)
sections = st.one_of(
    st.sampled_from(["610", "640", "520", "370", "210", "220"]).flatmap(
        lambda code: st.builds(Section, code=st.just(code), title=st.just(BY_CODE[code].title), text=TEXT)
    ),
    st.builds(Section, code=CODE, title=TEXT, text=TEXT),
)
contents = st.builds(
    LetterContent,
    purpose=TEXT.map(lambda text: f"精査のお願い{text}"),
    diagnoses=st.lists(diagnoses, max_size=3).map(tuple),
    past_history=TEXT,
    family_history=TEXT,
    allergies=TEXT,
    course=TEXT,
    results=TEXT,
    treatment=TEXT,
    prescriptions=st.lists(prescriptions, max_size=3).map(tuple),
    prescription_text=TEXT,
    remarks=TEXT,
    extra_sections=st.lists(sections, max_size=3).map(tuple),
)


def parties(number: st.SearchStrategy[str]) -> st.SearchStrategy[Party]:
    return st.builds(
        Party,
        facility_name=NAME,
        institution_number=number,
        department=TEXT,
        physician=st.one_of(st.just(""), NAME),
        postal_code=TEXT,
        address=TEXT,
        phone=TEXT,
        fax=TEXT,
    )


patients = st.builds(
    PatientCard,
    name=NAME,
    kana=st.one_of(st.just(""), NAME),
    birth_on=DATE,
    sex=st.sampled_from(["male", "female", "other", "unknown"]),
    postal_code=TEXT,
    address=TEXT,
    phone=TEXT,
    occupation=TEXT,
    local_number=TEXT,
    insured_number=st.one_of(TEXT, st.just("06140012:１２:３４５６:01"), st.just("12345678::1234567:")),
)
letters = st.builds(
    LetterDocument,
    uid=st.uuids().map(str),
    number=TEXT,
    version=st.integers(min_value=1, max_value=99),
    issued_at=st.one_of(
        st.dates().map(lambda day: day.isoformat()),
        st.datetimes(timezones=st.timezones()).map(lambda t: t.isoformat()),
    ).filter(lambda value: len(value) == 10 or (value[-3] == ":" and value[-6] in "+-")),
    sender=parties(NUMBER),
    receiver=parties(st.one_of(st.just(""), NUMBER, TEXT)),
    patient=patients,
    content=contents,
    kind_title=st.one_of(st.just("診療情報提供書"), TEXT),
    entered_by=st.one_of(st.just(""), NAME),
)


@settings(max_examples=150, deadline=None)
@given(letters)
def test_a_letter_that_goes_out_and_comes_in_again_is_the_same_letter(letter: LetterDocument) -> None:
    sent = as_sent(letter)
    assert parse(build(letter)).document == sent
    assert as_sent(sent) == sent


@settings(max_examples=100, deadline=None)
@given(contents)
def test_the_rules_of_characters_change_nothing_that_a_person_reads(content: LetterContent) -> None:
    party = Party("さくら内科", "1410112345")
    letter = LetterDocument("a", "", 1, "2026-06-01", party, party, PatientCard("山田 花子"), content)
    sent = as_sent(letter).content
    for name in ("course", "results", "treatment", "remarks", "past_history"):
        given, kept = getattr(content, name), getattr(sent, name)
        assert [char for char in given if char.isprintable() and not char.isspace()] == [
            char for char in kept if char.isprintable() and not char.isspace()
        ]


def test_a_note_of_ten_thousand_characters_comes_back_whole() -> None:
    party = Party("さくら内科", "1410112345")
    content = LetterContent(purpose="お願い", course="𠮷野家の前で転倒。\n　" * 1000)
    letter = LetterDocument("a", "", 1, "2026-06-01", party, party, PatientCard("山田 花子"), content)
    assert parse(build(letter)).document == letter
