"""Pictures of the way (案内図): checked by content, upright, small enough for a slip and a page."""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageOps, UnidentifiedImageError

from renkei.kernel.errors import Invalid

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 60_000_000
LONG_SIDE = 1600
UNREADABLE = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
_FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg"}


def prepare(raw: bytes, field: str = "picture") -> tuple[bytes, str]:
    """The picture ready to store and its media type: at most 1,600 pixels a side, without camera data.

    Raises ``Invalid('picture')`` for anything but a readable PNG or JPEG, whatever its name says.
    """
    if not raw:
        raise Invalid("picture", "ファイルが空です。別のファイルを選んでください。", field)
    if len(raw) > MAX_BYTES:
        raise Invalid("picture", "案内図は10MBまでです。小さくしてから登録してください。", field)
    try:
        with Image.open(BytesIO(raw), formats=list(_FORMATS)) as opened:
            kind = str(opened.format)
            if opened.width * opened.height > MAX_PIXELS:
                raise Invalid("picture", "画像が大きすぎます(6,000万画素まで)。縮小してください。", field)
            upright = ImageOps.exif_transpose(opened)
            upright.load()
    except UNREADABLE:
        raise Invalid(
            "picture", "画像として読めません。PNGかJPEGのファイルを選んでください。", field
        ) from None
    upright.thumbnail((LONG_SIDE, LONG_SIDE))
    wanted = "RGB" if kind == "JPEG" or upright.mode not in ("RGBA", "L", "P", "RGB") else upright.mode
    plain = upright.convert(wanted)
    plain.info.clear()
    out = BytesIO()
    plain.save(out, kind, optimize=True, **({"quality": 85} if kind == "JPEG" else {}))
    return out.getvalue(), _FORMATS[kind]
