"""Who changes what in the directory, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO

import pytest
from PIL import Image

from renkei.directory import actions, queries
from renkei.directory.models import Facility
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow, Stale
from testing.cast import Cast


def picture(kind: str = "PNG", size: tuple[int, int] = (3000, 1000)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "white").save(out, kind)
    return out.getvalue()


def test_a_facility_administrator_changes_the_phone_of_the_own_hospital(cast: Cast, oka: Actor) -> None:
    with acting(oka):
        actions.edit_facility(oka, cast.facility("H1"), phone="０４６３−００−９９９９", kana="みどり")
        found = queries.facility(cast.facility("H1").uid)
    assert (found.phone, found.kana) == ("0463-00-9999", "ミドリ")
    assert queries.search_facilities("0463009999")


def test_another_facility_is_refused_and_a_physician_may_not_edit(cast: Cast, oka: Actor) -> None:
    with acting(oka), pytest.raises(NotAllowed):
        actions.edit_facility(oka, cast.facility("H2"), phone="0463-00-9999")
    takahashi = cast.actor("takahashi")
    with acting(takahashi), pytest.raises(NotAllowed):
        actions.edit_facility(takahashi, cast.facility("H1"), phone="0463-00-9999")


def test_the_institution_number_is_for_the_system_administrator(
    cast: Cast, oka: Actor, administrator: Actor
) -> None:
    clinic = cast.facility("H1")
    with acting(oka), pytest.raises(NotAllowed):
        actions.edit_facility(oka, clinic, institution_number="1410000078")
    with acting(oka), pytest.raises(NotAllowed):
        actions.edit_facility(oka, clinic, organization="医療法人みどり会")
    with acting(administrator):
        changed = actions.edit_facility(
            administrator, clinic, institution_number="14-1-0000078", organization="医療法人みどり会"
        )
    assert changed.institution_number == "1410000078"
    assert changed.organization.name == "医療法人みどり会"


@pytest.mark.parametrize(
    ("number", "says"), [("141000001", "9桁"), ("4810000011", "都道府県番号"), ("1490000011", "点数表番号")]
)
def test_a_wrong_institution_number_is_explained(administrator: Actor, number: str, says: str) -> None:
    with acting(administrator), pytest.raises(Invalid, match=says) as refused:
        actions.add_facility(administrator, kind="clinic", name="新しい医院", institution_number=number)
    assert refused.value.field == "institution_number"


def test_a_number_in_use_names_the_facility(administrator: Actor) -> None:
    with acting(administrator), pytest.raises(Invalid, match="みどり中央病院"):
        actions.add_facility(administrator, kind="clinic", name="新", institution_number="1410000011")


def test_two_people_who_edit_at_once_do_not_overwrite_each_other(cast: Cast, oka: Actor) -> None:
    with acting(oka):
        first, second = (queries.facility(cast.facility("H1").uid) for _ in range(2))
        actions.edit_facility(oka, first, fax="0463-00-1111")
        with pytest.raises(Stale):
            actions.edit_facility(oka, second, fax="0463-00-2222")


def test_overlapping_hours_are_refused_by_their_day(cast: Cast, oka: Actor) -> None:
    overlapping = [
        {"weekday": 2, "opens": "09:00", "closes": "12:00"},
        {"weekday": 2, "opens": "11:30", "closes": "13:00"},
    ]
    with acting(oka), pytest.raises(Invalid, match="水曜"):
        actions.set_hours(oka, cast.facility("H1"), hours=overlapping)


def test_departments_have_one_name_each(cast: Cast, oka: Actor) -> None:
    with acting(oka):
        made = actions.save_department(oka, cast.facility("H1"), name="皮膚科", place="2階")
        with pytest.raises(Invalid, match="皮膚科"):
            actions.save_department(oka, cast.facility("H1"), name=" 皮膚科 ")
        actions.save_department(
            oka, cast.facility("H1"), department_id=made.pk, name="皮膚科", accepts_referrals=False
        )
    names = [d.name for d in queries.departments(cast.facility("H1"), accepting=True)]
    assert "皮膚科" not in names


def test_a_new_representative_ends_the_one_before(cast: Cast, oka: Actor) -> None:
    hospital = cast.facility("H1")
    with acting(oka):
        actions.add_post(
            oka, hospital, title="病院長", holder="古井 一", representative=True, from_on=date(2020, 4, 1)
        )
        actions.add_post(
            oka, hospital, title="病院長", holder="新田 二", representative=True, from_on=date(2026, 4, 1)
        )
    assert queries.representative(hospital, date(2026, 3, 31)).holder == "古井 一"
    assert queries.representative(hospital, date(2026, 4, 1)).holder == "新田 二"
    assert len(queries.posts(hospital, date(2026, 4, 1))) == 1


def test_a_closed_clinic_can_open_again(cast: Cast) -> None:
    aoki, clinic = cast.actor("aoki"), cast.facility("C1")
    with acting(aoki):
        closed = actions.close_facility(aoki, clinic, closed_on=clock.today())
        assert not closed.is_open()
        assert actions.close_facility(aoki, closed, closed_on=None).is_open()


def test_a_relation_is_recorded_once_and_can_end(cast: Cast, oka: Actor) -> None:
    one, other = cast.facility("H1"), cast.facility("C1")
    with acting(oka):
        actions.relate(oka, one, other=other)
        actions.relate(oka, one, other=other)
        assert queries.special_relation(one.pk, other.pk)
        actions.relate(oka, one, other=other, related=False)
        assert not queries.special_relation(one.pk, other.pk)
        with pytest.raises(Invalid):
            actions.relate(oka, one, other=one)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_map_is_scaled_down_and_kept(cast: Cast, oka: Actor, kind: str) -> None:
    with acting(oka):
        actions.set_map_picture(oka, cast.facility("H1"), picture=picture(kind))
        actions.set_map_picture(oka, cast.facility("H1"), picture=picture(kind, (2000, 4000)))
    kept = queries.map_picture(cast.facility("H1"))
    with Image.open(BytesIO(bytes(kept.content))) as shown:
        assert shown.size == (800, 1600)
        assert kept.media_type == f"image/{kind.lower()}"
    with acting(oka):
        actions.set_map_picture(oka, cast.facility("H1"), picture=None)
    assert not queries.has_map(cast.facility("H1"))


@pytest.mark.parametrize("raw", [b"", b"%PDF-1.7", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a"])
def test_anything_but_a_picture_is_refused(cast: Cast, oka: Actor, raw: bytes) -> None:
    with acting(oka), pytest.raises(Invalid) as refused:
        actions.set_map_picture(oka, cast.facility("H1"), picture=raw)
    assert refused.value.field == "picture"


def test_a_truncated_picture_is_refused(cast: Cast, oka: Actor) -> None:
    with acting(oka), pytest.raises(Invalid):
        actions.set_map_picture(oka, cast.facility("H1"), picture=picture("JPEG")[:500])


def test_a_facility_sets_its_own_deadline_from_a_day_on(cast: Cast, oka: Actor) -> None:
    hospital, code = cast.facility("H1"), "referral.accept_hours"
    today = clock.today()
    later = today + timedelta(days=7)
    with acting(oka):
        actions.set_rule(oka, hospital, code=code, value=8, valid_from=later)
        assert queries.rule(code, hospital.pk) == 24
        assert queries.rule(code, hospital.pk, later) == 8
        actions.set_rule(oka, hospital, code=code, value=6, valid_from=today)
        actions.reset_rule(oka, hospital, code=code, valid_from=today + timedelta(days=1))
    assert queries.rule(code, hospital.pk) == 6
    assert queries.rule(code, hospital.pk, today + timedelta(days=1)) == 24
    assert queries.rule(code, hospital.pk, later) == 24
    assert [line.value for line in queries.rule_history(code, hospital.pk)] == [8, 6, 24]


def test_settings_keep_to_their_limits_and_never_change_the_past(cast: Cast, oka: Actor) -> None:
    hospital = cast.facility("H1")
    with acting(oka):
        with pytest.raises(Invalid, match="13〜64"):
            actions.set_rule(oka, hospital, code="password.min_length", value=8, valid_from=clock.today())
        with pytest.raises(Invalid, match="今日以降"):
            actions.set_rule(
                oka,
                hospital,
                code="referral.accept_hours",
                value=8,
                valid_from=clock.today() - timedelta(days=1),
            )
        with pytest.raises(Invalid):
            actions.set_rule(oka, hospital, code="no.such", value=8, valid_from=clock.today())
        with pytest.raises(NotPossibleNow):
            actions.reset_rule(oka, hospital, code="referral.accept_hours", valid_from=clock.today())


def test_a_name_with_a_private_character_is_refused(administrator: Actor) -> None:
    with acting(administrator), pytest.raises(Invalid) as refused:
        actions.add_facility(administrator, kind="clinic", name="\ue000医院")
    assert refused.value.code == "gaiji"
    assert not Facility.objects.filter(name__endswith="医院", kind="clinic", kana="").exists()
