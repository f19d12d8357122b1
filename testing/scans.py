"""Papers that came back: forms as a fax machine leaves them, one seed always the same set."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import pypdfium2
from PIL import Image, ImageChops, ImageDraw, ImageFilter

A4 = (8.27, 11.69)


@dataclass(frozen=True)
class Sheet:
    """One printed sheet: the key of the letter it belongs to ('' for none), whether it follows the sheet before it."""

    owner: str
    follows: bool = False
    destroyed: bool = False


@dataclass
class Scan:
    """One file, and where each of its pages belongs: ``(first, last, owner)``; '' is 未照合.

    ``behind`` are the sheets without a code behind a form, and the owner that a person should be shown for them.
    """

    name: str
    data: bytes
    truth: list[tuple[int, int, str]] = field(default_factory=list)
    how: str = ""
    behind: list[tuple[int, int, str]] = field(default_factory=list)


@lru_cache(maxsize=64)
def printed(pdf: bytes, dpi: int) -> Image.Image:
    """The first page of a PDF in grey."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[0].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
    finally:
        document.close()


def handwriting(page: Image.Image, dice: random.Random) -> Image.Image:
    """Scribble on the lines, never on the codes."""
    page = page.copy()
    draw, (wide, high) = ImageDraw.Draw(page), page.size
    for _ in range(dice.randint(3, 9)):
        y = dice.uniform(0.42, 0.76) * high
        x = dice.uniform(0.28, 0.4) * wide
        points = []
        for _ in range(dice.randint(10, 40)):
            points.append((x, y + dice.uniform(-0.006, 0.006) * high))
            x += dice.uniform(0.004, 0.016) * wide
            if x > 0.9 * wide:
                break
        draw.line(points, fill=20, width=max(1, wide // 420))
    return page


def free_sheet(dpi: int, dice: random.Random) -> Image.Image:
    """A sheet without any code: a laboratory print, a hand-written page."""
    page = Image.new("L", (round(A4[0] * dpi), round(A4[1] * dpi)), 255)
    draw, (wide, high) = ImageDraw.Draw(page), page.size
    for row in range(dice.randint(8, 34)):
        y = (0.08 + row * 0.026) * high
        x = 0.1 * wide
        while x < dice.uniform(0.5, 0.9) * wide:
            length = dice.uniform(0.01, 0.05) * wide
            draw.line([(x, y), (x + length, y + dice.uniform(-3, 3))], fill=30, width=max(1, dpi // 60))
            x += length + 0.012 * wide
    if dice.random() < 0.4:
        draw.rectangle([0.1 * wide, 0.05 * high, 0.9 * wide, 0.9 * high], outline=0, width=2)
    return page


def destroy(page: Image.Image, dice: random.Random) -> Image.Image:
    """Both codes beyond reading: blackened, whitened, scribbled over, or lost with a strip of paper."""
    page = page.copy()
    draw, (wide, high) = ImageDraw.Draw(page), page.size
    spots = [(0.70, 0.055, 0.94, 0.21), (0.07, 0.79, 0.28, 0.935)]
    how = dice.choice(("blacken", "whiten", "scribble"))
    for left, top, right, bottom in spots:
        box = (left * wide, top * high, right * wide, bottom * high)
        if how == "blacken":
            draw.ellipse(box, fill=0)
        elif how == "whiten":
            draw.rectangle(box, fill=255)
        else:
            for _ in range(90):
                ends = [
                    (dice.uniform(box[0], box[2]), dice.uniform(box[1], box[3])),
                    (dice.uniform(box[0], box[2]), dice.uniform(box[1], box[3])),
                ]
                draw.line(ends, fill=dice.choice((0, 0, 255)), width=max(2, wide // 260))
    return page


def skewed(page: Image.Image, degrees: float) -> Image.Image:
    """Fed askew: turned with white around, cut to the paper."""
    return page.rotate(degrees, resample=Image.Resampling.BICUBIC, fillcolor=255)


def faxed(page: Image.Image, dice: random.Random) -> Image.Image:
    """What a fax at 100 dpi leaves: blurred, one bit deep, specks, a lost or doubled line."""
    grey = page.filter(ImageFilter.GaussianBlur(dice.uniform(0.3, 0.7)))
    level = dice.randint(105, 165)
    dots = grey.point([0 if shade < level else 255 for shade in range(256)])
    specks = Image.frombytes("L", page.size, dice.randbytes(page.width * page.height))
    rate = dice.choice((1, 2, 4, 8))
    dots = ImageChops.difference(dots, specks.point([255 if shade < rate else 0 for shade in range(256)]))
    draw = ImageDraw.Draw(dots)
    for _ in range(dice.randint(0, 3)):
        y = dice.randrange(dots.height)
        draw.line([(0, y), (dots.width, y)], fill=dice.choice((0, 255)))
    return dots.convert("1", dither=Image.Dither.NONE)


def as_pdf(pages: Sequence[Image.Image], dpi: int) -> bytes:
    """Pages of a multifunction machine."""
    out = io.BytesIO()
    pages[0].save(out, "PDF", save_all=True, append_images=list(pages[1:]), resolution=dpi)
    return out.getvalue()


def as_tiff(pages: Sequence[Image.Image], dpi: int) -> bytes:
    """Pages of a fax server."""
    out = io.BytesIO()
    kind = "group4" if pages[0].mode == "1" else "tiff_lzw"
    pages[0].save(out, "TIFF", save_all=True, append_images=list(pages[1:]), compression=kind, dpi=(dpi, dpi))
    return out.getvalue()


def as_png(page: Image.Image) -> bytes:
    """One page of a telephone's scanner."""
    out = io.BytesIO()
    page.save(out, "PNG")
    return out.getvalue()


def generated(count: int, form: Callable[[int], tuple[str, bytes]], seed: int = 20260601) -> Iterator[Scan]:
    """``count`` files. ``form(n)`` gives the owner's key and the PDF of its blank form; the mixture is always the same."""
    for number in range(count):
        yield _scan(number, form, random.Random(f"{seed}-{number}"))


def _scan(number: int, form: Callable[[int], tuple[str, bytes]], dice: random.Random) -> Scan:
    fax = dice.random() < 0.7
    dpi = 100 if fax else dice.choice((150, 200))
    turn = dice.choice((0, 0, 90, 180, 270))
    letters = 2 if dice.random() < 0.3 else 1
    pages: list[Image.Image] = []
    truth: list[tuple[int, int, str]] = []
    behind: list[tuple[int, int, str]] = []
    told: list[str] = []
    for letter in range(letters):
        owner, pdf = form(number * 2 + letter)
        sheet = handwriting(printed(pdf, dpi), dice)
        lost = dice.random() < 0.1
        if lost:
            sheet = destroy(sheet, dice)
        first = len(pages)
        pages.append(sheet)
        more = dice.choice((0, 0, 0, 1, 2)) if not lost else 0
        pages.extend(free_sheet(dpi, dice) for _ in range(more))
        truth.append((first, first, "" if lost else owner))
        if more:
            behind.append((first + 1, len(pages) - 1, owner))
        told.append("destroyed" if lost else f"{1 + more} pages")
    skew = [dice.uniform(-8, 8) for _ in pages]
    pages = [skewed(p, angle) for p, angle in zip(pages, skew, strict=True)]
    if fax:
        pages = [faxed(p, dice) for p in pages]
    pages = [p.rotate(-turn, expand=True) if turn else p for p in pages]
    how = f"{'fax 100' if fax else f'scan {dpi}'} dpi, turned {turn}, skew {skew[0]:+.1f}, {' + '.join(told)}"
    kind = dice.choice(("pdf", "pdf", "tiff", "png"))
    if kind == "png" and len(pages) == 1:
        return Scan(f"scan-{number:03}.png", as_png(pages[0]), truth, how, behind)
    if kind == "tiff":
        return Scan(f"scan-{number:03}.tif", as_tiff(pages, dpi), truth, how, behind)
    return Scan(f"scan-{number:03}.pdf", as_pdf(pages, dpi), truth, how, behind)


@dataclass
class Tally:
    """How many papers were filed right, were left to a person, or were filed wrong; ``told`` names each of the last.

    ``behind`` counts the stretches of sheets without a code behind a form, ``suggested`` those for which a person is shown whose they are.
    """

    right: int = 0
    unmatched: int = 0
    destroyed: int = 0
    wrong: int = 0
    behind: int = 0
    suggested: int = 0
    told: list[str] = field(default_factory=list)

    @property
    def readable(self) -> int:
        """Papers whose code was not destroyed."""
        return self.right + self.unmatched

    def judge(
        self, scan: Scan, found: Sequence[tuple[int, int, str]], shown: Sequence[tuple[int, int, str]]
    ) -> None:
        """Compare where every page belongs with where it was filed; ``found`` has '' for 未照合, ``shown`` what a person is suggested."""
        filed = {page: owner for first, last, owner in found for page in range(first, last + 1)}
        for first, last, owner in scan.truth:
            owners = {filed.get(page, "") for page in range(first, last + 1)}
            if owners - {owner, ""}:
                self.wrong += 1
                self.told.append(
                    f"{scan.name} ({scan.how}): pages {first}-{last} of {owner!r} went to {owners}"
                )
            elif not owner:
                self.destroyed += 1
            elif owners == {owner}:
                self.right += 1
            else:
                self.unmatched += 1
        for first, last, owner in scan.behind:
            self.behind += 1
            if (first, last, owner) in shown:
                self.suggested += 1
            elif any(filed.get(page, "") for page in range(first, last + 1)) or (first, last) in {
                (a, b) for a, b, _ in shown
            }:
                self.wrong += 1
                self.told.append(
                    f"{scan.name} ({scan.how}): pages {first}-{last} behind {owner!r} were given away"
                )
