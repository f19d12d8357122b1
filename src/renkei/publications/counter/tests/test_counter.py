"""The counter: need, shortlist, handout, what was chosen, what came of it; no name without consent."""

from __future__ import annotations

import re
from datetime import date, timedelta
from io import BytesIO

import pypdf
import pytest
from django.db import IntegrityError, transaction
from django.test import override_settings
from django.urls import reverse
from PIL import Image

from renkei.audit.models import AuditEntry
from renkei.directory.models import Facility, MapPicture, StaffNote
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, NotPossibleNow, Stale
from renkei.notices.models import Notice
from renkei.patients.models import Patient
from renkei.publications.counter import actions, queries
from renkei.publications.counter.types import Outcome, Way
from renkei.publications.models import CounterSession
from renkei.publications.search.tests.region import EVENINGS, MORNINGS, Town
from renkei.publications.search.types import Wishes
from renkei.referrals.models import Referral
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

NEED = Wishes(department="整形外科", district="桜台", hour="18:00", attributes=("wheelchair",))


@pytest.fixture
def sato(cast: Cast) -> Actor:
    """Works at the counter of H1."""
    return cast.actor("sato")


@pytest.fixture
def clinics(cast: Cast) -> list[Facility]:
    """Two that fit, one of them registered; and one whose registration ended yesterday."""
    hours = [*MORNINGS, *EVENINGS]
    with arranging():
        town = Town()
        found = [
            town.clinic(name, "整形外科", kana=kana, hours=hours, wheelchair=True)
            for name, kana in (("桜台整形", "サクラダイ"), ("若草整形", "ワカクサ"), ("元登録整形", "アモト"))
        ]
        town.register(found[1], cast.facility("H1"))
        town.register(found[2], cast.facility("H1"), until_on=clock.today() - timedelta(days=1))
    return found


def session_of(actor: Actor, *picked: Facility) -> CounterSession:
    """A session with the usual need and a shortlist."""
    with acting(actor):
        row = actions.set_need(actor, actions.start(actor), wishes=NEED)
        for facility in picked:
            row = actions.pick(actor, row, facility_id=facility.pk)
    return row


def test_registered_first_with_the_reason_and_who_left_bears_no_mark(
    sato: Actor, clinics: list[Facility], browser: StaffClient
) -> None:
    row = session_of(sato)
    text = browser.log_in(sato).get(reverse("counter:session", args=[row.uid])).content.decode()
    assert text.index("若草整形") < text.index("元登録整形") < text.index("桜台整形")
    assert "ご希望4つすべて・1km以内・登録医" in text
    assert text.count(">登録医<") == 1


def test_the_counters_map_may_ask_the_tile_server_and_no_other_page_may(
    sato: Actor, clinics: list[Facility], browser: StaffClient
) -> None:
    client, policy = browser.log_in(sato), "Content-Security-Policy"
    with override_settings(RENKEI_TILES="https://tiles.example.jp/{z}/{x}/{y}.png"):
        page = client.get(reverse("counter:session", args=[session_of(sato).uid]))
        assert "https://tiles.example.jp" in page[policy]
        assert "tiles.example.jp" not in client.get(reverse("counter:index"))[policy]


def test_staff_see_the_notes_of_their_own_house_only(
    cast: Cast, sato: Actor, clinics: list[Facility], browser: StaffClient
) -> None:
    with arranging():
        for key, text in (("H1", "当院のメモ"), ("H2", "よその院内メモ")):
            StaffNote.objects.create(
                facility=cast.facility(key), about=clinics[0], text=text, written_by="連携室"
            )
    page = browser.log_in(sato).get(reverse("counter:session", args=[session_of(sato).uid])).content.decode()
    assert "当院のメモ" in page
    assert "よその院内メモ" not in page


def test_a_name_without_consent_is_refused_and_nothing_is_kept(
    sato: Actor, clinics: list[Facility], browser: StaffClient
) -> None:
    row = session_of(sato)
    with acting(sato), pytest.raises(Invalid, match="同意"):
        actions.set_person(sato, row, consent=False, name="鈴木 一郎")
    answer = browser.log_in(sato).post(
        reverse("counter:person", args=[row.uid]), {"name": "鈴木 一郎", "version": row.version}
    )
    assert answer.status_code == 422
    with acting(sato):
        now = queries.one(sato, row.uid)
    assert (now.patient_name, now.consent, now.version) == ("", False, row.version)


def test_the_database_itself_keeps_no_name_without_consent(sato: Actor, clinics: list[Facility]) -> None:
    row = session_of(sato)
    with pytest.raises(IntegrityError), transaction.atomic(), arranging():
        CounterSession._base_manager.filter(pk=row.pk).update(patient_name="鈴木 一郎")


def test_consent_taken_back_blanks_the_name(sato: Actor, clinics: list[Facility]) -> None:
    row = session_of(sato)
    with acting(sato):
        row = actions.set_person(sato, row, consent=True, name="鈴木　一郎")
        assert row.patient_name == "鈴木 一郎"
        row = actions.set_person(sato, row, consent=False)
    assert row.patient_name == ""
    with arranging():
        kept = AuditEntry.objects.filter(subject="publications.countersession", subject_id=row.pk)
        lines = [str(entry.changes) for entry in kept]
    assert len(lines) >= 3
    assert not any("鈴木" in line for line in lines), "the trail keeps what was taken back for ever"


def test_only_the_shortlist_can_be_chosen_and_it_is_short(
    cast: Cast, sato: Actor, clinics: list[Facility]
) -> None:
    row = session_of(sato, clinics[0])
    with acting(sato):
        with pytest.raises(Invalid, match="候補に入れた"):
            actions.choose(sato, row, facility_id=clinics[1].pk)
        with pytest.raises(Invalid, match="検索の対象ではありません"):
            actions.pick(sato, row, facility_id=10**9)
        with arranging():
            town = Town()
            more = [town.clinic(f"医院{n}") for n in range(6)]
        for one in more[:5]:
            row = actions.pick(sato, row, facility_id=one.pk)
        with pytest.raises(Invalid, match="6件まで"):
            actions.pick(sato, row, facility_id=more[5].pk)
        row = actions.choose(sato, row, facility_id=clinics[0].pk)
        row = actions.pick(sato, row, facility_id=clinics[0].pk, picked=False)
    assert row.chosen_id is None


def test_who_closed_or_is_suspended_cannot_be_chosen(sato: Actor, clinics: list[Facility]) -> None:
    row = session_of(sato, clinics[0], clinics[1])
    today = clock.today()
    with arranging():
        Town().closing(clinics[0], today, today + timedelta(days=30), suspension=True)
        Facility.objects.filter(pk=clinics[1].pk).update(closed_on=today)
    with acting(sato):
        for clinic, code in ((clinics[0], "facility_suspended"), (clinics[1], "facility_closed")):
            with pytest.raises(NotPossibleNow) as refused:
                actions.choose(sato, row, facility_id=clinic.pk)
            assert refused.value.code == code
        row = actions.pick(sato, row, facility_id=clinics[0].pk, picked=False)
        with pytest.raises(NotPossibleNow, match="休止中"):
            actions.pick(sato, row, facility_id=clinics[0].pk)
        assert queries.one(sato, row.uid).chosen_id is None


def test_the_chosen_one_gets_a_back_referral_draft(cast: Cast, sato: Actor, clinics: list[Facility]) -> None:
    with arranging():
        patient = Patient(
            facility=cast.facility("H1"), name="鈴木 一郎", kana="スズキ イチロウ", birth_on=date(1959, 3, 4)
        )
        patient.make_keys()
        patient.save()
    row = session_of(sato, clinics[0])
    with acting(sato):
        with pytest.raises(NotPossibleNow, match="選んだ医療機関"):
            actions.draft_referral(sato, row, patient=patient)
        row = actions.choose(sato, row, facility_id=clinics[0].pk)
        draft = actions.draft_referral(sato, row, patient=patient)
        now = queries.one(sato, row.uid)
        assert (draft.kind, draft.receiver_id, draft.state) == ("back_referral", clinics[0].pk, "draft")
        # Without consent the log does not tell who it was.
        assert (now.way, now.referral_id) == (Way.REFERRAL, None)
        now = actions.set_person(sato, now, consent=True, name="鈴木 一郎")
        again = actions.draft_referral(sato, now, patient=patient)
        assert queries.one(sato, row.uid).referral_id == again.pk
        assert Referral.objects.visible_to(sato).filter(kind="back_referral").count() == 2


def test_a_first_appointment_is_noted_with_whom_and_when(sato: Actor, clinics: list[Facility]) -> None:
    row = session_of(sato, clinics[0])
    with acting(sato):
        with pytest.raises(NotPossibleNow):
            actions.set_way(sato, row, way="appointment", note="6/5 午前")
        row = actions.choose(sato, row, facility_id=clinics[0].pk)
        with pytest.raises(Invalid, match="依頼の内容"):
            actions.set_way(sato, row, way="appointment")
        row = actions.set_way(sato, row, way="appointment", note="受付の方へ電話、6/5 午前")
        assert (row.way, row.way_note) == ("appointment", "受付の方へ電話、6/5 午前")


def test_a_message_reaches_the_chosen_clinic_without_the_name(
    cast: Cast, sato: Actor, clinics: list[Facility]
) -> None:
    chosen = cast.facility("C1")
    row = session_of(sato)
    with arranging():
        CounterSession._base_manager.filter(pk=row.pk).update(chosen=chosen, shortlist=[chosen.pk])
    with acting(sato):
        row = actions.set_person(sato, queries.one(sato, row.uid), consent=True, name="井上 道子")
        with pytest.raises(Invalid, match="初診の予約を依頼"):
            actions.set_way(sato, row, way="guided", message="6/4の夕方")
        row = actions.set_way(sato, row, way="appointment", message="6/4の夕方")
    assert row.way_note == "伝言: 6/4の夕方"
    aoki = cast.actor("aoki")
    with acting(aoki):
        told = Notice.objects.visible_to(aoki).get(kind="counter_request").text
    assert told == (
        f"{sato.facility_label}のカウンターから初診のご相談です"
        "(ご希望: 整形外科・桜台・18:00に診療・車椅子で入れる)。6/4の夕方"
    )


def test_a_visit_has_a_day_that_is_not_to_come_and_ends_the_session(
    sato: Actor, clinics: list[Facility]
) -> None:
    row = session_of(sato, clinics[0])
    with acting(sato):
        row = actions.choose(sato, row, facility_id=clinics[0].pk)
        for day in (None, clock.today() + timedelta(days=1)):
            with pytest.raises(Invalid, match="受診した日"):
                actions.finish(sato, row, outcome="visited", visited_on=day)
        row = actions.finish(sato, row, outcome="visited", visited_on=clock.today())
        assert row.closed_at is not None
        with pytest.raises(NotPossibleNow, match="結果を記録した"):
            actions.pick(sato, row, facility_id=clinics[1].pk)
        row = actions.finish(sato, row, outcome="unknown")
    assert (row.outcome, row.visited_on) == (Outcome.UNKNOWN, None)


def test_another_house_and_other_roles_see_no_session(
    cast: Cast, sato: Actor, clinics: list[Facility]
) -> None:
    row = session_of(sato, clinics[0])
    other = cast.actor("east_clerk")
    with acting(other):
        with pytest.raises(NotFound):
            queries.one(other, row.uid)
        with pytest.raises(NotFound):
            actions.finish(other, row, outcome="unknown")
    physician = cast.actor("takahashi")
    with acting(physician), pytest.raises(NotAllowed):
        actions.start(physician)


def test_two_at_one_session_do_not_overwrite_each_other(sato: Actor, clinics: list[Facility]) -> None:
    row = session_of(sato, clinics[0])
    with acting(sato):
        stale = queries.one(sato, row.uid).expecting(row.version - 1)
        with pytest.raises(Stale):
            actions.choose(sato, stale, facility_id=clinics[0].pk)


def test_the_handout_is_a_pdf_that_names_the_picked_and_nobody_else(
    sato: Actor, clinics: list[Facility], browser: StaffClient
) -> None:
    row = session_of(sato, clinics[1], clinics[2])
    with acting(sato):
        row = actions.set_person(sato, row, consent=True, name="鈴木 一郎")
    client = browser.log_in(sato)
    answer = client.post(reverse("counter:handout", args=[row.uid]))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    with acting(sato):
        now = queries.one(sato, row.uid)
    assert now.printed_at is not None
    assert now.version == row.version, "the page behind the sheet must not become an old one"
    text = words_of(answer.content)
    assert "若草整形" in text
    assert "元登録整形" in text
    assert "桜台整形" not in text
    assert text.count("登録医") == 1
    assert "鈴木" not in text
    assert client.post(reverse("counter:handout", args=[session_of(sato).uid])).status_code == 422


def test_the_handout_shows_each_clinics_own_drawing_of_the_way(
    sato: Actor, clinics: list[Facility], browser: StaffClient
) -> None:
    out = BytesIO()
    Image.new("RGB", (300, 200), "teal").save(out, "PNG")
    with arranging():
        MapPicture.objects.create(
            facility=clinics[1], content=out.getvalue(), media_type="image/png", sha256="0" * 64
        )
    row = session_of(sato, clinics[1], clinics[2])
    made = browser.log_in(sato).post(reverse("counter:handout", args=[row.uid])).content
    pictures = [image for page in pypdf.PdfReader(BytesIO(made)).pages for image in page.images]
    assert [picture.image.size for picture in pictures if picture.image] == [(300, 200)]


def words_of(pdf: bytes) -> str:
    """The text of a PDF without blanks."""
    return "".join("".join(p.extract_text() for p in pypdf.PdfReader(BytesIO(pdf)).pages).split())


def test_the_month_counts_needs_ways_and_results_and_names_nobody(
    sato: Actor, clinics: list[Facility], browser: StaffClient
) -> None:
    for number in range(3):
        row = session_of(sato, clinics[0])
        with acting(sato):
            row = actions.set_person(sato, row, consent=number == 0, name="鈴木 一郎" if number == 0 else "")
            row = actions.choose(sato, row, facility_id=clinics[0].pk)
            if number < 2:
                actions.finish(sato, row, outcome="visited", visited_on=clock.today())
    with acting(sato):
        month = queries.month(sato, clock.today().replace(day=1))
    tables = {table.title: dict(table.lines) for table in month.tables}
    assert (month.total, month.with_name, month.printed) == (3, 1, 0)
    assert tables["診療科"] == {"整形外科": 3}
    assert tables["地域"] == {"桜台": 3}
    assert tables["そのほかの希望"] == {"18:00に診療": 3, "車椅子で入れる": 3}
    assert tables["結果"]["受診した"] == 2
    assert tables["結果"]["未確認"] == 1
    client = browser.log_in(sato)
    page = client.get(reverse("counter:statistics")).content.decode()
    file = client.get(reverse("counter:statistics_csv")).content.decode("utf-8-sig")
    assert "桜台整形,3" in file
    for text in (page, file):
        assert "鈴木" not in text
    assert client.get(reverse("counter:statistics") + "?month=nonsense").status_code == 200


def test_the_pages_lead_from_the_start_to_the_choice(
    sato: Actor, clinics: list[Facility], browser: StaffClient
) -> None:
    client = browser.log_in(sato)
    began = client.post(reverse("counter:start"))
    uid = began["Location"].split("/")[2]
    found = client.post(
        reverse("counter:need", args=[uid]),
        {"department": "整形外科", "district": "桜台", "hour": "18:00", "attributes": "wheelchair"},
    )
    assert found.status_code == 302
    client.post(reverse("counter:pick", args=[uid]), {"facility": str(clinics[1].uid)})
    client.post(reverse("counter:choose", args=[uid]), {"facility": str(clinics[1].uid)})
    text = client.get(reverse("counter:session", args=[uid])).content.decode()
    assert "若草整形へのご案内" in text
    ids = re.findall(r' id="([^"]+)"', text)
    assert len(ids) == len(set(ids)), "every label names a field of its own"
    assert "若草整形" in client.get(reverse("counter:index")).content.decode()
    wrong = client.post(reverse("counter:need", args=[uid]), {"department": "呪術科"})
    assert wrong.status_code == 422
    refused = client.post(reverse("counter:referral", args=[uid]), {"number": "誰もいない"})
    assert refused.status_code == 422
    assert "自施設の患者に見つかりません" in refused.content.decode()
