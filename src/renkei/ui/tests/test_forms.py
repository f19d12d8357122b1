from datetime import date, datetime

import pytest
from django import forms

from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow, Stale
from renkei.ui import samples
from renkei.ui.forms import AppointmentField, EraDateField, NoteField, TypeAheadField, UiForm
from renkei.ui.types import Choice

pytestmark = pytest.mark.urls("renkei.ui.tests.urls")


class Visit(UiForm):
    name = forms.CharField(label="氏名")
    born_on = EraDateField(label="生年月日")
    kind = forms.ChoiceField(label="区分", choices=[("", "―"), ("1", "初診")])
    place = TypeAheadField(label="病名", url="ui:gallery_suggest", lookup=samples.lookup, required=False)
    at = AppointmentField(label="来院日時", required=False)
    note = NoteField(label="連絡", max_length=10, required=False)


GOOD = {"name": "鈴木 一郎", "born_on": "S34.3.4", "kind": "1"}


def _visit(**typed: str) -> Visit:
    return Visit(GOOD | typed)


@pytest.mark.parametrize("typed", ["S34.3.4", "昭和34年3月4日", "1959-03-04", "Ｓ３４．３．４"])
def test_a_birth_date_may_be_typed_in_era_or_western_style(typed: str) -> None:
    form = _visit(born_on=typed)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["born_on"] == date(1959, 3, 4)


def test_a_date_outside_its_era_is_refused_with_the_readers_sentence() -> None:
    form = _visit(born_on="昭和65年1月1日")
    assert "昭和65年1月1日" in form.errors["born_on"][0]
    assert 'value="昭和65年1月1日"' in str(form["born_on"]), "what was typed stays"


def test_the_same_date_written_another_way_is_no_change() -> None:
    form = Visit(GOOD | {"born_on": "昭和34年3月4日"}, initial={"born_on": date(1959, 3, 4)})
    assert "born_on" not in form.changed_data


def test_a_stored_date_is_shown_short_with_both_calendars_beside_it() -> None:
    html = str(Visit(initial={"born_on": date(1959, 3, 4)})["born_on"])
    assert 'value="S34.3.4"' in html
    assert "昭和34年3月4日(1959-03-04)" in html
    assert 'data-eradate="/ui/era-date/"' in html


def test_a_missing_value_says_which_field_and_what_to_do() -> None:
    errors = Visit({}).errors
    assert errors["name"] == ["「氏名」を入力してください。"]
    assert errors["kind"] == ["「区分」を選んでください。"]


def test_a_suggestion_is_looked_up_again_and_not_trusted() -> None:
    form = _visit(place="でたらめ", place_code="S02")
    assert form.is_valid()
    assert form.cleaned_data["place"] == Choice("S02", "高血圧症", "見本")


def test_without_scripts_the_exact_name_alone_is_enough() -> None:
    form = _visit(place="高血圧症")
    assert form.is_valid()
    assert form.cleaned_data["place"].code == "S02"


def test_an_unknown_name_is_refused_where_free_text_is_not_allowed() -> None:
    assert _visit(place="知らない").errors["place"] == [
        "「知らない」は見つかりません。候補から選んでください。"
    ]


def test_free_text_passes_as_text_without_a_code() -> None:
    field = TypeAheadField(lookup=samples.lookup, free_text=True)
    assert field.clean(Choice("", "めずらしい病気")) == Choice("", "めずらしい病気")


def test_an_appointment_is_a_japanese_wall_clock_time() -> None:
    form = _visit(at_date="2026-06-05", at_time="13:30")
    assert form.is_valid(), form.errors
    assert form.cleaned_data["at"] == clock.jst(2026, 6, 5, 13, 30)
    assert (
        Visit(initial={"at": datetime.fromisoformat("2026-06-05T04:30:00+00:00")})["at"]
        .as_widget()
        .count("13:30")
        == 1
    )


def test_half_an_appointment_and_odd_minutes_are_refused() -> None:
    assert _visit(at_date="2026-06-05", at_time="").errors["at"] == ["日付と時刻の両方を入力してください。"]
    assert _visit(at_date="2026-06-05", at_time="13:32").errors["at"] == [
        "時刻は5分きざみで入力してください。"
    ]


def test_line_ends_and_surrogate_pairs_count_as_one_character_in_a_note() -> None:
    assert _visit(note="𠮷\r\n" * 4 + "𠮷野").is_valid()
    assert "10文字まで" in _visit(note="あ" * 11).errors["note"][0]


def test_a_note_is_not_cut_by_the_browser() -> None:
    html = str(Visit()["note"])
    assert "maxlength" not in html
    assert 'data-max="10"' in html


def test_a_domain_refusal_lands_on_the_field_it_names_or_on_top() -> None:
    form = _visit()
    form.take(Invalid("taken", "この氏名はすでに登録されています。", "name"))
    form.take(Stale("stale", "ほかの人が先に変更しました。", "elsewhere"))
    assert form.errors["name"] == ["この氏名はすでに登録されています。"]
    assert form.non_field_errors() == ["ほかの人が先に変更しました。"]


def test_errors_are_tied_to_their_inputs_for_screen_readers() -> None:
    html = str(Visit({}))
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_error"' in html
    assert "id_name_error" in html.split('name="name"')[1].split(">")[0]
    assert '<a href="#id_name">氏名</a>' in html, "the summary leads to the field"
    assert "3か所を直してください" in html


def test_a_refusal_that_no_field_can_mend_does_not_ask_to_mend_places() -> None:
    form = _visit()
    form.take(NotPossibleNow("away", "接続できません。"))
    html = str(form)
    assert "できませんでした" in html
    assert "か所を直して" not in html


def test_a_required_field_is_marked_in_words_and_for_machines() -> None:
    html = str(Visit())
    assert html.count('<span class="req">必須</span>') == 3
    assert html.count('aria-required="true"') == 3
