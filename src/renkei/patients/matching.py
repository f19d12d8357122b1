"""How much a known patient resembles what is being typed (名寄せ, rules J.2). It proposes; only people decide."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from renkei.kernel import names
from renkei.patients.models import Patient, Sex

WORTH_SHOWING = 0.3
MOST_OF_A_NAME = 0.5
MOST_WITHOUT_NUMBER = 0.95


@dataclass(frozen=True)
class Candidate:
    """A patient who may be the same person: why, how much (0 to 1), and what speaks for caution."""

    patient: Patient
    reasons: tuple[str, ...]
    score: float
    cautions: tuple[str, ...] = ()

    @property
    def certain(self) -> bool:
        """An insured number agrees together with birth date and sex."""
        return self.score >= 1


@dataclass(frozen=True)
class Wanted:
    """What is known of the person so far; empty where nothing was typed yet."""

    name: str = ""
    kana: str = ""
    birth_on: date | None = None
    sex: str = ""
    phone_digits: str = ""
    postal_code: str = ""


def weigh(wanted: Wanted, patient: Patient, *, same_number: bool) -> Candidate:
    """Compare ``wanted`` with ``patient``; ``same_number``: an insured number agrees."""
    reasons: list[str] = []
    score = _name(wanted, patient, reasons) + _birth(wanted, patient, reasons)
    cautions = _cautions(wanted, patient)
    sex_differs = (
        bool(wanted.sex) and Sex.UNKNOWN not in (wanted.sex, patient.sex) and wanted.sex != patient.sex
    )
    if sex_differs:
        score -= 0.2
        cautions.append("性別が違います")
    elif wanted.sex and wanted.sex == patient.sex:
        score += 0.05
    if wanted.phone_digits and wanted.phone_digits == patient.phone_digits:
        score += 0.15
        reasons.append("電話番号が同じ")
    if wanted.postal_code and wanted.postal_code == patient.postal_code:
        score += 0.05
        reasons.append("郵便番号が同じ")
    if same_number:
        reasons.insert(0, "被保険者番号が同じ")
        if wanted.birth_on == patient.birth_on and not sex_differs:
            return Candidate(patient, tuple(reasons), 1.0, tuple(cautions))
        score += 0.4
    bounded = min(max(score, 0.0), MOST_WITHOUT_NUMBER)
    return Candidate(patient, tuple(reasons), round(bounded, 2), tuple(cautions))


def _name(wanted: Wanted, patient: Patient, reasons: list[str]) -> float:
    score = 0.0
    kana = names.kana_key(wanted.kana)
    if kana and patient.kana_key:
        if kana == patient.kana_key:
            score += 0.3
            reasons.append("カナが同じ")
        elif names.loose_kana_key(kana) == names.loose_kana_key(patient.kana_key):
            score += 0.2
            reasons.append("カナが濁点だけ違う")
    kanji = names.kanji_key(wanted.name)
    if kanji:
        if kanji == patient.kanji_key:
            score += 0.3
            reasons.append("漢字氏名が同じ" if wanted.name == patient.name else "漢字氏名が異体字まで同じ")
        elif names.loose_kanji_key(kanji) == names.loose_kanji_key(patient.kanji_key):
            score += 0.2
            reasons.append("漢字氏名が似た字だけ違う")
    if not score and _family(wanted) and _family(wanted) & _parts(patient, 0):
        score += 0.1
        reasons.append("姓が同じ")
    return min(score, MOST_OF_A_NAME)


def _birth(wanted: Wanted, patient: Patient, reasons: list[str]) -> float:
    born, known = wanted.birth_on, patient.birth_on
    if born is None:
        return 0.0
    if born == known:
        reasons.append("生年月日が同じ")
        return 0.35
    same = [born.year == known.year, born.month == known.month, born.day == known.day]
    if sum(same) == 2 or (born.month, born.day) == (known.day, known.month):
        reasons.append("生年月日が1か所だけ違う")
        return 0.15
    return 0.0


def _cautions(wanted: Wanted, patient: Patient) -> list[str]:
    found = []
    same_name = names.kanji_key(wanted.name) == patient.kanji_key and bool(wanted.name)
    if wanted.birth_on and wanted.birth_on == patient.birth_on and not same_name and wanted.name:
        given = _parts(patient, 1)
        if _family(wanted) & _parts(patient, 0) and given and not _given(wanted) & given:
            found.append("同じ姓・同じ生年月日で名が違います(双子の可能性)")
    if same_name and wanted.birth_on and wanted.birth_on != patient.birth_on:
        found.append("同姓同名で生年月日が違います(別人の可能性)")
    return found


def _family(wanted: Wanted) -> set[str]:
    return _words(wanted.name, wanted.kana, 0)


def _given(wanted: Wanted) -> set[str]:
    return _words(wanted.name, wanted.kana, 1)


def _parts(patient: Patient, place: int) -> set[str]:
    return _words(patient.name, patient.kana, place)


def _words(name: str, kana: str, place: int) -> set[str]:
    """The family (0) or given (1) part of the written name and of the reading, folded for comparing."""
    found = set()
    for text, fold in ((name, names.loose_kanji_key), (kana, names.loose_kana_key)):
        words = text.split()
        if len(words) > place:
            found.add(fold(words[place]))
    return found - {""}
