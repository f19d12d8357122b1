"""Reading FHIR JSON from bytes that came from outside: limits first, then precise refusals.

Every refusal is :class:`renkei.kernel.errors.Invalid` with a code that starts with ``json.`` and a Japanese sentence
that says what is wrong and where. Decimals stay :class:`decimal.Decimal`, because ``3.50`` and ``3.5`` are
different laboratory results.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from renkei.kernel.errors import Invalid

MAX_BYTES = 20_000_000
MAX_DEPTH = 64

_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_JIS_ESCAPES = (b"\x1b$B", b"\x1b$@", b"\x1b(J")
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa]")


class _Duplicate(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class _NotANumber(ValueError):
    pass


def read_json(raw: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> dict[str, Any]:
    """The JSON object in ``raw`` (UTF-8, byte order mark tolerated).

    Raises ``Invalid`` with one of the codes ``json.empty``, ``json.too_big``, ``json.encoding``, ``json.not_json``,
    ``json.truncated``, ``json.syntax``, ``json.duplicate_key``, ``json.too_deep``, ``json.not_object``.
    """
    if not raw.strip():
        raise Invalid("json.empty", "ファイルが空です（0 バイト）。送信元でもう一度出力してください。")
    if len(raw) > max_bytes:
        raise Invalid(
            "json.too_big",
            f"ファイルが大きすぎます（{len(raw):,} バイト）。{max_bytes:,} バイトまで読み込めます。",
        )
    text = decode(raw)
    _refuse_other_syntax(text)
    value = _load(text, max_depth)
    if not isinstance(value, dict):
        raise Invalid("json.not_object", "JSON の一番外側が { } ではありません。FHIR の文書ではありません。")
    _check_depth(value, max_depth)
    return value


def decode(raw: bytes) -> str:
    """``raw`` as text; refuses anything but UTF-8 and names the encoding it is more likely in."""
    body = raw.removeprefix(_UTF8_BOM)
    if any(mark in body for mark in _JIS_ESCAPES):
        _refuse_encoding("ISO-2022-JP（JIS）")
    if body.startswith(_UTF16_BOMS):
        _refuse_encoding("UTF-16")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            _refuse_truncated(len(raw))
        _refuse_encoding(_guess(body))


def _guess(body: bytes) -> str:
    candidates: list[tuple[int, str]] = []
    for codec, name in (("cp932", "Shift_JIS"), ("euc_jp", "EUC-JP")):
        # A file cut inside a character must not hide the encoding.
        text = body.decode(codec, errors="ignore")
        lost = len(body) - len(text.encode(codec, errors="ignore"))
        candidates.append((len(_KANA.findall(text)) - 2 * lost, name))
    score, name = max(candidates)
    return name if score > -len(body) // 4 else "UTF-8 以外の文字コード"


def _refuse_encoding(name: str) -> NoReturn:
    raise Invalid(
        "json.encoding",
        f"文字コードが {name} です。FHIR の文書は UTF-8 でなければなりません。UTF-8 で出力し直してください。",
    )


def _refuse_truncated(size: int) -> NoReturn:
    raise Invalid(
        "json.truncated",
        f"ファイルが途中で切れています（{size:,} バイト目で終わっています）。もう一度送信してもらってください。",
    )


def _refuse_other_syntax(text: str) -> None:
    head = text.lstrip()[:200]
    for start, name in (("<", "XML または HTML"), ("MSH|", "HL7 v2 のメッセージ"), ("%PDF", "PDF")):
        if head.startswith(start):
            raise Invalid("json.not_json", f"JSON ではありません。{name}のファイルです。")


def _load(text: str, max_depth: int) -> Any:
    try:
        return json.loads(
            text, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_no_duplicates
        )
    except RecursionError:
        _refuse_depth(max_depth)
    except _Duplicate as error:
        raise Invalid(
            "json.duplicate_key",
            f"同じ項目「{error.key}」が一つの要素の中に二度あります。どちらが正しいか判断できません。",
            error.key,
        ) from None
    except _NotANumber as error:
        raise Invalid("json.syntax", f"数値ではない値「{error}」があります。") from None
    except json.JSONDecodeError as error:
        _refuse_syntax(text, error)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Duplicate(key)
            seen.add(key)
    return result


def _refuse_constant(name: str) -> NoReturn:
    raise _NotANumber(name)


def _refuse_syntax(text: str, error: json.JSONDecodeError) -> NoReturn:
    if error.msg.startswith("Unterminated string") or not text[error.pos :].strip():
        _refuse_truncated(len(text.encode("utf-8")))
    position = len(text[: error.pos].encode("utf-8")) + 1
    raise Invalid(
        "json.syntax",
        f"JSON の書き方が正しくありません（{error.lineno} 行目 {error.colno} 文字目、{position:,} バイト目）。",
    )


def _refuse_depth(max_depth: int) -> NoReturn:
    raise Invalid("json.too_deep", f"入れ子が深すぎます（{max_depth} 段まで読み込めます）。")


def _check_depth(value: Any, max_depth: int) -> None:
    level: list[Any] = [value]
    for _ in range(max_depth):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    _refuse_depth(max_depth)
