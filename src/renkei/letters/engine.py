"""PDF from a template and plain data, by typst, with the shipped fonts only.

Data reaches a template as JSON text, so a letter's words are words and never markup. Templates see no file but
the ones of their own folder and the pictures handed over; the same input gives the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pypdf
import typst

from renkei.kernel import clock
from renkei.kernel.errors import Invalid
from renkei.kernel.text import compose_kana
from renkei.letters import coverage

TEMPLATE_FOLDER = Path(__file__).parent / "templates"
# PDF/A-2a (ISO 19005-2): every font inside, tagged for screen readers, readable after the retention period.
ARCHIVE = ("a-2a",)
# 下駄記号: what Japanese typesetters put where a character cannot be set.
GETA = "〓"

_IGNORABLE = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]|(?<![\u3400-\u9fff\uf900-\ufaff\U00020000-\U0002ffff])[\ufe00-\ufe0f]"
)
# The stub of typst leaves out the mapping of virtual files that the function takes.
_compile = cast("Callable[..., bytes]", typst.compile)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_VARIANT = re.compile("(.)([\ufe00-\ufe0f\U000e0100-\U000e01ef])", re.DOTALL)


def render(
    template: str,
    data: Mapping[str, Any],
    *,
    pictures: Mapping[str, bytes] | None = None,
    issued_on: date | None = None,
) -> bytes:
    """Set ``templates/<template>.typ`` with ``data`` (JSON values) and return the PDF.

    ``pictures`` are files the template may show (name to SVG, in UTF-8). ``issued_on`` becomes the creation
    date inside the PDF. Characters no font holds are set as 〓 and named at the end of the letter; ask
    :func:`cannot_print` before sending. Raises ``KeyError`` for an unknown template.
    """
    sources = _sources()
    if template not in sources or template == "base":
        raise KeyError(template)
    lost: dict[str, None] = {}
    variants: dict[str, None] = {}
    clean = _clean(dict(data), lost, variants)
    clean["unprintable"] = [_code_name(text) for text in lost]
    clean["rare_variants"] = list(variants)
    clean["rare_characters"] = _rare_characters(clean)
    files = {"main.typ": sources[template], "base.typ": sources["base"], **(pictures or {})}
    made_at = datetime.combine(issued_on or clock.today(), time(), clock.JST)
    return compile_files(files, {"data": json.dumps(clean, ensure_ascii=False)}, made_at)


def compile_files(files: Mapping[str, bytes], inputs: Mapping[str, str], made_at: datetime) -> bytes:
    """Compile ``files["main.typ"]`` as PDF/A; nothing outside the template folder can be read."""
    return _compile(
        dict(files),
        root=str(TEMPLATE_FOLDER),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs=dict(inputs),
        pdf_standards=list(ARCHIVE),
        timestamp=int(made_at.timestamp()),
    )


def pages(pdf: bytes) -> int:
    """How many pages ``pdf`` has; ``Invalid`` for what is no readable PDF."""
    return len(_reader(pdf).pages)


def join(pdfs: Sequence[bytes]) -> bytes:
    """One PDF of all the ``pdfs`` in their order (bulk print); ``Invalid`` for none or an unreadable one."""
    if not pdfs:
        raise Invalid("nothing_to_print", "印刷する文書がありません。一覧で1件以上選んでください。")
    writer = pypdf.PdfWriter()
    for pdf in pdfs:
        writer.append(_reader(pdf))
    whole = BytesIO()
    writer.write(whole)
    return whole.getvalue()


def cannot_print(text: str) -> list[str]:
    """The characters of ``text`` (with their variation selector) that no shipped font holds, each once."""
    lost: dict[str, None] = {}
    _clean(text, lost, {})
    return list(lost)


def _reader(pdf: bytes) -> pypdf.PdfReader:
    try:
        reader = pypdf.PdfReader(BytesIO(pdf))
        readable = not reader.is_encrypted and len(reader.pages) > 0
    except (pypdf.errors.PyPdfError, ValueError, KeyError, TypeError) as error:
        raise Invalid("pdf_broken", "PDFとして読めません。作り直したファイルを使ってください。") from error
    if not readable:
        raise Invalid("pdf_locked", "パスワード付きか空のPDFです。保護を外したファイルを使ってください。")
    return reader


@lru_cache(maxsize=1)
def _sources() -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in TEMPLATE_FOLDER.glob("*.typ")}


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(coverage.FONT_FOLDER)]
    )


def _clean(value: Any, lost: dict[str, None], variants: dict[str, None]) -> Any:
    if isinstance(value, str):
        return _clean_text(value, lost, variants)
    if isinstance(value, Mapping):
        return {key: _clean(item, lost, variants) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item, lost, variants) for item in value]
    return value


def _clean_text(text: str, lost: dict[str, None], variants: dict[str, None]) -> str:
    """What can be set. No Unicode normal form: NFC would turn the kanji U+FA19 of a name into U+795E."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub("", _IGNORABLE.sub("", compose_kana(text)))
    text = _VARIANT.sub(lambda found: _variant(found, lost, variants), text)
    known = coverage.printable()
    out = []
    for char in text:
        if ord(char) in known or _is_selector(char):
            out.append(char)
        else:
            lost[char] = None
            out.append(GETA)
    return "".join(out)


def _variant(found: re.Match[str], lost: dict[str, None], variants: dict[str, None]) -> str:
    pair = found[0]
    if pair in coverage.font_variants(coverage.MAIN_FONT):
        return pair
    if pair in coverage.font_variants(coverage.RARE_FONT):
        variants[pair] = None
        return pair
    lost[pair] = None
    return found[1] if ord(found[1]) in coverage.printable() else GETA


def _rare_characters(value: Any) -> list[str]:
    """The characters in ``value`` that only the second font holds."""
    used = frozenset(map(ord, json.dumps(value, ensure_ascii=False)))
    rare = used & coverage.font_characters(coverage.RARE_FONT) - coverage.font_characters(coverage.MAIN_FONT)
    return [chr(point) for point in sorted(rare) if not _is_selector(chr(point))]


def _is_selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"


def _code_name(text: str) -> str:
    return " ".join(f"U+{ord(char):04X}" for char in text)
