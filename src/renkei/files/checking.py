"""What may be attached: judged by content, never by name alone."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from PIL import Image, UnidentifiedImageError
from pydicom import dcmread
from pydicom.errors import InvalidDicomError
from pypdf import PdfReader
from pypdf.errors import PyPdfError

from renkei.kernel.errors import Invalid

MEGABYTE = 1024 * 1024
MOST_BYTES = 50 * MEGABYTE
MOST_PIXELS = 100_000_000
"""A chest film is about 10 million pixels; a decompression bomb pretends to billions."""
PDF, JPEG, PNG, DICOM = "application/pdf", "image/jpeg", "image/png", "application/dicom"
EXTENSIONS = {PDF: {"pdf"}, JPEG: {"jpg", "jpeg"}, PNG: {"png"}, DICOM: {"dcm", "dicom", ""}}
WORDS = {PDF: "PDF", JPEG: "JPEG画像", PNG: "PNG画像", DICOM: "DICOM"}
NAME_LENGTH = 255
DEFLATED = b"UI\x16\x001.2.840.10008.1.2.1.99"
"""Transfer syntax whose whole data set is one zlib stream: a small file may unpack to any size."""


@dataclass(frozen=True)
class CheckedFile:
    """A file that passed: ``data`` is byte-identical to what came, ``sha256`` is in hex."""

    name: str
    media_type: str
    data: bytes
    sha256: str

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)


def check(name: str, data: bytes, *, most_bytes: int = MOST_BYTES) -> CheckedFile:
    """The file with its true type, if it is a readable PDF, JPEG, PNG or DICOM of at most ``most_bytes``.

    Raises ``Invalid`` with the field ``file``: ``file_empty``, ``file_too_big``, ``file_kind_unknown``,
    ``file_disguised``, ``file_encrypted``, ``file_compressed``, ``file_broken``, ``file_too_many_pixels``. Each
    sentence names the file.
    """
    shown = clean_name(name)
    if not data:
        raise _refusal(
            "file_empty",
            shown,
            "は中身がありません(0バイト)。元のファイルを開いて確かめ、選び直してください。",
        )
    if len(data) > most_bytes:
        raise _refusal(
            "file_too_big",
            shown,
            f"は{len(data) / MEGABYTE:.1f}MBあります。{most_bytes // MEGABYTE}MBまでです。"
            "ページや枚数を分けるか、解像度を下げて保存し直してください。",
        )
    media_type = kind_of(data)
    if media_type is None:
        raise _refusal(
            "file_kind_unknown",
            shown,
            "は受け付けられない形式です。PDF・JPEG・PNG・DICOMのどれかで保存し直してください。",
        )
    extension = PurePath(shown).suffix.lower().lstrip(".")
    if extension not in EXTENSIONS[media_type]:
        right = sorted(EXTENSIONS[media_type])[-1]
        raise _refusal(
            "file_disguised",
            shown,
            f"は名前と中身が合いません(中身は{WORDS[media_type]})。名前の終わりを .{right} にするか、"
            "正しいファイルを選び直してください。",
        )
    _CHECKS[media_type](shown, data)
    return CheckedFile(shown, media_type, data, hashlib.sha256(data).hexdigest())


def clean_name(name: str) -> str:
    """The name without folders and control characters, at most 255 characters; never empty."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(c for c in last if c.isprintable()).strip().lstrip(".")
    suffix = PurePath(plain).suffix[:10]
    if len(plain) > NAME_LENGTH:
        plain = plain[: NAME_LENGTH - len(suffix)] + suffix
    return plain or "名前なし"


def kind_of(data: bytes) -> str | None:
    """The media type by the first bytes, or None. A PDF that begins with something else is none: it could be two things."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data[128:132] == b"DICM":
        return DICOM
    if data.startswith(b"%PDF-"):
        return PDF
    return None


def _refusal(code: str, name: str, says: str) -> Invalid:
    return Invalid(code, f"「{name}」{says}", "file")


def _broken(name: str, media_type: str) -> Invalid:
    return _refusal(
        "file_broken",
        name,
        f"は{WORDS[media_type]}として開けません。壊れている可能性があります。"
        "元のファイルを開いて確かめ、保存し直してください。",
    )


def _check_pdf(name: str, data: bytes) -> None:
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise _refusal(
                "file_encrypted",
                name,
                "にはパスワードがかかっています。パスワードを外して保存し直し、選び直してください。",
            )
        pages = len(reader.pages)
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise _broken(name, PDF) from error
    if not pages:
        raise _broken(name, PDF)


def _check_picture(name: str, data: bytes) -> None:
    media_type = kind_of(data) or PNG
    try:
        with warnings.catch_warnings():
            # Pillow warns from 89 million pixels on; the limit here is asked from the header, before anything is unpacked.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]) as picture:
                wide, high = picture.size
                if wide * high > MOST_PIXELS:
                    raise _too_many_pixels(name, wide, high)
                picture.verify()
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(name, 0, 0) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise _broken(name, media_type) from error


def _too_many_pixels(name: str, wide: int, high: int) -> Invalid:
    size = f"({wide:,}×{high:,}画素)" if wide else ""
    return _refusal(
        "file_too_many_pixels",
        name,
        f"は画素が多すぎます{size}。{MOST_PIXELS // 100_000_000}億画素までに縮小して保存し直してください。",
    )


def _check_dicom(name: str, data: bytes) -> None:
    if DEFLATED in data[:1024]:
        raise _refusal(
            "file_compressed",
            name,
            "は圧縮形式(Deflated Explicit VR)のDICOMです。展開前に大きさを確かめられないため受け付けません。"
            "別の転送構文で保存し直してください。",
        )
    try:
        header = dcmread(io.BytesIO(data), stop_before_pixels=True)
        readable = bool(header.file_meta.get("TransferSyntaxUID")) and "SOPClassUID" in header
    except (InvalidDicomError, OSError, ValueError, KeyError, AttributeError) as error:
        raise _broken(name, DICOM) from error
    if not readable:
        raise _broken(name, DICOM)


_CHECKS: dict[str, Callable[[str, bytes], None]] = {
    PDF: _check_pdf,
    JPEG: _check_picture,
    PNG: _check_picture,
    DICOM: _check_dicom,
}
