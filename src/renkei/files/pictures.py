"""Pages of PDFs and pictures as grey images: for thumbnails and for machines that read what stands on paper.

Bounds come before pixels: pages are counted, and sizes asked from headers, before anything is unpacked.
"""

from __future__ import annotations

import ctypes
import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2 as pdfium
import pypdfium2.raw as raw
from PIL import Image, ImageOps, UnidentifiedImageError

from renkei.files.checking import JPEG, MEGABYTE, MOST_BYTES, PDF, PNG, clean_name, kind_of
from renkei.kernel.errors import Invalid

TIFF = "image/tiff"
MOST_PAGES = 100
MOST_PIXELS = 50_000_000
"""Of one page; A4 at 600 dpi is 35 million."""
DPI = 200
_MOST_RENDERED = 8_000_000
_TIFF_HEADS = (b"II*\x00", b"MM\x00*")
_one_at_a_time = threading.Lock()
"""PDFium is not safe with threads."""


def media_type_of(data: bytes) -> str:
    """PDF, JPEG, PNG or TIFF by the first bytes, '' for anything else."""
    if data[:4] in _TIFF_HEADS:
        return TIFF
    found = kind_of(data)
    return found if found in (PDF, JPEG, PNG) else ""


class Pages:
    """The pages of one file. Raises ``Invalid`` (field ``file``) for what is no readable, harmless file of pages."""

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.data = clean_name(name), data
        self.media_type = media_type_of(data)
        self._check_size()
        self.count = self._count()
        if self.count > MOST_PAGES:
            raise self._refusal(
                "file_too_many_pages",
                f"は{self.count}頁あります。{MOST_PAGES}頁までです。分けて取り込んでください。",
            )

    def _check_size(self) -> None:
        if not self.data:
            raise self._refusal("file_empty", "は中身がありません(0バイト)。スキャンし直してください。")
        if len(self.data) > MOST_BYTES:
            size = len(self.data) / MEGABYTE
            raise self._refusal(
                "file_too_big",
                f"は{size:.1f}MBあります。{MOST_BYTES // MEGABYTE}MBまでです。頁を分けるか、解像度を下げてください。",
            )
        if not self.media_type:
            raise self._refusal(
                "file_kind_unknown",
                "は読み取れない形式です。PDF・JPEG・PNG・TIFFのどれかで保存し直してください。",
            )

    def _count(self) -> int:
        if self.media_type == PDF:
            with self._document() as document:
                return len(document)
        with self._opened() as picture:
            return int(getattr(picture, "n_frames", 1))

    def picture(self, number: int, dpi: int = DPI) -> Image.Image:
        """Page ``number`` (from 0) in grey, paper white; at most 8 million pixels."""
        if self.media_type == PDF:
            return self._rendered(number, dpi)
        with self._opened() as picture:
            picture.seek(number)
            self._check_pixels(number, *picture.size)
            try:
                upright = ImageOps.exif_transpose(picture)
                grey = _on_white(upright)
            except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
                raise self._broken() from error
        if grey.width * grey.height > _MOST_RENDERED:
            grey.thumbnail((3_400, 3_400))
        return _square_dots(grey, picture.info.get("dpi"))

    def _rendered(self, number: int, dpi: int) -> Image.Image:
        with self._document() as document:
            try:
                page = document[number]
                wide, high = page.get_size()
                self._check_inner(number, page)
                most = (_MOST_RENDERED / max(wide * high, 1)) ** 0.5
                return page.render(scale=min(dpi / 72, most), grayscale=True).to_pil().convert("L")
            except pdfium.PdfiumError as error:
                raise self._broken() from error

    def _check_inner(self, number: int, page: pdfium.PdfPage) -> None:
        """Pictures inside a page say their size in their head; a bomb is refused before it is unpacked."""
        for thing in page.get_objects(filter=(raw.FPDF_PAGEOBJ_IMAGE,), max_depth=3):
            wide, high = ctypes.c_uint(), ctypes.c_uint()
            if raw.FPDFImageObj_GetImagePixelSize(thing, wide, high):
                self._check_pixels(number, wide.value, high.value)

    def _check_pixels(self, number: int, wide: int, high: int) -> None:
        if wide * high > MOST_PIXELS:
            raise self._refusal(
                "file_too_many_pixels",
                f"の{number + 1}頁目は画素が多すぎます({wide:,}×{high:,})。{MOST_PIXELS // 10_000:,}万画素までです。"
                "解像度を下げてスキャンし直してください。",
            )

    @contextmanager
    def _document(self) -> Iterator[pdfium.PdfDocument]:
        with _one_at_a_time:
            try:
                document = pdfium.PdfDocument(self.data)
            except pdfium.PdfiumError as error:
                raise self._broken() from error
            try:
                yield document
            finally:
                document.close()

    @contextmanager
    def _opened(self) -> Iterator[Image.Image]:
        try:
            with warnings.catch_warnings():
                # The limit here is asked per page, before anything is unpacked.
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                opened = Image.open(io.BytesIO(self.data), formats=["PNG", "JPEG", "TIFF"])
        except (
            UnidentifiedImageError,
            OSError,
            SyntaxError,
            ValueError,
            Image.DecompressionBombError,
        ) as error:
            raise self._broken() from error
        with opened:
            yield opened

    def as_pdf(self, numbers: list[int], turns: list[int]) -> bytes:
        """Some pages as a PDF of their own, each turned clockwise by 0, 90, 180 or 270 degrees; the pictures stay as they are."""
        if self.media_type == PDF:
            return self._cut_out(numbers, turns)
        made = []
        for number, turn in zip(numbers, turns, strict=True):
            page = self.picture(number)
            made.append(page.rotate(-turn, expand=True) if turn else page)
        out = io.BytesIO()
        made[0].save(out, "PDF", save_all=True, append_images=made[1:], resolution=DPI)
        return out.getvalue()

    def _cut_out(self, numbers: list[int], turns: list[int]) -> bytes:
        with self._document() as document:
            cut = pdfium.PdfDocument.new()
            try:
                cut.import_pages(document, numbers)
                for at, turn in enumerate(turns):
                    page = cut[at]
                    page.set_rotation((page.get_rotation() + turn) % 360)
                out = io.BytesIO()
                cut.save(out)
            finally:
                cut.close()
            return out.getvalue()

    def _broken(self) -> Invalid:
        return self._refusal(
            "file_broken",
            "は開けません。壊れているか、パスワードがかかっています。スキャンし直すか、パスワードを外してください。",
        )

    def _refusal(self, code: str, says: str) -> Invalid:
        return Invalid(code, f"「{self.name}」{says}", "file")


def _on_white(picture: Image.Image) -> Image.Image:
    """Grey on white paper; what is transparent is paper."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        paper = Image.new("RGBA", picture.size, "white")
        paper.alpha_composite(picture.convert("RGBA"))
        return paper.convert("L")
    return picture.convert("L")


def _square_dots(grey: Image.Image, dpi: tuple[float, float] | None) -> Image.Image:
    """A fax in standard mode has 204 dots across and 98 down per inch: made square, or its codes are unreadable."""
    across, down = (float(dpi[0]), float(dpi[1])) if dpi else (0.0, 0.0)
    if across <= 0 or down <= 0 or 0.8 < across / down < 1.25 or not 0.2 < across / down < 5:
        return grey
    if across > down:
        return grey.resize((grey.width, max(1, round(grey.height * across / down))))
    return grey.resize((max(1, round(grey.width * down / across)), grey.height))
