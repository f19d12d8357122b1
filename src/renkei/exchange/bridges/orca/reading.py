"""The answer of 日レセ as a patient: XML read without entities or document types, only the fields of the list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from django.utils.crypto import salted_hmac

from renkei.exchange.bridges.orca.fields import ADDRESS, INSURANCE, NO_SUCH_PATIENT, PATIENT, RESULTS, SEXES
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotFound
from renkei.kernel.outward import Unreachable
from renkei.kernel.text import to_half_width

MOST_DEPTH = 20
MOST_ELEMENTS = 20_000


@dataclass(frozen=True)
class Insured:
    """The boxes of a card in force, as ``patients.actions.add_insured_number`` takes them."""

    insurer: str
    symbol: str
    number: str
    branch: str
    valid_from: date


@dataclass(frozen=True)
class OrcaPatient:
    """A patient as 日レセ knows them; ``sex`` is a FHIR administrative gender."""

    local_number: str
    name: str
    kana: str
    birth_on: date
    sex: str
    postal_code: str = ""
    address: str = ""
    phone: str = ""
    occupation: str = ""
    insured: Insured | None = None

    def details(self) -> dict[str, Any]:
        """For ``patients.actions.register``."""
        names = (
            "local_number",
            "name",
            "kana",
            "birth_on",
            "sex",
            "postal_code",
            "address",
            "phone",
            "occupation",
        )
        return {name: getattr(self, name) for name in names}

    def mark(self) -> str:
        """The same for the same answer: what a person saw is held against what 日レセ says when they confirm."""
        return salted_hmac("renkei.orca.seen", repr(self), algorithm="sha256").hexdigest()


def parse(raw: bytes) -> Element:
    """The root element. Raises ``Unreachable('not_xml')``: broken, with a document type or entities, too deep, too large."""
    builder, parser = TreeBuilder(), expat.ParserCreate()
    depth = count = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth, count = depth + 1, count + 1
        if depth > MOST_DEPTH or count > MOST_ELEMENTS:
            raise _not_xml("応答の構造が大きすぎます。")
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    def refuse(*_args: object) -> int:
        raise _not_xml("応答に文書型宣言(DOCTYPE)や実体が含まれています。安全のため読み取りません。")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = parser.UnparsedEntityDeclHandler = refuse
    try:
        parser.Parse(raw, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, UnicodeError, LookupError) as error:
        raise _not_xml("応答をXMLとして読み取れませんでした。") from error


def _not_xml(says: str) -> Unreachable:
    return Unreachable("not_xml", f"日レセの{says}")


def read(raw: bytes) -> OrcaPatient:
    """The patient of an answer. Raises ``NotFound('no_such_patient')``, ``Unreachable``, ``Invalid`` for a date that is none."""
    root = parse(raw)
    body = root if root.tag == "patientinfores" else root.find("patientinfores")
    if body is None:
        raise _not_xml("応答が患者基本情報(patientinfores)ではありません。")
    _refuse_failure(body)
    sex = SEXES.get(_text(body, f"{PATIENT}/Sex"), "unknown")
    name, number = (_spaced(_text(body, f"{PATIENT}/{tag}")) for tag in ("WholeName", "Patient_ID"))
    if not name or not number:
        raise _not_xml("応答に患者番号か氏名がありません。")
    return OrcaPatient(
        local_number=number,
        name=name,
        kana=_spaced(_text(body, f"{PATIENT}/WholeName_inKana")),
        birth_on=_day(_text(body, f"{PATIENT}/BirthDate"), "生年月日"),
        sex=sex,
        postal_code=_text(body, f"{ADDRESS}/Address_ZipCode"),
        address=_text(body, f"{ADDRESS}/WholeAddress1") + _text(body, f"{ADDRESS}/WholeAddress2"),
        phone=_text(body, f"{ADDRESS}/PhoneNumber1") or _text(body, f"{ADDRESS}/PhoneNumber2"),
        occupation=_text(body, f"{PATIENT}/Occupation"),
        insured=_insured(body),
    )


def _refuse_failure(body: Element) -> None:
    """Zeros are success; the list's other codes say why not."""
    code = _text(body, "Api_Result")
    if re.fullmatch(r"0+", code):
        return
    if code == NO_SUCH_PATIENT:
        says = "日レセにこの患者番号の患者はいません。番号を確かめてください。"
        raise NotFound("no_such_patient", says, "number")
    says = RESULTS.get(code) or _text(body, "Api_Result_Message")[:100] or "理由は示されていません"
    raise Unreachable("api_result", f"日レセがエラーを返しました({code or 'コードなし'}: {says})。")


def _insured(body: Element) -> Insured | None:
    """The first card in force today; 日レセ lists combinations in its own order."""
    today = clock.today().isoformat()
    for card in body.findall(INSURANCE):
        found = {tag: _text(card, tag) for tag in _CARD}
        begins, ends = found["Certificate_StartDate"], found["Certificate_ExpiredDate"] or "9999-12-31"
        number = found["HealthInsuredPerson_Number"]
        if number and found["InsuranceProvider_Number"] and begins <= today <= ends:
            return Insured(
                found["InsuranceProvider_Number"],
                found["HealthInsuredPerson_Symbol"],
                number,
                found["HealthInsuredPerson_Branch_Number"],
                _day(begins, "適用開始日"),
            )
    return None


_CARD = (
    "InsuranceProvider_Number",
    "HealthInsuredPerson_Symbol",
    "HealthInsuredPerson_Number",
    "HealthInsuredPerson_Branch_Number",
    "Certificate_StartDate",
    "Certificate_ExpiredDate",
)


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _spaced(name: str) -> str:
    """日レセ parts names by a full-width space; the house by a half-width one."""
    return " ".join(to_half_width(name).split())


def _day(text: str, label: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("orca_date", f"日レセの{label}「{text[:20]}」を日付として読み取れません。") from error
