"""From typed inputs to the plain JSON values that templates set: dates, ages, names with kana, blocks."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from io import BytesIO
from typing import Any

import qrcode
from PIL import Image, ImageOps

from renkei.kernel.eras import age_on, format_both, format_era
from renkei.kernel.errors import Invalid
from renkei.letters.types import Attachment, Diagnosis, Party, PatientCard, Prescription, Section

SEX = {"male": "男性", "female": "女性", "other": "その他", "unknown": "不明"}
URGENCY = {"urgent": "至急", "soon": "お急ぎ"}
WEEKDAYS = "月火水木金土日"
# A map is printed at most 17 cm wide; 300 dpi of that is all a printer or a fax can show.
MAP_PIXELS = 2000
# A camera picture of 100 megapixels opens; anything larger is no map.
MAP_PIXELS_LIMIT = 100_000_000

Values = dict[str, Any]


def shown_date(iso: str) -> str:
    """An ISO date as era and western date; part of one (``2024-05``) in western words, other text as it is."""
    if day := _whole_date(iso):
        return format_both(day)
    if found := re.fullmatch(r"(\d{4})(?:-(\d{2}))?", iso, re.ASCII):
        return f"{found[1]}年" + (f"{int(found[2])}月" if found[2] else "")
    return iso


def _whole_date(iso: str) -> date | None:
    try:
        return date.fromisoformat(iso)
    except ValueError:
        return None


def patient(card: PatientCard, issued_on: date) -> Values:
    """The patient's values; the age is that on the day of issue, '' when the birth date is not known."""
    born = _whole_date(card.birth_on)
    age = f"{age_on(born, issued_on)}歳" if born and born <= issued_on else ""
    return asdict(card) | {
        "ruby": ruby(card.name, card.kana),
        "sex": SEX.get(card.sex, card.sex),
        "birth": shown_date(card.birth_on),
        "birth_short": format_era(born) if born else shown_date(card.birth_on),
        "age": age,
    }


def ruby(name: str, kana: str) -> list[Values]:
    """Name parts with their kana (姓 and 名 apart where both are written in as many parts)."""
    names, kanas = name.split(), kana.split()
    if len(names) != len(kanas):
        return [{"base": name, "kana": kana}]
    return [{"base": base, "kana": above} for base, above in zip(names, kanas, strict=True)]


def party(side: Party) -> Values:
    """One side of a letter, empty values kept as empty strings."""
    return asdict(side)


def blocks(text: str) -> list[Values]:
    """A note as lines and tables: lines with tabs are what laboratory systems and spreadsheets paste."""
    found: list[Values] = []
    for line in text.strip("\r\n").replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        kind = "table" if "\t" in line.strip() else "lines"
        if not found or found[-1]["kind"] != kind:
            found.append({"kind": kind, "lines": []})
        found[-1]["lines"].append(line.rstrip())
    return [_as_table(block) if block["kind"] == "table" else block for block in found if any(block["lines"])]


def _as_table(block: Values) -> Values:
    rows = [[cell.strip() for cell in line.split("\t")] for line in block["lines"]]
    width = max(len(row) for row in rows)
    if len(rows) < 2 or width > 8:
        return {"kind": "lines", "lines": [line.replace("\t", "　") for line in block["lines"]]}
    rows = [row + [""] * (width - len(row)) for row in rows]
    numeric = [all(_is_number(row[i]) for row in rows[1:]) for i in range(width)]
    return {"kind": "table", "rows": rows, "numeric": numeric}


def _is_number(cell: str) -> bool:
    return not cell or re.match(r"[-+<>≦≧]?\s?\d[\d.,]*\s?[HL*↑↓]?$", cell) is not None


def diagnoses(lines: Iterable[Diagnosis]) -> list[Values]:
    """傷病名 as printed: name, 疑い, onset and ICD-10."""
    return [
        {
            "text": line.text,
            "suspected": line.suspected and "疑い" not in line.text,
            "onset": shown_date(line.onset_on),
            "icd10": line.icd10,
        }
        for line in lines
    ]


def prescriptions(lines: Iterable[Prescription]) -> list[Values]:
    """Drug lines: name, usage, amount."""
    return [{"name": line.name, "usage": line.usage, "amount": line.amount} for line in lines]


def sections(extra: Iterable[Section]) -> list[Values]:
    """Extra sections that hold text."""
    return [{"title": s.title or "その他", "blocks": blocks(s.text)} for s in extra if s.text.strip()]


def enclosures(items: Iterable[Attachment]) -> list[Values]:
    """The list of enclosures."""
    return [{"title": item.title, "detail": item.detail} for item in items]


def filled(pairs: Sequence[tuple[str, str]]) -> list[Values]:
    """Label and value pairs without the empty ones."""
    return [{"label": label, "value": value} for label, value in pairs if value]


def issued(number: str, issued_on: date) -> Values:
    """Document number and date of issue in era and western years."""
    return {"number": number, "issued": format_both(issued_on), "issued_era": format_era(issued_on)}


def version_mark(version: int) -> str:
    """「第2版(訂正)」 from the second version on, else ''."""
    return f"第{version}版(訂正)" if version > 1 else ""


def qr_svg(content: str) -> bytes:
    """``content`` (at most about 2,300 bytes) as a QR code: SVG, one path, quiet zone of 4 modules.

    Error correction M: a fax line across the code still leaves it readable. ``Invalid`` when it is too long.
    """
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=4)
    code.add_data(content)
    try:
        code.make(fit=True)
    except (qrcode.exceptions.DataOverflowError, ValueError) as error:
        raise Invalid(
            "qr_too_long", "QRコードに入れる文字が多すぎます。2,000文字以内にしてください。", "qr"
        ) from error
    matrix = code.get_matrix()
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark)
    side = len(matrix)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}"><path d="{path}"/></svg>'
    return svg.encode()


def map_svg(picture: bytes) -> bytes:
    """A facility's map (PNG or JPEG) at a printable size, without camera data; ``Invalid`` if unreadable.

    The engine takes files as UTF-8 text only, so the picture travels inside an SVG.
    """
    problem = Invalid(
        "map_unreadable", "案内図の画像を読めません。PNGかJPEGの画像を登録し直してください。", "map_picture"
    )
    try:
        with Image.open(BytesIO(picture), formats=("PNG", "JPEG")) as opened:
            if opened.width * opened.height > MAP_PIXELS_LIMIT:
                raise problem
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise problem from error
    upright.thumbnail((MAP_PIXELS, MAP_PIXELS))
    paper = Image.new("RGB", upright.size, "white")
    paper.paste(upright, mask=upright.getchannel("A"))
    out = BytesIO()
    paper.save(out, "PNG", optimize=True)
    width, height = paper.size
    inside = base64.b64encode(out.getvalue()).decode()
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" href="data:image/png;base64,{inside}"/></svg>'
    )
    return svg.encode()
