"""What may stand in a text field: widths, line ends, control characters, private characters (外字), lengths.

Positions in messages are counted as the person sees them: line and character, from 1. Nothing here repairs
silently what a reader could miss: a character that no other hospital can show is refused, with its place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from renkei.kernel.errors import Invalid

_TO_ASCII = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
# Hyphens, dashes, the minus sign, and the long vowel mark that the Japanese input method writes for "-".
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe63\uff70\u30fc]")
_VARIATION_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_AFTER_BASE_SELECTOR = re.compile(f"(?<=[^{_VARIATION_SELECTORS}])[{_VARIATION_SELECTORS}]")
_LOOSE_VOICED = re.compile("[\u3041-\u30ff][\u3099\u309a]")
_ALLOWED_CONTROLS = "\n\t"
# ASCII, Japanese punctuation, kana, kanji and their widths: nothing in here can be odd, so most texts are not taken apart.
_PLAIN = re.compile("[ -~\u3000-\u30ff\u4e00-\u9fff\uff01-\uff9f]*")
# Line and paragraph separators, and overrides of writing direction (they show a text that is not stored).
_DIRECTION_OR_LINE = "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

GAIJI_REMEDY = (
    "この端末だけの文字のため、相手の画面や印刷では表示されません。"
    "一般の漢字(例: 髙、﨑)か仮名で入力し直してください。"
)
REPLACED_REMEDY = "文字コードの変換に失敗した跡(文字化け)です。元の文書を見て入力し直してください。"
CONTROL_REMEDY = "目に見えない文字です。その前後を消して入力し直してください。"


@dataclass(frozen=True)
class OddCharacter:
    """A character that must not be stored, and where it stands (``line`` and ``column`` from 1)."""

    char: str
    line: int
    column: int
    remedy: str

    @property
    def codepoint(self) -> str:
        """``U+E000`` notation."""
        return f"U+{ord(self.char):04X}"

    @property
    def place(self) -> str:
        """``2行目の5文字目`` style; the line is left out on the first one."""
        return (f"{self.line}行目の" if self.line > 1 else "") + f"{self.column}文字目"


def to_half_width(text: str) -> str:
    """Full-width ASCII and the ideographic space to half width (``１２－Ａ``: ``12-A``); the rest stays."""
    return text.translate(_TO_ASCII)


def to_plain_number(text: str) -> str:
    """A number as typed at a desk to half width: every kind of dash becomes ``-``, outer spaces go."""
    return _DASHES.sub("-", to_half_width(text)).strip()


def compose_kana(text: str) -> str:
    """Join kana and a separate voicing mark (か + U+3099, as macOS writes it); kanji stay as they are.

    Plain NFC would also replace compatibility kanji such as U+FA19 (神), as some people write their name.
    """
    return _LOOSE_VOICED.sub(lambda found: unicodedata.normalize("NFC", found[0]), text)


def char_count(text: str) -> int:
    """Length as people count: a surrogate pair is one, a kanji with its variation selector is one."""
    return len(_AFTER_BASE_SELECTOR.sub("", text))


def find_controls(
    text: str, *, allowed: str = _ALLOWED_CONTROLS, invisible: bool = False
) -> list[OddCharacter]:
    """NUL and control characters, lone surrogates, non-characters and direction overrides, with their places.

    ``invisible`` adds every other formatting character (zero-width space, byte order mark): harmless in a
    pasted note, fatal in a name or a number that is compared.
    """
    if _PLAIN.fullmatch(text.replace("\n", "") if "\n" in allowed else text):
        return []
    return _find(
        text,
        lambda c: c not in allowed and (_is_control(c) or (invisible and unicodedata.category(c) == "Cf")),
        CONTROL_REMEDY,
    )


def find_gaiji(text: str) -> list[OddCharacter]:
    """Private-use characters (外字) and the mark of a failed decoding (U+FFFD), with their places."""
    if _PLAIN.fullmatch(text.replace("\n", "")):
        return []
    private = _find(text, lambda c: unicodedata.category(c) == "Co", GAIJI_REMEDY)
    replaced = _find(text, lambda c: c == "\ufffd", REPLACED_REMEDY)
    return sorted(private + replaced, key=lambda odd: (odd.line, odd.column))


def refuse_controls(
    text: str, field: str = "", *, allowed: str = _ALLOWED_CONTROLS, invisible: bool = False
) -> None:
    """Raise ``Invalid('control_character')`` at the first character of :func:`find_controls`."""
    if found := find_controls(text, allowed=allowed, invisible=invisible):
        odd = found[0]
        raise Invalid(
            "control_character",
            f"{odd.place}に使えない文字({odd.codepoint})が入っています。{odd.remedy}",
            field,
        )


def refuse_gaiji(text: str, field: str = "") -> None:
    """Raise ``Invalid('gaiji')`` listing up to five private or garbled characters with their places."""
    found = find_gaiji(text)
    if not found:
        return
    listed = "、".join(f"{odd.place}({odd.codepoint})" for odd in found[:5])
    more = f" ほか{len(found) - 5}か所" if len(found) > 5 else ""
    name = "文字化け" if found[0].char == "\ufffd" else "外字"
    raise Invalid("gaiji", f"{listed}{more}に{name}があります。{found[0].remedy}", field)


def refuse_longer(text: str, limit: int, field: str = "") -> None:
    """Raise ``Invalid('too_long')`` when ``text`` has more than ``limit`` characters (:func:`char_count`)."""
    length = char_count(text)
    if length > limit:
        raise Invalid(
            "too_long",
            f"{limit:,}文字までのところ、{length:,}文字あります。{length - limit:,}文字減らしてください。",
            field,
        )


def clean_note(text: str, limit: int, field: str = "", *, allow_gaiji: bool = False) -> str:
    """Free text ready to store: line ends are LF, nothing else is changed.

    ``limit`` is in characters. Raises ``Invalid``: ``control_character``, ``gaiji`` (unless ``allow_gaiji``,
    for text that came from elsewhere and has to be kept), ``too_long``.
    """
    note = compose_kana(text.replace("\r\n", "\n").replace("\r", "\n"))
    refuse_controls(note, field)
    if not allow_gaiji:
        refuse_gaiji(note, field)
    refuse_longer(note, limit, field)
    return note


def shorten(text: str, n: int) -> str:
    """``text`` on one line, at most ``n`` characters (1 or more), the last one ``…`` where it was cut."""
    line = " ".join(text.split())
    if char_count(line) <= n:
        return line
    kept = ""
    for char in line:
        if char_count(kept + char) > n - 1:
            break
        kept += char
    return kept.rstrip() + "…"


def _is_control(char: str) -> bool:
    if char in _DIRECTION_OR_LINE:
        return True
    kind = unicodedata.category(char)
    return kind in {"Cc", "Cs"} or (kind == "Cn" and _is_noncharacter(ord(char)))


def _is_noncharacter(code: int) -> bool:
    return code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _is_selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _find(text: str, is_odd: Callable[[str], bool], remedy: str) -> list[OddCharacter]:
    found = []
    line, column, before = 1, 0, "\n"
    for char in text:
        if not (_is_selector(char) and before != "\n" and not _is_selector(before)):
            column += 1
        if is_odd(char):
            found.append(OddCharacter(char, line, column, remedy))
        if char == "\n":
            line, column = line + 1, 0
        before = char
    return found
