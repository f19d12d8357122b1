"""Documents of other systems on the receiving desk: whole or not at all, byte-identical, never twice."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from django.urls import reverse

from renkei.directory.models import Facility
from renkei.exchange import actions, queries
from renkei.exchange.formats.clins.build import build
from renkei.exchange.formats.clins.parse import parse
from renkei.exchange.formats.clins.samples import REFERRAL
from renkei.exchange.formats.clins.tests.helpers import (
    composition,
    example_bundles,
    is_referral,
    load,
    name_of,
    needs_examples,
    of_type,
    resources,
)
from renkei.exchange.models import ImportedDocument, WaitingDocument
from renkei.exchange.tests.conftest import H1_NUMBER, Upload, addressed, raw, rows_of_everything
from renkei.exchange.types import Outcome
from renkei.gate.context import acting
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, NotPossibleNow
from renkei.kernel.identifiers import looks_like_individual_number
from renkei.patients.models import InsuredNumber, Patient
from renkei.referrals import queries as referrals
from renkei.referrals.types import Party, State
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient


def imported(cast: Cast, bundle: bytes, who: str = "sato", **decisions: object) -> actions.Imported:
    actor = cast.actor(who)
    with acting(actor):
        return actions.import_document(actor, bundle, "紹介状.json", **decisions)  # type: ignore[arg-type]


def test_a_document_becomes_a_received_referral_on_the_desk(cast: Cast) -> None:
    made = imported(cast, raw(addressed()))
    actor = cast.actor("sato")
    with acting(actor):
        referral = referrals.one(actor, made.referral.uid)
        whole = referrals.whole(actor, referral)
        assert referral in referrals.desk(actor, "new")
    assert referral.state == State.RECEIVED
    assert referral.receiver_id == cast.facility("H1").pk
    assert referral.sender.name == "さくら内科クリニック"
    assert referral.patient.name == "𠮷田 花子"
    assert referral.patient.facility_id == cast.facility("H1").pk
    assert referral.patient.local_number == ""
    assert whole.letters[0].read_content() == parse(raw(addressed())).document.content
    assert [m.name for m in whole.moves] == ["take_in"]
    assert "さくら内科クリニックの文書を取り込みました" in whole.moves[0].says


def test_the_bytes_are_kept_as_they_came_and_their_digest_is_shown(cast: Cast, browser: StaffClient) -> None:
    came = raw(addressed())
    made = imported(cast, came)
    client = browser.log_in(cast.actor("sato"))
    response = client.get(reverse("exchange:original", args=[made.referral.uid]))
    assert response.content == came
    assert response["Content-Disposition"].startswith("attachment")
    page = client.get(reverse("exchange:document", args=[made.referral.uid])).content.decode()
    assert hashlib.sha256(came).hexdigest() in page


def test_every_section_can_be_read_on_the_page(cast: Cast, browser: StaffClient) -> None:
    made = imported(cast, raw(addressed()))
    page = browser.log_in(cast.actor("sato")).get(reverse("exchange:document", args=[made.referral.uid]))
    for section in parse(raw(addressed())).sections:
        assert section.title in page.content.decode()
    assert "佐倉 健一" in page.content.decode()


def test_an_unknown_sender_enters_the_directory_as_reached_on_paper(cast: Cast) -> None:
    imported(cast, raw(addressed()))
    made = Facility.objects.get(institution_number="1410112345")
    assert made.name == "さくら内科クリニック"
    assert not made.uses_renkei


def test_a_sender_of_the_directory_is_found_by_its_number(cast: Cast) -> None:
    document = replace(
        REFERRAL,
        sender=replace(REFERRAL.sender, institution_number="1410000037"),
        receiver=replace(REFERRAL.receiver, institution_number=H1_NUMBER),
    )
    made = imported(cast, build(document))
    assert made.referral.sender_id == cast.facility("C1").pk


def test_the_named_sender_of_an_upload_gets_no_look_at_it(cast: Cast) -> None:
    """Anybody can write a number into a file: the facility that is named there does not enter the circle."""
    document = replace(
        REFERRAL,
        sender=replace(REFERRAL.sender, institution_number="1410000037"),
        receiver=replace(REFERRAL.receiver, institution_number=H1_NUMBER),
    )
    made = imported(cast, build(document))
    named = cast.actor("aoki")
    with acting(named), pytest.raises(NotFound):
        referrals.one(named, made.referral.uid)


def test_the_same_bytes_are_recognised_and_lead_to_the_referral(cast: Cast, upload: Upload) -> None:
    made = imported(cast, raw(addressed()))
    before = rows_of_everything()
    response = upload("sato", {"again.json": raw(addressed())})
    assert response.status_code == 422
    assert reverse("referrals:show", args=[made.referral.uid]) in response.content.decode()
    assert rows_of_everything() == before


def test_the_same_document_written_in_another_way_is_recognised_by_its_number(cast: Cast) -> None:
    made = imported(cast, raw(addressed()))
    with pytest.raises(actions.Known) as known:
        imported(cast, raw(addressed()) + b"\n")
    assert known.value.referral.pk == made.referral.pk


def test_a_newer_version_comes_in_with_a_warning(cast: Cast) -> None:
    first = imported(cast, raw(addressed()))
    newer = replace(REFERRAL, version=2, receiver=replace(REFERRAL.receiver, institution_number=H1_NUMBER))
    second = imported(cast, build(newer), new_patient=True)
    assert first.referral.number in " ".join(second.document.warnings)


def test_a_document_for_another_facility_waits_for_a_person(cast: Cast, upload: Upload) -> None:
    response = upload("sato", {"a.json": raw(addressed("1410000029"))})
    assert "確認が必要です" in response.content.decode()
    actor = cast.actor("sato")
    with acting(actor):
        waiting = queries.waiting(actor)
        assert [q["code"] for q in waiting[0].questions] == ["other_receiver"]
        made = actions.decide(actor, waiting[0], force=True)
        assert made.document.forced
        assert "確認のうえ取り込みました" in made.document.forced_note
        assert "確認のうえ取り込みました" in referrals.whole(actor, made.referral).moves[0].note
        assert queries.waiting(actor) == []


def test_the_clerk_cannot_skip_the_question_about_the_addressee(
    cast: Cast, upload: Upload, browser: StaffClient
) -> None:
    upload("sato", {"a.json": raw(addressed("1410000029"))})
    actor = cast.actor("sato")
    with acting(actor):
        waiting = queries.waiting(actor)[0]
    where = reverse("exchange:decide", args=[waiting.uid])
    assert browser.get(where).status_code == 200
    assert browser.post(where, {"patient": "new"}).status_code == 422
    response = browser.post(where, {"patient": "new", "force": "on"})
    assert response.status_code == 302
    assert response["Location"].startswith("/referrals/")


def test_somebody_alike_is_never_merged_by_the_machine(
    cast: Cast, upload: Upload, browser: StaffClient
) -> None:
    first = imported(cast, raw(addressed()))
    other = replace(
        REFERRAL, uid="another-one", receiver=replace(REFERRAL.receiver, institution_number=H1_NUMBER)
    )
    before = rows_of_everything()
    upload("sato", {"b.json": build(other)})
    after = rows_of_everything()
    assert {k for k in after if after[k] != before[k]} == {"exchange.WaitingDocument"}
    actor = cast.actor("sato")
    with acting(actor):
        waiting = queries.waiting(actor)[0]
    page = browser.get(reverse("exchange:decide", args=[waiting.uid])).content.decode()
    assert "𠮷田 花子" in page
    chosen = {"patient": str(first.referral.patient.uid)}
    assert browser.post(reverse("exchange:decide", args=[waiting.uid]), chosen).status_code == 302
    with acting(actor):
        rows = ImportedDocument.objects.visible_to(actor).order_by("-id")
        assert rows[0].patient_id == first.referral.patient_id


def test_a_waiting_document_can_be_thrown_away_and_its_bytes_go(
    cast: Cast, upload: Upload, browser: StaffClient
) -> None:
    upload("sato", {"a.json": raw(addressed("1410000029"))})
    actor = cast.actor("sato")
    with acting(actor):
        uid = queries.waiting(actor)[0].uid
    assert browser.post(reverse("exchange:discard", args=[uid])).status_code == 302
    with acting(actor):
        row = queries.waiting_one(actor, uid)
    assert bytes(row.content) == b""
    assert row.outcome == "discarded"
    assert browser.get(reverse("exchange:decide", args=[uid])).status_code == 409


def test_another_facility_sees_no_waiting_document(cast: Cast, upload: Upload, browser: StaffClient) -> None:
    upload("sato", {"a.json": raw(addressed("1410000029"))})
    with arranging():
        uid = WaitingDocument._base_manager.get().uid
    browser.log_in(cast.actor("east_clerk"))
    assert browser.get(reverse("exchange:decide", args=[uid])).status_code == 404


def test_a_document_without_birth_date_asks_for_it(cast: Cast, upload: Upload, browser: StaffClient) -> None:
    bundle = addressed()
    of_type(bundle, "Patient")[0].pop("birthDate")
    upload("sato", {"a.json": raw(bundle)})
    actor = cast.actor("sato")
    with acting(actor):
        waiting = queries.waiting(actor)[0]
    where = reverse("exchange:decide", args=[waiting.uid])
    assert browser.post(where, {"patient": "new"}).status_code == 422
    assert browser.post(where, {"patient": "new", "birth_on": "S33.3.9"}).status_code == 302


def test_an_own_letter_is_not_taken_in_again(cast: Cast) -> None:
    own = replace(REFERRAL, sender=replace(REFERRAL.sender, institution_number=H1_NUMBER))
    with pytest.raises(Invalid) as refusal:
        imported(cast, build(own))
    assert refusal.value.code == "own_letter"


def test_the_individual_number_is_told_and_stored_in_no_number(cast: Cast) -> None:
    number = next(
        f"12345678901{last}" for last in range(10) if looks_like_individual_number(f"12345678901{last}")
    )
    document = replace(
        REFERRAL,
        receiver=replace(REFERRAL.receiver, institution_number=H1_NUMBER),
        patient=replace(REFERRAL.patient, local_number=number),
    )
    made = imported(cast, build(document))
    actor = cast.actor("sato")
    with acting(actor):
        letter = referrals.whole(actor, made.referral).letters[0]
        patient = Patient.objects.visible_to(actor).get(pk=made.referral.patient_id)
        numbers = InsuredNumber.objects.visible_to(actor).filter(patient=patient)
        assert list(numbers) == []
    assert any("個人番号" in w for w in made.document.warnings)
    kept = f"{letter.printed}{letter.content}{patient.local_number}{made.document.sections}"
    assert number not in kept


def test_what_came_as_a_document_is_handed_on_as_its_original(cast: Cast) -> None:
    made = imported(cast, raw(addressed()))
    actor = cast.actor("sato")
    with acting(actor), pytest.raises(NotPossibleNow) as refusal:
        actions.export_document(actor, referrals.one(actor, made.referral.uid))
    assert "原本" in refusal.value.message_ja


def test_files_inside_the_document_become_attachments(cast: Cast) -> None:
    picture = (
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
        b"\x00\x00\x00\x0cIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\r\xefF\xb8\x00\x00\x00\x00IEND\xaeB`\x82"
    )
    document = replace(REFERRAL, receiver=replace(REFERRAL.receiver, institution_number=H1_NUMBER))
    came = build(document, attachments=[("心電図", "image/png", picture), ("所見.txt2", "text/x", b"??")])
    made = imported(cast, came)
    actor = cast.actor("sato")
    with acting(actor):
        found = referrals.whole(actor, made.referral).attachments
    assert [(a.name, a.media_type) for a in found] == [("心電図.png", "image/png")]
    assert any("所見" in w for w in made.document.warnings)


def test_a_care_manager_may_not_take_documents_in(cast: Cast, upload: Upload) -> None:
    outsider = next(a for a in cast.outsiders() if "care_manager" in {str(r) for r in a.roles})
    with acting(outsider), pytest.raises(NotAllowed):
        actions.import_document(outsider, raw(addressed()), "a.json")


def _broken() -> dict[str, tuple[bytes, str]]:
    two = addressed()
    two["entry"].append({"fullUrl": "urn:uuid:0", "resource": dict(of_type(two, "Patient")[0], id="other")})
    loose = addressed()
    composition(loose)["subject"] = {"reference": "urn:uuid:00000000-0000-0000-0000-000000000000"}
    whole = raw(addressed())
    other = addressed()
    other["type"] = "collection"
    strange = addressed()
    strange["meta"]["profile"] = ["http://example.org/StructureDefinition/Letter"]
    return {
        "two_patients": (raw(two), "Bundle.entry"),
        "broken_reference": (raw(loose), "Composition"),
        "unknown_profile": (raw(strange), "http://example.org/StructureDefinition/Letter"),
        "shift_jis": (
            whole.decode().replace("𠮷", "吉").encode("cp932", "replace"),
            "文字コードが Shift_JIS です",
        ),
        "truncated": (whole[: len(whole) // 2], "途中で切れています"),
        "empty": (b"", "0バイト"),
        "other_kind": (raw(other), "Bundle"),
        "no_json": (b"%PDF-1.7", "PDFのファイル"),
    }


@pytest.mark.parametrize("name", list(_broken()))
def test_a_broken_document_is_refused_by_its_element_and_leaves_no_row(name: str, upload: Upload) -> None:
    content, element = _broken()[name]
    before = rows_of_everything()
    response = upload("sato", {f"{name}.json": content})
    assert response.status_code == 422
    page = response.content.decode()
    assert "取り込めません" in page
    assert element in page
    assert rows_of_everything() == before


def test_good_and_bad_files_are_told_apart_row_by_row(upload: Upload) -> None:
    response = upload(
        "sato",
        {"good.json": raw(addressed()), "bad.json": b"{", "写真.jpg": b"\xff\xd8\xff"},
    )
    assert response.status_code == 200
    reports = response.context["reports"]
    assert [r.outcome for r in reports] == [Outcome.ACCEPTED, Outcome.REFUSED, Outcome.REFUSED]


def test_no_file_and_too_many_files_are_told(upload: Upload) -> None:
    assert "選ばれていません" in upload("sato", {}).content.decode()
    many = upload("sato", {f"{n}.json": b"{}" for n in range(51)})
    assert many.status_code == 422
    assert "50件まで" in many.content.decode()


def test_a_file_that_is_too_large_is_not_read(cast: Cast) -> None:
    actor = cast.actor("sato")
    with acting(actor):
        report = actions.take_file(actor, b"", "大きい.json", size=200 * actions.MEGABYTE)
    assert report.outcome is Outcome.REFUSED
    assert "200.0MB" in report.says


@needs_examples
@pytest.mark.parametrize("path", [p for p in example_bundles() if is_referral(load(p))], ids=name_of)
def test_every_public_referral_comes_in_through_the_page(
    path: object, cast: Cast, upload: Upload, browser: StaffClient
) -> None:
    """None of them is addressed to a facility of the cast: a person confirms, then it is a received referral."""
    content = path.read_bytes()  # type: ignore[attr-defined]
    upload("sato", {"example.json": content})
    actor = cast.actor("sato")
    with acting(actor):
        waiting = queries.waiting(actor)
    response = browser.post(
        reverse("exchange:decide", args=[waiting[0].uid]), {"patient": "new", "force": "on"}
    )
    assert response.status_code == 302, response.content.decode()
    with acting(actor):
        row = ImportedDocument.objects.visible_to(actor).select_related("referral").get()
    assert row.referral.state == State.RECEIVED
    assert row.sha256 == hashlib.sha256(content).hexdigest()
    assert browser.get(reverse("exchange:original", args=[row.referral.uid])).content == content
    page = browser.get(reverse("exchange:document", args=[row.referral.uid])).content.decode()
    for section in parse(content).sections:
        assert section.title in page
    assert browser.get(reverse("referrals:letter_pdf", args=[row.referral.uid])).status_code == 200


@needs_examples
def test_every_public_bundle_of_another_kind_is_refused_by_its_name(upload: Upload) -> None:
    others = [p for p in example_bundles() if not is_referral(load(p))]
    before = rows_of_everything()
    for start in range(0, len(others), 40):
        batch = {f"{n}.json": p.read_bytes() for n, p in enumerate(others[start : start + 40])}
        response = upload("sato", batch)
        for report in response.context["reports"]:
            assert report.outcome is Outcome.REFUSED
            assert "これは" in report.says or "Bundle.type" in report.says, report
    assert rows_of_everything() == before


def test_the_sample_has_what_these_tests_break() -> None:
    bundle = addressed()
    assert len(resources(bundle)) > 5
    assert parse(raw(bundle)).document.receiver == replace(
        Party(**vars(REFERRAL.receiver)), institution_number=H1_NUMBER
    )
