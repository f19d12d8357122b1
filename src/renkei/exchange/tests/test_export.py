"""Letters go out as documents that the offline validator accepts, and come in elsewhere losing nothing."""

from __future__ import annotations

import io
import json
import unicodedata
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse
from PIL import Image
from pypdf import PdfReader

from renkei.audit.models import AuditEntry
from renkei.exchange import actions, queries
from renkei.exchange.formats.clins.build import build
from renkei.exchange.formats.clins.rules import as_sent
from renkei.exchange.formats.clins.samples import REFERRAL
from renkei.exchange.formats.clins.tests import test_validator
from renkei.exchange.models import ImportedDocument
from renkei.exchange.tests.conftest import addressed, raw, rows_of_everything
from renkei.files.store import check, fetch
from renkei.gate.context import acting
from renkei.kernel.errors import NotFound, NotPossibleNow
from renkei.patients.actions import add_insured_number
from renkei.referrals import actions as trunk
from renkei.referrals import queries as referrals
from renkei.referrals.models import Referral
from renkei.referrals.papers.pdf import letter_pdf
from renkei.referrals.printing import document
from renkei.referrals.types import Diagnosis, LetterContent, Prescription, State, Urgency
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (3, 2), "white").save(out, "PNG")
    return out.getvalue()


LETTERS = {
    "short": LetterContent(purpose="ご高診をお願いします。", diagnoses=(Diagnosis("高血圧症"),)),
    "full": LetterContent(
        purpose="教育入院を含めご高診をお願いします。",
        diagnoses=(
            Diagnosis("2型糖尿病", icd10="E11.2", onset_on="2019-04"),
            Diagnosis("狭心症", suspected=True),
        ),
        past_history="虫垂炎(20歳)",
        family_history="父: 心筋梗塞",
        allergies="ペニシリンで発疹",
        course="半年前から悪化しています。\n塩分を控えるよう伝えました。",
        results="HbA1c\t9.2\nCr\t1.1",
        treatment="食事療法",
        prescriptions=(Prescription("メトホルミン錠500mg", "1日2回 朝夕食後", "2錠"),),
        prescription_text="ほかに頓用あり",
        remarks="家族は長女が来院予定です。",
    ),
    "rare_characters": LetterContent(
        purpose='𠮷田様の件、葛󠄀城クリニックより。<b>太字</b> & "引用"', diagnoses=(Diagnosis("ﾊﾞｾﾄﾞｳ病"),)
    ),
    "long": LetterContent(
        purpose="お願い", diagnoses=(Diagnosis("心不全"),), course="経過の記載。\n" * 1_200
    ),
    "with_a_file": LetterContent(purpose="心電図を添えます。", diagnoses=(Diagnosis("心房細動"),)),
}


def sent(cast: Cast, content: LetterContent, files: dict[str, bytes] | None = None) -> Referral:
    clerk, doctor = cast.actor("kimura"), cast.actor("aoki")
    with acting(clerk):
        made = trunk.draft(clerk, cast.patient("yoshida"))
        trunk.write(
            clerk,
            made,
            content=content,
            receiver=cast.facility("H1"),
            receiver_department="循環器内科",
            receiver_physician="高橋 健一",
            sender_department="内科",
            urgency=Urgency.SOON,
        )
        for name, data in (files or {}).items():
            trunk.attach(clerk, referrals.one(clerk, made.uid), checked=check(name, data))
    with acting(doctor):
        trunk.finalise(doctor, referrals.one(doctor, made.uid))
        trunk.send(doctor, referrals.one(doctor, made.uid))
        return referrals.one(doctor, made.uid)


def out(cast: Cast, referral: Referral) -> bytes:
    doctor = cast.actor("aoki")
    with acting(doctor):
        return actions.export_document(doctor, referrals.one(doctor, referral.uid))


@pytest.mark.parametrize("name", list(LETTERS))
def test_a_letter_that_goes_out_comes_in_elsewhere_losing_nothing(name: str, cast: Cast) -> None:
    files = {"心電図.png": png()} if name == "with_a_file" else {}
    referral = sent(cast, LETTERS[name], files)
    doctor, clerk = cast.actor("aoki"), cast.actor("east_clerk")
    with acting(doctor):
        written = as_sent(document(referral, referrals.whole(doctor, referral).letters[-1]))
    with acting(clerk):
        made = actions.import_document(clerk, out(cast, referral), "紹介状.json", force=True)
        arrived = referrals.one(clerk, made.referral.uid)
        whole = referrals.whole(clerk, arrived)
        read = document(arrived, whole.letters[-1])
        contents = [bytes(fetch(clerk, a.file_uid).content) for a in whole.attachments]
    assert arrived.state == State.RECEIVED
    # The other house counts its own numbers, and a time of issue is the same instant in any zone.
    assert replace(read, uid=written.uid, number=written.number, issued_at=written.issued_at) == written
    assert read.content == as_sent(written).content
    assert made.document.document_number == written.uid
    assert contents == list(files.values())


def insured(cast: Cast, number: str, since: date) -> None:
    clerk = cast.actor("kimura")
    with acting(clerk):
        card = {"insurer": "06140012", "symbol": "12", "number": number, "branch": "01"}
        add_insured_number(clerk, cast.patient("yoshida"), **card, valid_from=since)


def test_a_letter_carries_the_insured_number_of_its_day(cast: Cast) -> None:
    """Another number begins next month: the letter of today has today's, on paper and as a document."""
    insured(cast, "3456", date(2020, 4, 1))
    insured(cast, "9999", date(2026, 7, 1))
    referral, doctor, clerk = sent(cast, LETTERS["short"]), cast.actor("aoki"), cast.actor("east_clerk")
    content = out(cast, referral)
    [patient] = [
        e["resource"] for e in json.loads(content)["entry"] if e["resource"]["resourceType"] == "Patient"
    ]
    numbers = [
        row["value"] for row in patient["identifier"] if row["system"].endswith("JP_Insurance_memberID")
    ]
    assert [unicodedata.normalize("NFKC", n) for n in numbers] == ["06140012:12:3456:01"]
    with acting(doctor):
        letter = referrals.whole(doctor, referral).letters[-1]
        assert not any("被保険者番号" in gap for gap in queries.gaps(doctor, referral))
        paper = PdfReader(io.BytesIO(letter_pdf(referral, letter))).pages[0].extract_text()
    assert "被保険者番号" in paper
    assert "3456" in unicodedata.normalize("NFKC", paper)
    assert "9999" not in unicodedata.normalize("NFKC", paper)
    with acting(clerk):
        made = actions.import_document(clerk, content, "紹介状.json", force=True)
        arrived = referrals.whole(clerk, made.referral).letters[-1]
    assert arrived.printed["patient"]["insured_number"] == letter.printed["patient"]["insured_number"]


@test_validator.pytestmark[0]
@test_validator.pytestmark[1]
def test_the_offline_validator_finds_no_error_in_what_was_written_on_screen(
    cast: Cast, tmp_path: Path
) -> None:
    insured(cast, "3456", date(2020, 4, 1))
    documents = {
        name: out(cast, sent(cast, content, {"心電図.png": png()} if name == "with_a_file" else {}))
        for name, content in LETTERS.items()
    }
    code, report = test_validator.validate(tmp_path, documents)
    assert f"resources {len(documents)} with errors 0 " in report, report
    assert code == 0


def test_what_is_missing_is_told_before_the_download(cast: Cast, browser: StaffClient) -> None:
    referral = sent(cast, LETTERS["short"])
    client = browser.log_in(cast.actor("aoki"))
    page = client.get(reverse("exchange:document", args=[referral.uid])).content.decode()
    assert "被保険者番号" in page
    response = client.get(reverse("exchange:export", args=[referral.uid]))
    assert response.status_code == 200
    assert response["Content-Type"] == "application/fhir+json"
    assert referral.number in response["Content-Disposition"]


def test_going_out_stands_in_the_trail(cast: Cast) -> None:
    referral = sent(cast, LETTERS["short"])
    out(cast, referral)
    with arranging():
        lines = AuditEntry._base_manager.filter(action="exchange.actions.export_document")
        assert any(referral.number in line.says for line in lines)


def test_a_draft_does_not_go_out(cast: Cast) -> None:
    clerk = cast.actor("kimura")
    with acting(clerk):
        made = trunk.draft(clerk, cast.patient("suzuki"))
        with pytest.raises(NotPossibleNow):
            actions.export_document(clerk, referrals.one(clerk, made.uid))


def test_a_stranger_neither_reads_nor_takes_the_document(cast: Cast, browser: StaffClient) -> None:
    referral = sent(cast, LETTERS["short"])
    stranger = browser.log_in(cast.actor("hayashi"))
    for name in ("document", "panel", "original", "export"):
        assert stranger.get(reverse(f"exchange:{name}", args=[referral.uid])).status_code == 404
    doctor = cast.actor("hayashi")
    with acting(doctor), pytest.raises(NotFound):
        actions.export_document(doctor, referral)


def test_a_letter_written_here_has_no_original(cast: Cast, browser: StaffClient) -> None:
    referral = sent(cast, LETTERS["short"])
    response = browser.log_in(cast.actor("aoki")).get(reverse("exchange:original", args=[referral.uid]))
    assert response.status_code == 404
    actor = cast.actor("aoki")
    with acting(actor):
        assert queries.of_referral(actor, referral) is None


def command(name: str, *arguments: str) -> str:
    said = io.StringIO()
    call_command(name, *arguments, stdout=said)
    return said.getvalue()


def test_the_command_line_takes_in_and_gives_out(cast: Cast, tmp_path: Path) -> None:
    came = tmp_path / "came.json"
    came.write_bytes(raw(addressed()))
    assert "1件を取り込みました" in command("import_document", str(came), "--as", "sato")
    referral = sent(cast, LETTERS["full"])
    written = tmp_path / "out.json"
    said = command("export_referral", referral.number, "--as", "aoki", "--out", str(written))
    assert "被保険者番号" in said
    assert written.read_bytes() == out(cast, referral)


def test_the_command_line_tells_each_file_that_did_not_come_in(cast: Cast, tmp_path: Path) -> None:
    good, bad, elsewhere = tmp_path / "good.json", tmp_path / "bad.json", tmp_path / "elsewhere.json"
    good.write_bytes(raw(addressed()))
    bad.write_bytes(b"{")
    elsewhere.write_bytes(build(replace(REFERRAL, uid="another-letter")))
    said = io.StringIO()
    names = [str(p) for p in (good, bad, elsewhere, tmp_path / "missing.json")]
    with pytest.raises(CommandError, match="3件は取り込んでいません"):
        call_command("import_document", *names, "--as", "sato", stdout=said)
    lines = said.getvalue().splitlines()
    assert [line.split("\t")[0] for line in lines[:1]] == ["取込"]
    assert any(line.startswith("拒否") and "bad.json" in line for line in lines)
    assert any(line.startswith("確認") and "elsewhere.json" in line for line in lines)
    assert any(line.startswith("拒否") and "missing.json" in line for line in lines)


def test_yes_answers_the_questions_and_the_answer_is_kept(cast: Cast, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere.json"
    path.write_bytes(raw(addressed("1410000029")))
    command("import_document", str(path), "--as", "sato", "--facility", "1410000011", "--yes")
    actor = cast.actor("sato")
    with acting(actor):
        assert ImportedDocument.objects.visible_to(actor).get().forced


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--as", "nobody"], "見つかりません"),
        (["--as", "sato", "--facility", "1410000029"], "所属していません"),
    ],
)
def test_an_operator_who_is_nobody_here_changes_nothing(
    arguments: list[str], says: str, cast: Cast, tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(raw(addressed()))
    before = rows_of_everything()
    with pytest.raises(CommandError, match=says):
        command("import_document", str(path), *arguments)
    assert rows_of_everything() == before
