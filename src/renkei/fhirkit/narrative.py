"""Narrative (FHIR ``text.div``) to readable plain text and back.

FHIR narrative is a limited XHTML. What others send is not always well formed, so reading uses a forgiving parser and
never evaluates anything: scripts and styles are dropped, everything else becomes lines of text.
Text written by :func:`text_div` comes back exactly (spaces, empty lines, line ends).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from html.parser import HTMLParser
from xml.etree import ElementTree

XHTML = "http://www.w3.org/1999/xhtml"
_PRE_STYLE = "white-space:pre-wrap"
_DROPPED = frozenset({"script", "style", "head", "title", "template", "noscript"})
_BLOCKS = frozenset(
    "address article blockquote body caption dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre section table "
    "tbody tfoot thead tr ul".split()
)
_CELLS = frozenset({"td", "th"})
_VOID = frozenset({"br", "hr", "img", "col", "input", "meta", "link"})
_SPACES = re.compile(r"[ \t]*\n[\s]*")
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def clean(text: str) -> str:
    """``text`` as a FHIR string can carry it: ``\\n`` line ends, no control characters; blank becomes empty."""
    tidy = _ILLEGAL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return tidy if tidy.strip() else ""


class _Reader(HTMLParser):
    """Collects text; line breaks are written lazily so that markup never adds an empty line."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.open: list[tuple[str, bool]] = []
        self.dropped = 0
        self.gap = ""
        self.cells = 0

    @property
    def verbatim(self) -> bool:
        return any(pre for _, pre in self.open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "br":
            self._write("\n")
        elif tag == "img" and given.get("alt"):
            self._write(f"［画像: {given['alt']}］")
        elif tag in _BLOCKS:
            self.gap = "\n"
            self.cells = 0
        elif tag in _CELLS:
            if self.cells:
                self._write("｜")
            self.cells += 1
        if tag in _VOID:
            return
        pre = tag == "pre" or "white-space:pre" in given.get("style", "").replace(" ", "")
        self.open.append((tag, pre))
        self.dropped += tag in _DROPPED

    def handle_endtag(self, tag: str) -> None:
        if tag not in (name for name, _ in self.open):
            return
        while self.open:
            name, _ = self.open.pop()
            self.dropped -= name in _DROPPED
            if name == tag:
                break
        if tag in _BLOCKS:
            self.gap = "\n"

    def handle_data(self, data: str) -> None:
        if self.dropped:
            return
        if not self.verbatim:
            data = _SPACES.sub("\n", data)
            if self.gap or not self.out or self.out[-1].endswith("\n"):
                data = data.lstrip("\n\t ")
            if not data:
                return
        self._write(data)

    def _write(self, data: str) -> None:
        if self.dropped:
            return
        if self.gap and self.out:
            self.out.append(self.gap)
        self.gap = ""
        self.out.append(data)


def div_text(div: str) -> str:
    """Readable text of a narrative ``div``: one line per block, table cells parted by ``｜``, no scripts."""
    reader = _Reader()
    reader.feed(div)
    verbatim_end = _PRE_STYLE in div
    reader.close()
    text = "".join(reader.out)
    return text if verbatim_end else text.strip("\n\t ")


def _inline(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br/>")


def text_div(text: str, *, css_class: str = "") -> str:
    """``text`` as a narrative ``div`` that keeps spaces and line ends."""
    mark = f' class="{css_class}"' if css_class else ""
    return f'<div xmlns="{XHTML}"{mark} style="{_PRE_STYLE}">{_inline(text)}</div>'


def block(text: str, css_class: str) -> str:
    """A part of a larger ``div`` with a class by which :func:`class_text` finds it again."""
    return f'<p class="{css_class}" style="{_PRE_STYLE}">{_inline(text)}</p>'


def heading(text: str, css_class: str) -> str:
    """A heading with a class by which :func:`class_text` finds it again."""
    return f'<h3 class="{css_class}" style="{_PRE_STYLE}">{_inline(text)}</h3>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], css_class: str) -> str:
    """A table with a header row; cells keep spaces and line ends."""
    top = "".join(f"<th>{_inline(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_PRE_STYLE}">{_inline(cell)}</td>' for cell in row) + "</tr>"
        for row in rows
    )
    return f'<table class="{css_class}"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def wrap(*parts: str) -> str:
    """Parts made by :func:`block`, :func:`heading` and :func:`table` as one narrative ``div``."""
    return f'<div xmlns="{XHTML}">{"".join(parts)}</div>'


def _element(div: str, css_class: str) -> ElementTree.Element | None:
    if "<!" in div or css_class not in div:
        return None
    try:
        root = ElementTree.fromstring(div)  # noqa: S314 - document types and entities were refused above
    except ElementTree.ParseError:
        return None
    return next((node for node in root.iter() if node.get("class") == css_class), None)


def _exact(node: ElementTree.Element) -> str:
    parts = [node.text or ""]
    for child in node:
        parts.append("\n" if child.tag == f"{{{XHTML}}}br" else _exact(child))
        parts.append(child.tail or "")
    return "".join(parts)


def class_text(div: str, css_class: str) -> str | None:
    """The exact text of the first element with that class, None where there is none."""
    node = _element(div, css_class)
    return None if node is None else _exact(node)


def table_rows(div: str, css_class: str) -> list[list[str]] | None:
    """The body rows of the table with that class, None where there is none."""
    node = _element(div, css_class)
    if node is None:
        return None
    rows = node.iter(f"{{{XHTML}}}tr")
    cells = [[_exact(cell) for cell in row if cell.tag == f"{{{XHTML}}}td"] for row in rows]
    return [row for row in cells if row]
