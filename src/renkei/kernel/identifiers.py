"""Numbers of institutions and people: checked on entry, explained when refused (rules J.1, standards 3.4).

The 12-digit individual number (個人番号, マイナンバー) may not be stored by this product (番号法); every
field for an insured number refuses it.
"""

from __future__ import annotations

import re
import secrets
import threading
import unicodedata
from dataclasses import dataclass
from uuid import UUID

from renkei.kernel import clock
from renkei.kernel.errors import Invalid
from renkei.kernel.text import refuse_controls, refuse_gaiji, to_half_width, to_plain_number

PREFECTURES: tuple[str, ...] = tuple(
    (
        "北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県 群馬県 埼玉県 千葉県 東京都 "
        "神奈川県 新潟県 富山県 石川県 福井県 山梨県 長野県 岐阜県 静岡県 愛知県 三重県 滋賀県 京都府 "
        "大阪府 兵庫県 奈良県 和歌山県 鳥取県 島根県 岡山県 広島県 山口県 徳島県 香川県 愛媛県 高知県 "
        "福岡県 佐賀県 長崎県 熊本県 大分県 宮崎県 鹿児島県 沖縄県"
    ).split()
)
"""The 47 prefectures in the order of their two-digit numbers (01 北海道 … 47 沖縄県, JIS X 0401)."""

FEE_TABLES: dict[str, str] = {"1": "医科", "2": "歯科", "3": "調剤"}
SYMBOL_BYTES = 19

_INSTITUTION = re.compile(r"[0-4][0-9][1-3][0-9]{7}")
_MEMBER = re.compile(r"([0-9]{8}):([^:^\s]*):([^:^\s]*):([0-9]{2})?")
_PUBLIC_PAYER = re.compile(r"([0-9]{8})::([^:^\s]{7}):")
_REFERRAL = re.compile(r"R-([0-9]{4})-([0-9]{6,9})")
_PHONE = re.compile(r"\+?[0-9()-]+")
_EXTENSION = re.compile(r"(?:\(?内線:?|#)([0-9]{1,6})\)?$")
_PHONE_LENGTH = 40
_UUID_BACK_MS = 10_000
_CODE_DIGITS = 8
# Damm's totally anti-symmetric quasigroup of order 10: finds every wrong digit and every swap of neighbours.
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)

INDIVIDUAL_NUMBER_REFUSED = (
    "12桁の番号は入力できません。個人番号(マイナンバー)は法律(番号法)により、この仕組みには保存できません。"
    "資格確認書やマイナポータルの「被保険者等記号・番号」を入力してください。"
)


@dataclass(frozen=True)
class InstitutionNumber:
    """Ten digits of an insurance medical institution (保険医療機関番号): prefecture 2, table 1, code 7."""

    value: str

    @property
    def prefecture(self) -> str:
        """Two digits, 01 to 47."""
        return self.value[:2]

    @property
    def fee_table(self) -> str:
        """点数表: ``1`` medical, ``2`` dental, ``3`` pharmacy."""
        return self.value[2]

    @property
    def code(self) -> str:
        """Seven digits of 医療機関コード; the last is not verified, see :func:`check_institution_number`."""
        return self.value[3:]

    @property
    def explanation(self) -> str:
        """``14(神奈川県)・1(医科)・1234567``."""
        prefecture = PREFECTURES[int(self.prefecture) - 1]
        return f"{self.prefecture}({prefecture})・{self.fee_table}({FEE_TABLES[self.fee_table]})・{self.code}"

    @property
    def local_patient_system(self) -> str:
        """The FHIR identifier system of this institution's own patient numbers (standards 3.4)."""
        return f"urn:oid:1.2.392.100495.20.3.51.1{self.value}"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class MemberId:
    """An insured person's number (被保険者個人識別子): payer 8 digits, symbol, number, branch 2 or ''."""

    insurer: str
    symbol: str
    number: str
    branch: str = ""

    def __str__(self) -> str:
        return f"{self.insurer}:{self.symbol}:{self.number}:{self.branch}"

    @property
    def match_key(self) -> str:
        """For comparing: symbol and number in one width and case, since cards and claims differ in it."""
        symbol, number = (
            unicodedata.normalize("NFKC", part).casefold() for part in (self.symbol, self.number)
        )
        return f"{self.insurer}:{symbol}:{number}:{self.branch}"


@dataclass(frozen=True)
class PublicPayerId:
    """Public assistance (生活保護): payer 8 digits and recipient 7 characters."""

    payer: str
    recipient: str

    def __str__(self) -> str:
        return f"{self.payer}::{self.recipient}:"


@dataclass(frozen=True)
class Phone:
    """A telephone number: ``display`` as typed in half width, ``digits`` for search, ``extension`` 内線."""

    display: str
    digits: str
    extension: str = ""


def check_institution_number(text: str, field: str = "institution_number") -> InstitutionNumber:
    """The institution number a person typed (full width, spaces, hyphens accepted).

    Raises ``Invalid('institution_number')`` naming the wrong part. The seventh digit of the code is said
    to be a check digit; its rule is not confirmed (rules J.1), so it is not enforced.
    """
    digits = _bare(text)
    if problem := _institution_problem(digits):
        raise Invalid(
            "institution_number",
            f"保険医療機関番号は10桁(都道府県2桁+点数表1桁+医療機関コード7桁)です。{problem}",
            field,
        )
    return InstitutionNumber(digits)


def build_member_id(insurer: str, symbol: str, number: str, branch: str = "") -> str:
    """``00012345:あいう:187:05`` (CLINS) from the boxes of a card; refuses as :func:`check_insured`."""
    return str(check_insured(insurer, symbol, number, branch))


def check_insured(
    insurer: str, symbol: str, number: str, branch: str = "", *, field: str = "insured_number"
) -> MemberId:
    """The insured number from what a person typed in the four boxes of a card.

    A payer of 6 digits (国保) gets two leading zeros; spaces are dropped; symbol and number stay as typed.
    Raises ``Invalid`` at ``field``: ``individual_number`` for twelve digits in any box, ``insurer_number``,
    ``insured_symbol``, ``insured_number``, ``insured_branch``.
    """
    for part in (insurer, symbol, number, branch):
        refuse_individual_number(part, field)
    payer = _bare(insurer)
    if not re.fullmatch(r"[0-9]{6}|[0-9]{8}", payer):
        raise Invalid("insurer_number", "保険者番号は8桁(国民健康保険は6桁)の数字です。", field)
    kept_symbol = _card_part(symbol, "記号", "insured_symbol", field)
    kept_number = _card_part(number, "番号", "insured_number", field)
    if not kept_number:
        raise Invalid(
            "insured_number", "被保険者番号の「番号」が空です。資格確認書の番号を入力してください。", field
        )
    kept_branch = _bare(branch)
    if not re.fullmatch(r"[0-9]{0,2}", kept_branch):
        raise Invalid(
            "insured_branch", "枝番は2桁の数字です。分からないときは空のままにしてください。", field
        )
    return MemberId(payer.zfill(8), kept_symbol, kept_number, kept_branch and kept_branch.zfill(2))


def parse_member_id(text: str, field: str = "insured_number") -> MemberId:
    """``保険者番号8桁:記号:番号:枝番`` (CLINS). Raises ``Invalid``: ``member_id``, ``individual_number``."""
    found = _MEMBER.fullmatch(text)
    if not found:
        raise Invalid("member_id", "被保険者個人識別子は「保険者番号8桁:記号:番号:枝番2桁」の形です。", field)
    for part in (found[2], found[3]):
        refuse_individual_number(part, field)
    return MemberId(found[1], found[2], found[3], found[4] or "")


def check_public_payer(payer: str, recipient: str, field: str = "public_payer") -> PublicPayerId:
    """Payer (公費負担者番号, 8 digits) and recipient (受給者番号, 7 digits). Raises ``Invalid``."""
    for part in (payer, recipient):
        refuse_individual_number(part, field)
    digits, person = _bare(payer), _bare(recipient)
    if not re.fullmatch(r"[0-9]{8}", digits):
        raise Invalid("public_payer_number", "公費負担者番号は8桁の数字です。", field)
    if not re.fullmatch(r"[0-9]{7}", person):
        raise Invalid("public_recipient_number", "公費負担医療の受給者番号は7桁の数字です。", field)
    return PublicPayerId(digits, person)


def parse_public_payer_id(text: str, field: str = "public_payer") -> PublicPayerId:
    """``公費負担者番号8桁::受給者番号7桁:`` as CLINS writes it. Raises ``Invalid('public_payer_id')``."""
    found = _PUBLIC_PAYER.fullmatch(text)
    if not found:
        raise Invalid(
            "public_payer_id", "公費の識別子は「公費負担者番号8桁::受給者番号7桁:」の形です。", field
        )
    return PublicPayerId(found[1], found[2])


def looks_like_individual_number(text: str) -> bool:
    """Whether ``text`` is twelve digits with the check digit of an individual number (総務省令第85号 第5条).

    With P(n) the n-th digit from the right of the first eleven and Q(n) = n+1 up to n=6, n-5 above:
    the check digit is 11 - (sum of P·Q mod 11), or 0 where that remainder is 0 or 1.
    """
    digits = _only_letters(text)
    if not re.fullmatch(r"[0-9]{12}", digits):
        return False
    total = sum(int(p) * (n + 1 if n <= 6 else n - 5) for n, p in enumerate(reversed(digits[:11]), start=1))
    rest = total % 11
    return int(digits[11]) == (0 if rest <= 1 else 11 - rest)


def refuse_individual_number(text: str, field: str = "") -> None:
    """Raise ``Invalid('individual_number')`` for any twelve digits, mistyped ones included."""
    if re.fullmatch(r"[0-9]{12}", _only_letters(text)):
        raise Invalid("individual_number", INDIVIDUAL_NUMBER_REFUSED, field)


def postal_code(text: str, field: str = "postal_code") -> str:
    """``259-1187`` from what was typed (full width, 〒, no hyphen). Raises ``Invalid('postal_code')``."""
    digits = _bare(to_half_width(text).replace("〒", ""))
    if not re.fullmatch(r"[0-9]{7}", digits):
        raise Invalid("postal_code", "郵便番号は7桁の数字です(例: 259-0000)。", field)
    return f"{digits[:3]}-{digits[3:]}"


def phone(text: str, field: str = "phone") -> Phone:
    """A Japanese number from what was typed: full width, brackets, +81 and 内線 are read.

    Raises ``Invalid('phone')`` unless it has 10 digits, or 11 for 0x0 and 0800 numbers.
    """
    display = re.sub(r"\s+", " ", to_plain_number(text))
    compact = display.replace(" ", "")
    extension = _EXTENSION.search(compact)
    main = compact[: extension.start()] if extension else compact
    digits = re.sub(r"[^0-9+]", "", main)
    if digits.startswith("+81"):
        digits = "0" + digits[3:].removeprefix("0")
    long = re.fullmatch(r"0[5-9]0[0-9]{8}|0800[0-9]{7}", digits)
    readable = len(display) <= _PHONE_LENGTH and _PHONE.fullmatch(main)
    if not readable or not (long or re.fullmatch(r"0[1-9][0-9]{8}", digits)):
        raise Invalid(
            "phone", "電話番号は市外局番から10桁か11桁で入力してください(例: 0463-00-0000)。", field
        )
    return Phone(display, digits, extension[1] if extension else "")


def referral_number(year: int, serial: int) -> str:
    """``R-2026-003214``: the year and a serial number from 1 (six digits, up to nine when needed)."""
    if not 1 <= year <= 9999 or not 1 <= serial < 10**9:
        raise ValueError("a year of four digits and a serial from 1 are needed")
    return f"R-{year:04d}-{serial:06d}"


def parse_referral_number(text: str, field: str = "number") -> tuple[int, int]:
    """Year and serial of a referral number as typed. Raises ``Invalid('referral_number')``."""
    found = _REFERRAL.fullmatch(to_plain_number(text).replace(" ", "").upper())
    if not found:
        raise Invalid("referral_number", "紹介番号は「R-2026-003214」の形で入力してください。", field)
    return int(found[1]), int(found[2])


def check_code(number: int) -> str:
    """The code people read out for ``number`` (1 to 99,999,999), check digit last: ``0000-0003-7``.

    The check digit is Damm's, which notices one wrong digit and two swapped neighbours. For regional patient
    ids and slips; the key itself stays a UUID.
    """
    if not 1 <= number < 10**_CODE_DIGITS:
        raise ValueError(f"a number from 1 to {10**_CODE_DIGITS - 1} is needed")
    digits = f"{number:0{_CODE_DIGITS}d}"
    return f"{digits[:4]}-{digits[4:]}-{_damm(digits)}"


def parse_check_code(text: str, field: str = "code") -> int:
    """The number behind a code as typed. Raises ``Invalid``: ``code_form``, ``code_check``."""
    digits = _bare(text)
    if not re.fullmatch(rf"[0-9]{{{_CODE_DIGITS + 1}}}", digits):
        raise Invalid("code_form", "番号は9桁の数字です(例: 0000-0003-7の形)。", field)
    if _damm(digits) != "0" or not int(digits[:-1]):
        raise Invalid(
            "code_check", "番号のどこかが違います。写し間違いや桁の入れ替わりを確認してください。", field
        )
    return int(digits[:-1])


class _Uuid7Source:
    """Milliseconds and a counter, so that ids of one process sort in the order they were made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ms = -1
        self._count = 0

    def next(self) -> UUID:
        """RFC 9562 section 5.7, with rand_a as a counter (method 1 of section 6.2)."""
        ms = int(clock.now().timestamp() * 1000)
        with self._lock:
            # A clock moved back far (demo, tests) starts anew; a small step back keeps the order instead.
            if self._ms - _UUID_BACK_MS <= ms <= self._ms:
                self._count += 1
                if self._count > 0xFFF:
                    self._ms, self._count = self._ms + 1, 0
            else:
                self._ms, self._count = ms, secrets.randbits(11)
            ms, count = self._ms, self._count
        return UUID(int=ms << 80 | 0x7 << 76 | count << 64 | 0b10 << 62 | secrets.randbits(62))


_uuid7 = _Uuid7Source()


def uuid7() -> UUID:
    """A new UUIDv7 by the product's clock; ids of one process ascend unless the clock is moved back."""
    return _uuid7.next()


def _damm(digits: str) -> str:
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return str(interim)


def _bare(text: str) -> str:
    return re.sub(r"[\s-]", "", to_plain_number(text))


def _only_letters(text: str) -> str:
    """Without whatever somebody may write between the groups of a number."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text))


def _institution_problem(digits: str) -> str:
    if not re.fullmatch(r"[0-9]*", digits):
        return "数字以外の文字が入っています。"
    if len(digits) != 10:
        hint = (
            "都道府県番号と点数表番号を前に付けてください。"
            if len(digits) == 7
            else "桁数を確認してください。"
        )
        return f"{len(digits)}桁が入力されています。{hint}"
    if not 1 <= int(digits[:2]) <= len(PREFECTURES):
        return f"先頭2桁「{digits[:2]}」は都道府県番号(01〜47)ではありません。"
    if not _INSTITUTION.fullmatch(digits):
        return f"3桁目「{digits[2]}」は点数表番号(1医科・2歯科・3調剤)ではありません。"
    return ""


def _card_part(text: str, label: str, code: str, field: str) -> str:
    refuse_controls(text, field, allowed="", invisible=True)
    refuse_gaiji(text, field)
    part = re.sub(r"\s", "", text)
    if re.search(r"[:^]", part):
        raise Invalid(code, f"{label}に「:」や「^」は使えません。", field)
    size = sum(2 if unicodedata.east_asian_width(char) in "WFA" else 1 for char in part)
    if size > SYMBOL_BYTES:
        raise Invalid(code, f"{label}が長すぎます(半角{SYMBOL_BYTES}文字、全角9文字まで)。", field)
    return part
