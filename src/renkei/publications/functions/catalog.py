"""Reading the form of a year from TOML, and judging answers by it. Plain data in, plain data out."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from renkei.directory.types import CareFunction
from renkei.kernel.errors import Invalid
from renkei.kernel.text import to_half_width
from renkei.publications.functions.types import (
    PERIODS,
    Answers,
    Form,
    Item,
    Kind,
    Option,
    Prefilled,
    Thresholds,
)

DATA = Path(__file__).parent / "data"
MOST_COUNT = 1_000_000
MOST_FTE = Decimal("999.9")
_WORDS = {"number", "label", "section", "note"}


@cache
def shipped(year: int) -> Form | None:
    """The form that the product ships for a year."""
    path = DATA / f"{year}.toml"
    return read(path.read_text(encoding="utf-8")) if path.exists() else None


def shipped_years() -> list[int]:
    """Years with a shipped form, newest first."""
    return sorted((int(p.stem) for p in DATA.glob("2*.toml")), reverse=True)


def read(text: str) -> Form:
    """A form from its TOML. Raises ``Invalid('text')`` with what is wrong and where."""
    try:
        told = tomllib.loads(text)
        sections = {str(k): str(v) for k, v in told["sections"].items()}
        lists = {k: _options(v) for k, v in told.get("options", {}).items()}
        parts = [
            tuple(_item(row, lists, sections) for row in told[name]) for name in ("part_one", "part_two")
        ]
        form = Form(
            year=int(told["year"]),
            title=str(told["title"]),
            source=str(told.get("source", "")),
            opens=str(told["opens"]),
            closes=str(told["closes"]),
            sections=sections,
            part_one=parts[0],
            part_two=parts[1],
            classes=Thresholds(**told["classes"]),
            certain=all(i.certain for part in parts for i in part),
            text=text,
        )
    except tomllib.TOMLDecodeError as error:
        raise Invalid("form_toml", f"TOMLとして読めません: {error}", "text") from error
    except KeyError as error:
        raise Invalid("form_missing", f"項目 {error} がありません。", "text") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise Invalid("form_value", f"値の形が違います: {error}", "text") from error
    _check(form)
    return form


def _options(rows: Sequence[Sequence[Any]]) -> tuple[Option, ...]:
    return tuple(Option(str(code), str(label)) for code, label in rows)


def _item(
    row: Mapping[str, Any], lists: Mapping[str, tuple[Option, ...]], sections: Mapping[str, str]
) -> Item:
    values: dict[str, Any] = {k: str(v) for k, v in row.items() if k in _WORDS}
    given = row.get("options", [])
    only_if = row.get("only_if")
    if row["section"] not in sections:
        raise ValueError(f"{row['key']} の section「{row['section']}」")
    return Item(
        key=str(row["key"]),
        kind=Kind(row["kind"]),
        options=lists[given] if isinstance(given, str) else _options(given),
        present=tuple(row.get("present", ())),
        met=tuple(row.get("met", ())),
        counts=bool(row.get("counts", False)),
        only_if=(str(only_if[0]), tuple(only_if[1])) if only_if else None,
        alone=str(row.get("alone", "")),
        most=int(row.get("most", 0)),
        period=str(row.get("period", "as_of")),
        prefilled=Prefilled(row["prefilled"]) if "prefilled" in row else None,
        required=bool(row.get("required", True)),
        certain=bool(row.get("certain", True)),
        **values,
    )


def _check(form: Form) -> None:
    """What a person who edits the file would otherwise find out from a wrong report."""
    items = (*form.part_one, *form.part_two)
    keys = [i.key for i in items]
    if double := sorted({k for k in keys if keys.count(k) > 1}):
        raise Invalid("form_double", f"同じkeyが2つあります: {'、'.join(double)}", "text")
    for item in items:
        codes = {o.code for o in item.options}
        if unknown := sorted({*item.present, *item.met, *([item.alone] if item.alone else [])} - codes):
            raise Invalid(
                "form_code", f"{item.key}: コード {'、'.join(unknown)} が選択肢にありません。", "text"
            )
        if item.only_if and item.only_if[0] not in keys:
            raise Invalid("form_only_if", f"{item.key}: only_if の {item.only_if[0]} がありません。", "text")
        if item.period not in PERIODS:
            raise Invalid("form_period", f"{item.key}: 期間 {item.period} は使えません。", "text")
    functions = {i.section for i in form.part_two}
    if functions != {f.value for f in CareFunction}:
        raise Invalid("form_functions", "2号の section は イ〜ニ の4つにしてください。", "text")


# Answers ------------------------------------------------------------------------------------------------------------


def clean(items: Sequence[Item], raw: Answers) -> dict[str, Any]:
    """Answers ready to store, only of items that are asked. Raises ``Invalid`` at the item. Linked facilities stay as given."""
    found: dict[str, Any] = {}
    for item in items:
        value = raw.get(item.key)
        if value in (None, "", [], ()) or not item.asked(found | dict(raw)):
            continue
        found[item.key] = _CLEANERS[item.kind](item, value)
    return found


def _code(item: Item, value: Any) -> str:
    code = str(value)
    if code not in {o.code for o in item.options}:
        raise Invalid(
            "code_unknown", f"「{item.label}」: 選択肢にない回答です。選び直してください。", item.key
        )
    return code


def _codes(item: Item, value: Any) -> list[str]:
    chosen = {_code(item, one) for one in value}
    if item.alone in chosen and len(chosen) > 1:
        said = item.label_of(item.alone)
        raise Invalid("code_alone", f"「{item.label}」: 「{said}」とほかの回答は一緒に選べません。", item.key)
    return [o.code for o in item.options if o.code in chosen]


def _count(item: Item, value: Any) -> int:
    text = to_half_width(str(value)).replace(",", "").strip()
    if not text.isdecimal() or int(text) > MOST_COUNT:
        raise Invalid("count", f"「{item.label}」: 0以上の整数で入力してください。", item.key)
    return int(text)


def full_time(text: str) -> Decimal:
    """常勤換算: the second decimal place is cut off (切り捨て). Raises ``InvalidOperation`` for what is no number."""
    return Decimal(to_half_width(text).strip()).quantize(Decimal("0.1"), rounding=ROUND_DOWN)


def _fte(item: Item, value: Any) -> str:
    try:
        number = full_time(str(value))
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or not 0 <= number <= MOST_FTE:
        raise Invalid("fte", f"「{item.label}」: 0から999.9までの数で入力してください(例: 1.5)。", item.key)
    return str(number)


def _linked(item: Item, value: Any) -> list[dict[str, str]]:
    if len(value) > item.most:
        raise Invalid("too_many", f"「{item.label}」は{item.most}機関までです。", item.key)
    return list(value)


_CLEANERS = {
    Kind.CHOICE: _code,
    Kind.CHOICES: _codes,
    Kind.COUNT: _count,
    Kind.FTE: _fte,
    Kind.FACILITIES: _linked,
}


def missing(items: Sequence[Item], answers: Answers) -> list[Item]:
    """Items that still have to be answered, in order."""
    return [i for i in items if i.required and i.asked(answers) and answers.get(i.key) in (None, "", [])]


def holds_part_one(form: Form, answers: Answers) -> bool:
    """1号機能を有する: complete, and every item with a requirement fulfils it."""
    if missing(form.part_one, answers):
        return False
    return not unmet(form, answers)


def unmet(form: Form, answers: Answers) -> list[Item]:
    """Items of 1号 whose answer does not fulfil the requirement (unanswered ones are ``missing``)."""
    return [
        i
        for i in form.part_one
        if i.met and answers.get(i.key) not in (None, "", []) and not _any_of(answers[i.key], i.met)
    ]


def _any_of(value: Any, codes: Sequence[str]) -> bool:
    return bool(set(value if isinstance(value, list) else [value]) & set(codes))


def present_items(form: Form, answers: Answers, function: str) -> list[Item]:
    """The items of a function that are done (実施・実績あり); one of them makes the function present."""
    return [i for i in form.part_two if i.section == function and _is_present(i, answers.get(i.key))]


def _is_present(item: Item, value: Any) -> bool:
    if value in (None, "", []) or item.kind is Kind.FACILITIES:
        return False
    if item.kind is Kind.COUNT:
        return item.counts and int(value) > 0
    return _any_of(value, item.present)


def functions_present(form: Form, answers: Answers) -> list[str]:
    """Codes of the functions イ–ニ that are present."""
    return [f.value for f in CareFunction if present_items(form, answers, f.value)]
