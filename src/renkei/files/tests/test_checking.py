"""An attachment is judged by what it contains; every refusal names the file and the remedy."""

from __future__ import annotations

import hashlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import DeflatedExplicitVRLittleEndian

from renkei.files.checking import DICOM, JPEG, MEGABYTE, PDF, PNG, check, clean_name
from renkei.files.tests import factories as make
from renkei.kernel.errors import Invalid


def refused(name: str, data: bytes, **more: int) -> Invalid:
    with pytest.raises(Invalid) as caught:
        check(name, data, **more)
    error = caught.value
    assert error.field == "file"
    assert f"「{name}」" in error.message_ja
    assert error.message_ja.endswith("ください。")
    return error


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("紹介状.pdf", make.pdf(), PDF),
        ("検査.PNG", make.picture("PNG"), PNG),
        ("皮膚.jpg", make.picture("JPEG"), JPEG),
        ("皮膚.jpeg", make.picture("JPEG"), JPEG),
        ("IM000001", make.dicom(), DICOM),
        ("胸部.dcm", make.dicom(), DICOM),
    ],
)
def test_the_four_kinds_are_taken_byte_for_byte(name: str, data: bytes, media_type: str) -> None:
    checked = check(name, data)
    assert (checked.name, checked.media_type, checked.size) == (name, media_type, len(data))
    assert checked.data is data
    assert checked.sha256 == hashlib.sha256(data).hexdigest()


def test_an_empty_file_is_refused() -> None:
    assert refused("空.pdf", b"").code == "file_empty"


def test_a_file_over_the_limit_is_refused_with_both_sizes() -> None:
    error = refused("動画.pdf", b"%PDF-" + bytes(2 * MEGABYTE), most_bytes=MEGABYTE)
    assert error.code == "file_too_big"
    assert "2.0MB" in error.message_ja
    assert "1MBまで" in error.message_ja


def test_fifty_megabytes_are_the_limit_unless_told_otherwise() -> None:
    assert refused("大.pdf", bytes(50 * MEGABYTE + 1)).code == "file_too_big"
    assert refused("大.pdf", bytes(50 * MEGABYTE)).code == "file_kind_unknown"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("写真.pdf", make.picture("PNG")),
        ("写真.png", make.picture("JPEG")),
        ("報告.jpg", make.pdf()),
        ("胸部.pdf", make.dicom()),
        ("請求.exe", make.pdf()),
        ("名前だけ", make.pdf()),
    ],
)
def test_a_name_that_does_not_fit_the_content_is_refused(name: str, data: bytes) -> None:
    assert refused(name, data).code == "file_disguised"


def test_a_pdf_with_a_password_is_refused_with_the_remedy() -> None:
    error = refused("秘密.pdf", make.pdf(password="himitsu"))
    assert error.code == "file_encrypted"
    assert "パスワードを外して" in error.message_ja


def test_even_a_pdf_with_an_empty_password_is_refused() -> None:
    locked = make.pdf(password="owner-only")
    assert refused("制限.pdf", locked).code == "file_encrypted"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("壊.pdf", make.pdf()[:40]),
        ("壊.pdf", b"%PDF-1.7\n" + b"\xff" * 500),
        ("壊.png", make.picture("PNG")[:30]),
        ("壊.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 40),
        ("壊.dcm", bytes(128) + b"DICM" + b"\x01\x02"),
    ],
)
def test_a_damaged_file_is_refused(name: str, data: bytes) -> None:
    assert refused(name, data).code == "file_broken"


def test_a_picture_bomb_is_refused_from_its_header() -> None:
    bomb = make.png_bomb()
    assert len(bomb) < 10_000
    error = refused("爆弾.png", bomb)
    assert error.code == "file_too_many_pixels"
    assert "1億画素まで" in error.message_ja


def test_a_picture_of_a_little_more_than_the_limit_is_refused_too() -> None:
    error = refused("大判.png", make.png_bomb(10_001))
    assert error.code == "file_too_many_pixels"
    assert "10,001×10,001" in error.message_ja


def test_an_archive_is_never_opened() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.txt", bytes(20 * MEGABYTE))
    bomb = out.getvalue()
    assert len(bomb) < 100_000
    assert refused("資料.zip", bomb).code == "file_kind_unknown"
    assert refused("資料.pdf", bomb).code == "file_kind_unknown"


def test_a_dicom_that_is_one_compressed_stream_is_refused_unopened() -> None:
    assert refused("圧縮.dcm", make.dicom(DeflatedExplicitVRLittleEndian)).code == "file_compressed"


@given(st.binary(max_size=300), st.sampled_from([b"", b"%PDF-1.7\n", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"]))
def test_any_rubbish_is_refused_in_japanese_and_nothing_else_happens(tail: bytes, head: bytes) -> None:
    for name in ("何か.pdf", "何か.png", "何か.jpg"):
        error = refused(name, head + tail)
        assert error.code.startswith("file_")


@given(st.text(max_size=600))
def test_a_stored_name_has_no_folder_no_control_character_and_fits(name: str) -> None:
    kept = clean_name(name)
    assert 0 < len(kept) <= 255
    assert kept.isprintable()
    assert not {"/", "\\"} & set(kept)


def test_a_windows_path_leaves_only_the_name() -> None:
    assert clean_name("C:\\Users\\desk\\..\\紹介状.pdf") == "紹介状.pdf"
    assert clean_name("../../etc/passwd") == "passwd"
    assert clean_name("長" * 300 + ".pdf").endswith("長.pdf")
