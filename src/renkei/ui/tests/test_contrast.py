"""WCAG 2.2 AA, computed from the style sheets that are shipped: text 4.5 : 1, edges and marks 3 : 1."""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).parents[1] / "static" / "ui"
TONES = ("neutral", "info", "success", "warning", "danger", "purple")
GROUNDS = ("ground", "surface", "surface-2", "key-soft")


def _declared(name: str) -> dict[str, str]:
    text = re.sub(r"/\*.*?\*/", "", (STATIC / name).read_text(encoding="utf-8"), flags=re.S)
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", text))


def _theme(name: str) -> dict[str, str]:
    values = _declared("vendor/dads/tokens.css") | _declared("css/theme.css")
    return values | (_declared("css/theme-dark.css") if name == "dark" else {})


def _luminance(theme: dict[str, str], name: str) -> float:
    value = theme[name]
    while found := re.fullmatch(r"var\(--([\w-]+)\)", value.strip()):
        value = theme[found[1]]
    assert re.fullmatch(r"#[0-9a-f]{6}", value), f"{name} is {value}, not a plain colour"
    channels = [int(value[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(theme: dict[str, str], one: str, other: str) -> float:
    low, high = sorted((_luminance(theme, one), _luminance(theme, other)))
    return (high + 0.05) / (low + 0.05)


TEXT = [
    *((text, ground) for text in ("text", "text-2", "key", "danger") for ground in GROUNDS),
    *((tone, f"{tone}-soft") for tone in TONES),
    *((tone, "surface") for tone in TONES),
    ("on-fill", "fill"), ("on-fill", "fill-hover"), ("on-fill", "danger-fill"), ("on-invert", "invert"),
]  # fmt: skip
EDGES = [
    *((edge, ground) for edge in ("line-strong", "focus", "key", "danger") for ground in ("ground", "surface")),
    ("focus-gap", "fill"), ("fill", "surface"),
]  # fmt: skip


def test_the_measure_itself_gives_21_for_black_on_white() -> None:
    assert _contrast({"b": "#000000", "w": "#ffffff"}, "b", "w") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_is_readable_on_every_ground_it_stands_on(theme: str, text: str, ground: str) -> None:
    assert _contrast(_theme(theme), text, ground) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGES)
def test_edges_of_inputs_and_the_focus_ring_can_be_seen(theme: str, edge: str, ground: str) -> None:
    assert _contrast(_theme(theme), edge, ground) >= 3


def test_the_dark_theme_gives_every_colour_a_value_of_its_own() -> None:
    assert set(_declared("css/theme-dark.css")) == set(_declared("css/theme.css"))


@pytest.mark.parametrize("sheet", ["base", "components", "print"])
def test_every_name_a_style_sheet_uses_is_declared(sheet: str) -> None:
    used = set(re.findall(r"var\(--([\w-]+)", (STATIC / "css" / f"{sheet}.css").read_text(encoding="utf-8")))
    assert used <= set(_theme("light"))
