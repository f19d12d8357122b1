"""Ways in: the page, the watch folder, the mailbox; and what is refused before it can do harm."""

from __future__ import annotations

import io
import os
import struct
import zlib
from email.message import EmailMessage
from pathlib import Path

import pypdf
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from renkei.exchange.models import ScanFile, ScanPart
from renkei.exchange.scans import folder, mail, taking
from renkei.exchange.scans.tests.desks import PaperDesk, blank, png
from renkei.exchange.scans.tests.imap import FakeImap
from renkei.files import pictures
from renkei.files.pictures import Pages
from renkei.kernel.errors import Invalid
from renkei.notices.models import Notice
from testing import scans
from testing.database import arranging
from testing.fixtures import StaffClient

CLINIC_NUMBER = "1410000037"


def everything() -> list[ScanFile]:
    with arranging():
        return list(ScanFile._base_manager.order_by("id"))


def dropped(root: Path, name: str, data: bytes, *, age: int = 60, house: str = CLINIC_NUMBER) -> Path:
    path = root / house / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    settled = path.stat().st_mtime - age
    os.utime(path, (settled, settled))
    return path


def mailed(*files: tuple[str, bytes], sender: str = "fax@example.jp") -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = sender, "FAX受信"
    message.set_content("受信しました。")
    for name, data in files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def box(server: FakeImap, password: str = "secret", number: str = CLINIC_NUMBER) -> mail.Mailbox:
    return mail.mailboxes(f"imap://fax:{password}@127.0.0.1:{server.port}/INBOX?facility={number}")[0]


def test_the_page_takes_files_and_tells_of_each(desk: PaperDesk) -> None:
    client = StaffClient().log_in(desk.clerk)
    good = scans.as_pdf([blank()], 150)
    files = [
        SimpleUploadedFile("fax.pdf", good),
        SimpleUploadedFile("again.pdf", good),
        SimpleUploadedFile("letter.docx", b"PK\x03\x04 no pages"),
    ]
    answer = client.post(reverse("exchange:scan_upload"), {"files": files})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "1頁を取り込みました" in text
    assert "同じファイルが" in text
    assert "読み取れない形式" in text
    assert [f.name for f in everything()] == ["fax.pdf"]
    assert client.post(reverse("exchange:scan_upload")).status_code == 422


def test_the_list_the_panel_and_the_pictures_open_for_the_house_only(desk: PaperDesk) -> None:
    referral, open_one = desk.sent(), desk.sent("yamada")
    [filed] = desk.scan(desk.form(referral, "final_report"))
    [waiting] = desk.scan(blank(), blank(), name="other.pdf")
    client = StaffClient().log_in(desk.clerk)
    listed = client.get(reverse("exchange:scans")).content.decode()
    assert "other.pdf" in listed
    assert open_one.number in listed, "the letter that waits is proposed"
    assert referral.number not in listed, "the one that was answered is not"
    addresses = [
        reverse("exchange:scan", args=[waiting.uid]),
        reverse("exchange:scan_panel", args=[waiting.uid]) + "?only=candidates&q=鈴木",
        reverse("exchange:scan_pdf", args=[waiting.uid]),
        reverse("exchange:scan_pdf", args=[filed.uid]),
        reverse("exchange:scans") + "?tab=filed",
        reverse("exchange:scans") + "?tab=files",
        reverse("exchange:scans_of_referral", args=[referral.uid]),
        reverse("exchange:scans_live"),
    ]
    assert {client.get(address).status_code for address in addresses} == {200}
    other = StaffClient().log_in(desk.cast.actor("sato"))
    assert {other.get(a).status_code for a in addresses[:4]} == {404}
    assert "other.pdf" not in other.get(addresses[5]).content.decode()
    paths = [
        reverse(f"exchange:{name}", args=[waiting.uid]) for name in ("scan_file", "scan_discard", "scan_undo")
    ]
    data = {"referral": referral.uid, "kind": "final_report", "reason": "x"}
    assert {other.post(path, data).status_code for path in paths} == {404}


def test_two_fields_of_one_form_file_a_paper(desk: PaperDesk) -> None:
    referral = desk.sent()
    [part] = desk.scan(blank())
    client = StaffClient().log_in(desk.clerk)
    path = reverse("exchange:scan_file", args=[part.uid])
    assert client.post(path, {"kind": "final_report"}).status_code == 422
    assert client.post(path, {"referral": "nonsense", "kind": "final_report"}).status_code == 404
    assert client.post(path, {"referral": referral.uid, "kind": "love_letter"}).status_code == 422
    assert client.post(path, {"referral": referral.uid, "kind": "final_report"}).status_code == 302
    panel = client.get(reverse("exchange:scans_of_referral", args=[referral.uid])).content.decode()
    assert "完了にする" in panel
    undone = client.post(reverse("exchange:scan_undo", args=[part.uid]), {"reason": "取り違え"})
    assert undone.status_code == 302
    panel = client.get(reverse("exchange:scans_of_referral", args=[referral.uid])).content.decode()
    assert "誤登録の記録" in panel


def test_the_watch_folder_is_emptied_house_by_house(desk: PaperDesk, tmp_path: Path) -> None:
    dropped(tmp_path, "a.pdf", scans.as_pdf([blank()], 150))
    dropped(tmp_path, "b.tif", scans.as_tiff([blank().convert("1"), blank().convert("1")], 100))
    dropped(tmp_path, "growing.pdf", b"%PDF-1.4", age=0)
    dropped(tmp_path, "note.txt", b"hello")
    dropped(tmp_path, "c.pdf", scans.as_pdf([blank()], 100), house="nobody")
    with arranging("the worker"):
        assert folder.take_from_folder(tmp_path) == 2
    house = tmp_path / CLINIC_NUMBER
    assert sorted(p.name for p in (house / "done").iterdir()) == ["a.pdf", "b.tif"]
    assert (house / "growing.pdf").exists()
    assert "読み取れない形式" in (house / "refused" / "note.txt.txt").read_text()
    assert [(f.name, f.pages, f.source) for f in everything()] == [
        ("a.pdf", 1, "folder"),
        ("b.tif", 2, "folder"),
    ]
    assert {f.received_by for f in everything()} == {"システム"}


def test_a_worker_killed_before_it_moved_the_file_knows_it_again(
    desk: PaperDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = dropped(tmp_path, "a.pdf", scans.as_pdf([blank()], 150))
    with monkeypatch.context() as dying, arranging("the worker"):
        dying.setattr(folder, "_move", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            folder.take_from_folder(tmp_path)
    assert path.exists()
    with arranging("the worker"):
        assert folder.take_from_folder(tmp_path) == 1
    assert len(everything()) == 1
    assert not path.exists()


@pytest.mark.enable_socket
def test_faxes_that_came_as_mail_are_fetched_once(desk: PaperDesk) -> None:
    data = scans.as_pdf([blank()], 150)
    with FakeImap([mailed(("FAX001", data)), mailed(), mailed(("again.pdf", data))]) as server:
        with arranging("the worker"):
            assert mail.fetch(box(server)) == 2
            assert mail.fetch(box(server)) == 0
        assert server.seen == {1, 2, 3}
        assert not any("BODY[]" in line and "PEEK" not in line for line in server.log)
    [row] = everything()
    assert (row.name, row.source) == ("FAX001", "mail")
    assert "FAX受信" in row.came_from
    with arranging():
        told = Notice._base_manager.filter(facility_id=desk.clerk.facility_id).latest("id")
    assert "取り込める添付" in told.text


@pytest.mark.enable_socket
def test_a_mail_stays_unread_until_its_pages_are_kept(
    desk: PaperDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeImap([mailed(("a.pdf", scans.as_pdf([blank()], 150)))]) as server:
        with monkeypatch.context() as dying, arranging("the worker"):
            dying.setattr(mail, "take", lambda *a, **k: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                mail.fetch(box(server))
        assert server.seen == set()
        with arranging("the worker"):
            assert mail.fetch(box(server)) == 1
    assert len(everything()) == 1


@pytest.mark.enable_socket
def test_a_mailbox_that_refuses_or_is_nobodys_fails_aloud(desk: PaperDesk) -> None:
    with FakeImap([]) as server, arranging("the worker"):
        with pytest.raises(mail.imaplib.IMAP4.error):
            mail.fetch(box(server, password="wrong"))
        with pytest.raises(Invalid):
            mail.fetch(box(server, number="1499999999"))
    for wrong in ("imaps://host/INBOX?facility=1", "https://u:p@host?facility=1", "imaps://u:p@host/INBOX"):
        with pytest.raises(ValueError, match="RENKEI_SCAN_MAIL"):
            mail.mailboxes(wrong)


def huge_png(side: int) -> bytes:
    """A few hundred bytes that say they are billions of pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def locked() -> bytes:
    out, writer = io.BytesIO(), pypdf.PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret", algorithm="RC4-128")
    writer.write(out)
    return out.getvalue()


def empty_pages(count: int, side: float = 100) -> bytes:
    out, writer = io.BytesIO(), pypdf.PdfWriter()
    for _ in range(count):
        writer.add_blank_page(side, side)
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b"hello", "file_kind_unknown"),
        (b"%PDF-1.7 nothing", "file_broken"),
        (locked(), "file_broken"),
        (empty_pages(101), "file_too_many_pages"),
    ],
)
def test_what_cannot_be_pages_is_refused_by_name(data: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        Pages("受信.pdf", data)
    assert refused.value.code == code
    assert "「受信.pdf」" in refused.value.message_ja


def test_a_picture_that_pretends_to_billions_of_pixels_is_never_unpacked() -> None:
    with pytest.raises(Invalid) as refused:
        Pages("bomb.png", huge_png(60_000)).picture(0)
    assert refused.value.code in ("file_too_many_pixels", "file_broken")
    with pytest.raises(Invalid) as inside:
        Pages("bomb.pdf", _pdf_with_picture(9_000)).picture(0)
    assert inside.value.code == "file_too_many_pixels"


def _pdf_with_picture(side: int) -> bytes:
    """A PDF of a few kilobytes with a picture of ``side`` squared pixels inside."""
    out = io.BytesIO()
    Image.new("1", (side, side), 1).save(out, "PDF", resolution=600)
    return out.getvalue()


def test_a_page_as_large_as_a_house_is_drawn_small() -> None:
    picture = Pages("poster.pdf", empty_pages(1, 14_000)).picture(0)
    assert picture.width * picture.height <= 8_100_000


def test_a_file_that_breaks_while_it_is_read_is_told_and_stops(
    desk: PaperDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = desk.take(_pdf_with_picture(9_000), "bomb.pdf")
    assert desk.read(row) == []
    [now] = everything()
    assert (now.state, "画素が多すぎます" in now.error) == ("failed", True)
    with arranging():
        assert not ScanPart._base_manager.exists()


def test_a_fax_with_oblong_dots_is_made_square() -> None:
    page = Image.new("1", (1728, 1143), 1)
    out = io.BytesIO()
    page.save(out, "TIFF", compression="group4", dpi=(204, 98))
    picture = Pages("fax.tif", out.getvalue()).picture(0)
    assert abs(picture.height - 1143 * 204 / 98) < 2


def test_too_large_is_said_before_a_byte_is_read(desk: PaperDesk) -> None:
    report = taking.take_upload(desk.clerk, "large.pdf", b"", size=60 * 1024 * 1024)
    assert report.refused
    assert "60.0MB" in report.says
    assert pictures.media_type_of(png(blank())) == "image/png"
