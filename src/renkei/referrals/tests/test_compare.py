"""What changed between versions: by field, by word, long unchanged text folded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from renkei.referrals.models import Referral, ReferralLetter
from renkei.referrals.registry import kind_of
from renkei.referrals.types import Diagnosis, LetterContent, Prescription
from renkei.referrals.writing.compare import Piece, changes, content_changes, pieces


def shown(found: list[Piece]) -> list[tuple[str, str]]:
    return [(p.how, p.text) for p in found]


def test_a_changed_number_is_shown_as_a_whole() -> None:
    assert shown(pieces("HbA1c 9.2%でした。", "HbA1c 8.7%でした。")) == [
        ("same", "HbA1c "),
        ("removed", "9.2"),
        ("added", "8.7"),
        ("same", "%でした。"),
    ]


def test_only_fields_that_differ_are_listed_with_the_labels_of_the_kind() -> None:
    old = LetterContent(purpose="精査", diagnoses=(Diagnosis("2型糖尿病", icd10="E11"),))
    new = LetterContent(
        purpose="精査",
        course="悪化",
        diagnoses=(Diagnosis("2型糖尿病", icd10="E11"), Diagnosis("肺癌", suspected=True)),
        prescriptions=(Prescription("アムロジピン錠5mg", "1日1回", "28日分"),),
    )
    found = content_changes(old, new, kind_of("back_referral"))
    assert [change.label for change in found] == ["傷病名", "当院での経過", "現在の処方"]
    assert ("added", "\n肺癌の疑い") in shown(list(found[0].pieces))


def test_another_insured_number_is_no_change_that_everybody_reads() -> None:
    """Staff of care services may read the page, but not the number (rules J.1)."""
    content = LetterContent(purpose="精査").to_json()
    old, new = (
        ReferralLetter(
            referral=Referral(kind="referral"),
            number=version,
            content=content,
            printed={"patient": {"name": "鈴木 一郎", "address": address, "insured_number": number}},
        )
        for version, address, number in (
            (1, "緑町1", "06140012:12:3456:01"),
            (2, "緑町2", "06140012:99:77:01"),
        )
    )
    [change] = changes([old, new])
    assert [field.label for field in change.fields] == ["患者"]
    told = "".join(piece.text for piece in change.fields[0].pieces)
    assert "緑町" in told
    assert "06140012" not in told


def test_long_unchanged_text_is_folded_around_the_change() -> None:
    long = "経過は良好です。" * 400
    found = shown(pieces(long + "体重60kg", long + "体重58kg"))
    assert [how for how, _ in found] == ["gap", "same", "removed", "added", "same"]
    assert sum(len(text) for _, text in found) < 100


def test_ten_thousand_changed_characters_are_shown_as_a_whole() -> None:
    found = pieces("あ" * 10_000, "い" * 10_000)
    assert shown(found) == [("removed", "あ" * 10_000), ("added", "い" * 10_000)]


@given(
    st.text(alphabet="薬を1日2回。\nABア𠮷", max_size=60),
    st.text(alphabet="薬を1日2回。\nABア𠮷", max_size=60),
)
def test_removed_and_added_pieces_lead_from_the_old_text_to_the_new(old: str, new: str) -> None:
    found = pieces(old, new)
    assert all(p.how != "gap" for p in found)
    assert "".join(p.text for p in found if p.how != "added") == old
    assert "".join(p.text for p in found if p.how != "removed") == new
