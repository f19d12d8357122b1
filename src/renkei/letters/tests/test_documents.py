"""The papers: what a clinic, a hospital and a patient must find on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import BytesIO

import pypdf
import pytest
from PIL import Image

from renkei.kernel.errors import Invalid
from renkei.letters import (
    Diagnosis,
    LetterContent,
    Prescription,
    ReplyContent,
    Section,
    cover_sheet,
    notice_letter,
    pages,
    patient_slip,
    referral_letter,
    reply_letter,
)
from renkei.letters.documents import REPLY_TITLES
from renkei.letters.tests.factories import (
    BARE_LETTER,
    CONTENT,
    COVER,
    LETTER,
    LONG_LETTER,
    NOTICE,
    REPLY,
    SLIP,
    page_texts,
    text_of,
)

FORM_LABELS = (
    "紹介先医療機関等 紹介元医療機関 患者氏名 性別 生年月日 職業 住所 電話番号 傷病名 紹介目的 "
    "既往歴及び家族歴 病状経過及び検査結果 治療経過 現在の処方 備考 添付"
).split()


def picture(kind: str, size: tuple[int, int] = (600, 400)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "gray").save(out, kind)
    return out.getvalue()


def test_a_referral_letter_carries_every_item_of_the_national_form() -> None:
    text = text_of(referral_letter(LETTER))
    for label in FORM_LABELS:
        assert label in text
    entries = (
        "青葉県立中央病院 循環器内科髙橋健一先生御侍史 山﨑由美子 𠮷田 ヨシダ 女性 農業 0999-00-2345 慢性心不全 "
        "ICD-10I50.9 発症2024年5月 虚血性心疾患（疑い） 大腿骨頸部骨折 父：脳梗塞 ペニシリン系 フロセミド錠40mg 28日分 "
        "612.5 胸部X線画像（CD-R1枚） 至急 代行入力川辺まり"
    )
    for entry in entries.split():
        assert entry in text, entry


def test_dates_stand_in_era_and_western_years_with_the_age_on_the_day_of_issue() -> None:
    text = text_of(referral_letter(LETTER))
    assert "作成日令和8年11月21日(2026-11-21)" in text
    assert "昭和25年5月5日(1950-05-05)76歳" in text
    taisho = replace(LETTER, patient=replace(LETTER.patient, birth_on="1924-01-02"))
    assert "大正13年1月2日(1924-01-02)102歳" in text_of(referral_letter(taisho))


def test_an_unknown_birth_date_leaves_no_age() -> None:
    text = text_of(referral_letter(replace(LETTER, patient=replace(LETTER.patient, birth_on="1950"))))
    assert "1950年" in text
    assert "歳" not in text


def test_lowered_and_raised_digits_are_drawn_and_stay_searchable() -> None:
    text = text_of(referral_letter(LETTER))
    assert "SpO294%" in text
    assert "15×104/" in text
    assert "〓" not in text


def test_three_pages_are_numbered_and_each_names_the_patient_and_the_document() -> None:
    texts = page_texts(referral_letter(LONG_LETTER))
    assert len(texts) == 3
    for number, text in enumerate(texts, start=1):
        assert f"{number}/3頁" in text
        assert "REF-2026-000123" in text
        assert "𠮷田" in text
        assert "花子" in text
    assert "診療情報提供書（続き）" not in texts[0]
    assert all("診療情報提供書（続き）患者氏名𠮷田花子様昭和25年5月5日生" in text for text in texts[1:])


def test_a_note_of_ten_thousand_characters_loses_none() -> None:
    sentence = "坂道で息切れを自覚されました"
    note = "".join(f"{sentence}{n:03d}。" for n in range(556))
    assert len(note) >= 10_000
    texts = page_texts(referral_letter(replace(LETTER, content=replace(CONTENT, course=note))))
    body = "".join(texts)
    assert body.count("。") >= 556
    assert [n for n in range(556) if f"{n:03d}。" not in body] == []
    assert all("REF-2026-000123" in text for text in texts)


def test_a_single_word_of_a_thousand_letters_does_not_stop_the_letter() -> None:
    assert pages(referral_letter(replace(LETTER, content=replace(CONTENT, course="A" * 1000)))) >= 1


def test_what_was_not_written_leaves_one_line_and_no_empty_rows() -> None:
    text = text_of(referral_letter(BARE_LETTER))
    assert "記載のない項目傷病名、既往歴及び家族歴、病状経過及び検査結果、治療経過、現在の処方" in text
    for label in ("生年月日", "住所", "職業", "備考", "添付", "代行入力", "電話", "医師氏名", "発症"):
        assert label not in text
    assert pages(referral_letter(BARE_LETTER)) == 1


def test_a_full_letter_names_no_missing_item() -> None:
    assert "記載のない項目" not in text_of(referral_letter(LETTER))


def test_a_correction_says_its_version_and_what_changed() -> None:
    corrected = text_of(referral_letter(replace(LETTER, version=2, correction_note="用量を訂正しました。")))
    assert "第2版(訂正)" in corrected
    assert "訂正の内容用量を訂正しました。" in corrected
    assert "版" not in text_of(referral_letter(LETTER))


def test_sections_that_the_form_does_not_know_are_printed_under_their_titles() -> None:
    extra = (Section("510", "感染症", "HBs抗原（−）"), Section("640", "社会歴", ""))
    text = text_of(referral_letter(replace(LETTER, content=replace(CONTENT, extra_sections=extra))))
    assert "感染症HBs抗原（−）" in text
    assert "社会歴" not in text


def test_a_long_drug_list_is_printed_whole() -> None:
    drugs = tuple(Prescription(f"薬剤{n:02d}", "1日1回", "28日分") for n in range(60))
    text = text_of(referral_letter(replace(LETTER, content=replace(CONTENT, prescriptions=drugs))))
    assert all(f"薬剤{n:02d}" in text for n in range(60))


def test_a_letter_that_would_spill_a_few_lines_is_set_on_one_sheet() -> None:
    sizes = [
        pages(referral_letter(replace(LETTER, content=replace(CONTENT, course="経過です。\n" * n))))
        for n in (1, 15, 60)
    ]
    assert sizes == [1, 1, 2]


def test_content_kept_as_json_comes_back_as_the_same_letter() -> None:
    raw = {
        "purpose": "精査", "diagnoses": [{"text": "心不全"}], "prescriptions": [{"name": "薬"}],
        "extra_sections": [{"code": "1", "title": "題", "text": "文"}],
    }  # fmt: skip
    content = LetterContent.from_json(raw)
    assert content.diagnoses == (Diagnosis("心不全"),)
    assert content.extra_sections[0].title == "題"
    with pytest.raises(TypeError):
        LetterContent.from_json({"unknown": ""})


@pytest.mark.parametrize(("kind", "title"), sorted(REPLY_TITLES.items()))
def test_each_kind_of_reply_has_its_title_and_goes_back_to_who_referred(kind: str, title: str) -> None:
    text = text_of(reply_letter(replace(REPLY, kind=kind)))
    assert title in text
    assert "みどり町診療所山﨑由美子先生御侍史" in text
    assert "ご紹介令和8年11月21日(2026-11-21)文書番号REF-2026-000123" in text
    assert "次回受診予定令和9年1月14日(2027-01-14)" in text


def test_a_reply_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(KeyError):
        reply_letter(replace(REPLY, kind="thanks"))


def test_an_arrival_notice_shows_only_what_is_known() -> None:
    text = text_of(
        reply_letter(replace(REPLY, kind="arrival_notice", content=ReplyContent(visited_on="2026-12-03")))
    )
    assert "来院日令和8年12月3日" in text
    for label in ("入院日", "退院日", "診断名", "処方", "今後の方針"):
        assert label not in text


def test_a_slip_tells_the_day_the_hour_in_japan_the_place_and_what_to_bring() -> None:
    text = text_of(patient_slip(SLIP))
    entries = (
        "令和8年12月3日（木） （2026年） 午後1時30分 （13:30） 青葉県立中央病院循環器内科 お薬手帳 電話0999-00-1000 "
        "青葉中央駅から徒歩8分 13時10分までに 患者番号0012345"
    )
    for entry in entries.split():
        assert entry in text, entry
    assert pages(patient_slip(SLIP)) == 1


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_facilitys_own_map_is_on_the_slip(kind: str) -> None:
    bare, mapped = patient_slip(SLIP), patient_slip(replace(SLIP, map_picture=picture(kind)))
    assert len(list(pypdf.PdfReader(BytesIO(bare)).pages[0].images)) == 0
    assert [
        image.image.size for image in pypdf.PdfReader(BytesIO(mapped)).pages[0].images if image.image
    ] == [(600, 400)]
    assert "案内図" in text_of(mapped)
    assert "案内図" not in text_of(bare)


def test_a_huge_map_is_made_smaller_and_a_broken_one_is_refused_with_the_remedy() -> None:
    large = patient_slip(replace(SLIP, map_picture=picture("PNG", (5000, 2500))))
    assert [image.image.size for image in pypdf.PdfReader(BytesIO(large)).pages[0].images if image.image] == [
        (2000, 1000)
    ]
    for broken in (b"GIF89a", b"\x89PNG\r\n\x1a\n", picture("JPEG")[:400], b"<svg/>"):
        with pytest.raises(Invalid, match="PNGかJPEG"):
            patient_slip(replace(SLIP, map_picture=broken))


def test_an_invitation_by_post_shows_address_name_and_code() -> None:
    text = text_of(notice_letter(NOTICE))
    for entry in (
        "〒999-0000",
        "山﨑由美子先生",
        "yamasaki-yumiko",
        "7K4P-92QX-MD3R",
        "有効期限令和8年12月8日",
        "令和8年11月24日",
    ):
        assert entry in text, entry


def test_a_plain_notice_without_codes_has_no_empty_box() -> None:
    text = text_of(notice_letter(replace(NOTICE, credentials=(), valid_until="", steps=(), qr="")))
    assert "手順" not in text
    assert "有効期限" not in text
    assert "スマートフォン" not in text


def test_a_fax_cover_tells_the_sheets_and_what_to_do_when_it_went_astray() -> None:
    text = text_of(cover_sheet(replace(COVER, urgency="urgent")))
    for entry in (
        "至急",
        "FAX0999-00-1001",
        "この送付状を含めて4枚",
        "宛先でない方に届いた場合",
        "診療情報提供書（3枚）",
    ):
        assert entry in text, entry
    assert "枚数この" not in text_of(cover_sheet(replace(COVER, page_count=0)))


def test_a_birth_date_after_the_letter_prints_no_age() -> None:
    later = replace(LETTER, issued_on=date(1950, 1, 1))
    assert "歳" not in text_of(referral_letter(later))


def test_a_long_foreign_name_and_a_long_addressee_keep_to_the_form() -> None:
    name = "ヴァンデンベルグ アレクサンドラ マリア"
    doc = replace(
        LETTER,
        kind_title="診療情報提供書（逆紹介）",
        patient=replace(LETTER.patient, name=name, kana=name, insured_number="06123456・1234・12 枝番01"),
        receiver=replace(
            LETTER.receiver, facility_name="独立行政法人青葉県立病院機構青葉県立中央医療センター"
        ),
    )
    texts = page_texts(referral_letter(doc))
    assert len(texts) == 1
    assert "ヴァンデンベルグアレクサンドラマリア様" in texts[0]
    assert "被保険者番号06123456" in texts[0]
