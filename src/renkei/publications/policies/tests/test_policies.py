"""Versions of an alliance's documents, who reads them, and the public page."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import DatabaseError, connection, transaction

from renkei.directory.models import Area, Facility, Organization, Ownership
from renkei.enrolments.models import Enrolment, Listing, Scheme
from renkei.gate.actor import ANONYMOUS, Actor
from renkei.gate.context import acting
from renkei.kernel.errors import Invalid, NotFound, NotPossibleNow
from renkei.kernel.roles import Role
from renkei.publications.functions.tests.region import officer, settle
from renkei.publications.models import PolicyDocument
from renkei.publications.policies import actions, queries
from renkei.publications.policies.comparing import ADDED, CHANGED, REMOVED, SAME, compare, summary
from renkei.publications.policies.members import taking_part
from testing.cast import Cast
from testing.database import arranging
from testing.fixtures import StaffClient

V1 = "救急を強化する\n受入体制を一元化する\n人材を育成する"
V2 = "救急とがん診療を強化する\n受入体制を一元化する\n共同購入を始める\n人材を育成する"


@pytest.fixture
def tomonaga(cast: Cast) -> Actor:
    """友永 of the alliance's office."""
    settle(cast)
    return officer("tomonaga", "推進法人みどり", "14214", Role.ALLIANCE_OFFICE)


def _draft(actor: Actor, text: str = V1) -> PolicyDocument:
    return actions.start_draft(actor, kind="policy", title="医療連携推進方針", text=text)


def test_two_versions_are_compared_line_by_line_with_words() -> None:
    lines = compare(V1, V2)
    assert [line.what for line in lines] == [CHANGED, SAME, ADDED, SAME]
    assert summary(lines) == {CHANGED: 1, ADDED: 1, REMOVED: 0}
    changed = lines[0]
    assert "".join(p.text for p in changed.old) == "救急を強化する"
    assert "".join(p.text for p in changed.new) == "救急とがん診療を強化する"
    assert [p.text for p in changed.new if p.marked] == ["とがん診療"]
    assert (lines[2].old_number, lines[2].new_number) == (None, 3)


def test_a_line_that_has_nothing_in_common_is_removed_and_added() -> None:
    assert [line.what for line in compare("理念", "共同購入を始める")] == [REMOVED, ADDED]
    assert [line.what for line in compare("あ\nい", "あ")] == [SAME, REMOVED]
    assert compare("", "") == []


def test_a_draft_is_seen_by_its_office_alone(tomonaga: Actor, cast: Cast) -> None:
    with acting(tomonaga):
        row = _draft(tomonaga)
    others = [ANONYMOUS, *(cast.actor(n) for n in ("sato", "x1_alliance_office"))]
    for stranger in others:
        with acting(stranger), pytest.raises(NotFound):
            queries.document(stranger, row.uid)
        with transaction.atomic(), acting(stranger), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM publications_policydocument")
            assert cursor.fetchone() == (0,)
    with acting(tomonaga):
        actions.publish(tomonaga, row)
    for reader in others:
        with transaction.atomic(), acting(reader):
            assert queries.document(reader, row.uid).text == V1


def test_what_was_published_never_changes(tomonaga: Actor) -> None:
    with acting(tomonaga):
        row = actions.publish(tomonaga, _draft(tomonaga))
        for step in (
            lambda: actions.edit_draft(tomonaga, row, title="x", text="y"),
            lambda: actions.publish(tomonaga, row),
            lambda: actions.discard_draft(tomonaga, row),
        ):
            with pytest.raises(NotPossibleNow):
                step()
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE publications_policydocument SET text = 'x'")
        second = _draft(tomonaga, V2)
        assert second.number == 2
        with pytest.raises(NotPossibleNow):
            _draft(tomonaga)
        assert [d.number for d in queries.in_force(tomonaga.facility_id)] == [1]
        actions.publish(tomonaga, second)
        assert [d.number for d in queries.in_force(tomonaga.facility_id)] == [2]
        assert [d.number for d in queries.published(tomonaga.facility_id, "policy")] == [2, 1]


def test_a_discarded_number_is_used_again_and_an_empty_text_is_refused(tomonaga: Actor) -> None:
    with acting(tomonaga):
        actions.discard_draft(tomonaga, _draft(tomonaga))
        assert _draft(tomonaga).number == 1
        with pytest.raises(Invalid):
            actions.start_draft(tomonaga, kind="principles", title="理念", text=" ")


def test_another_office_changes_nothing(tomonaga: Actor, cast: Cast) -> None:
    other = cast.actor("x1_alliance_office")
    with acting(tomonaga):
        row = _draft(tomonaga)
        published = actions.publish(
            tomonaga, actions.start_draft(tomonaga, kind="principles", title="理念", text="競争より協調")
        )
    for document in (row, published):
        with transaction.atomic(), acting(other), pytest.raises(NotFound):
            actions.edit_draft(other, document, title="x", text="y")


def _join(office: Actor, cast: Cast) -> None:
    """Two corporations since 2024 and 2026; C1 moves from the first to the second in June 2026."""
    with arranging():
        alliance = Facility.objects.get(pk=office.facility_id)
        scheme = Scheme(key="alliance_member", owner=alliance, name="参加法人", areas=["14214", "14215"])
        scheme.from_on = date(2024, 4, 1)
        scheme.save()
        for name, key, joined in (
            ("医療法人甲", "H1", date(2024, 4, 1)),
            ("医療法人乙", "C2", date(2026, 4, 1)),
        ):
            organization = Organization.objects.create(name=name)
            house = cast.facility(key)
            Ownership.objects.create(facility=house, organization=organization, from_on=date(2020, 4, 1))
            common = {"scheme": scheme, "owner": alliance, "facility": house, "organization": organization}
            row = Enrolment(joined_on=joined, **common)
            row.save()
            Listing(enrolment=row, from_on=joined, **common).save()
        first, second = Organization.objects.filter(name__startswith="医療法人").order_by("pk")
        clinic = cast.facility("C1")
        Ownership.objects.create(
            facility=clinic, organization=first, from_on=date(2020, 4, 1), until_on=date(2026, 6, 1)
        )
        Ownership.objects.create(facility=clinic, organization=second, from_on=date(2026, 6, 1))


def test_members_are_told_as_of_a_day(tomonaga: Actor, cast: Cast) -> None:
    _join(tomonaga, cast)

    def told(day: date) -> dict[str, list[str]]:
        taking = taking_part(tomonaga.facility_id, day)
        return {c.name: [f.name for _k, rows in c.facilities for f in rows] for c in taking.corporations}

    assert told(date(2024, 3, 31)) == {}
    assert told(date(2025, 4, 1)) == {"医療法人甲": ["青木内科", "みどり中央病院"]}
    after = {"医療法人甲": ["みどり中央病院"], "医療法人乙": ["青木内科", "林医院"]}
    assert told(date(2026, 6, 1)) == after
    assert [a.name for a in taking_part(tomonaga.facility_id, date(2026, 6, 1)).areas] == [
        "伊勢原市",
        "海老名市",
    ]


def test_the_public_page_shows_members_and_what_is_published_but_no_draft(
    tomonaga: Actor, cast: Cast, browser: StaffClient
) -> None:
    _join(tomonaga, cast)
    with acting(tomonaga):
        first = actions.publish(tomonaga, _draft(tomonaga))
        draft = _draft(tomonaga, V2)
    with arranging():
        house = Facility.objects.get(pk=tomonaga.facility_id)
        assert Area.objects.filter(code="14214").exists()
    base = f"/publications/alliances/{house.uid}/"
    page = browser.get(base).content.decode()
    assert "推進法人みどり" in page
    assert "医療法人甲" in page
    assert "伊勢原市、海老名市" in page
    assert "受入体制を一元化する" in page
    assert "共同購入を始める" not in page
    assert browser.get(f"{base}documents/{first.uid}/").status_code == 200
    assert browser.get(f"{base}documents/{draft.uid}/").status_code == 404
    assert browser.get(f"{base}compare/?old={first.uid}&new={draft.uid}").status_code == 404
    assert browser.get(f"{base}compare/?old=x&new=y").status_code == 404
    with acting(tomonaga):
        actions.publish(tomonaga, draft)
    compared = browser.get(f"{base}compare/?old={first.uid}&new={draft.uid}").content.decode()
    assert "<ins>とがん診療</ins>" in compared
    assert "共同購入を始める" in browser.get(base).content.decode()
    none = f"/publications/alliances/{cast.facility('C2').uid}/"
    assert browser.get(none).status_code == 404


def test_the_office_writes_compares_and_publishes_on_its_pages(
    tomonaga: Actor, cast: Cast, browser: StaffClient
) -> None:
    browser.log_in(tomonaga)
    home = "/publications/policies/"
    assert browser.get(home).status_code == 200
    sent = {"kind": "policy", "title": "方針", "text": V1}
    assert browser.post(home + "new/", sent | {"text": ""}).status_code == 422
    assert browser.post(home + "new/", sent).status_code == 302
    with acting(tomonaga):
        first = queries.own_documents(tomonaga)[0]
    place = f"{home}{first.uid}/"
    assert browser.post(place, {"title": "方針", "text": V1, "version": "0"}).status_code == 409
    assert browser.post(place + "publish/", {"version": str(first.version)}).status_code == 302
    assert browser.get(place).status_code == 200
    assert browser.post(place, {"title": "方針", "text": V2}).status_code == 409
    assert "人材を育成する" in browser.get(home + "new/?kind=policy").content.decode()
    assert browser.post(home + "new/", sent | {"text": V2}).status_code == 302
    with acting(tomonaga):
        second = queries.own_documents(tomonaga)[0]
    assert "第1版と比べる" in browser.get(home).content.decode()
    compared = browser.get(f"{home}compare/?old={first.uid}&new={second.uid}").content.decode()
    assert "変更 1行、追加 1行、削除 0行" in compared
    assert browser.post(f"{home}{second.uid}/discard/").status_code == 302
    browser.log_in(cast.actor("sato"))
    assert browser.get(home).status_code == 403
