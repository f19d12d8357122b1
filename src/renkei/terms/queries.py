"""Type-ahead and look-ups over the code tables."""

from __future__ import annotations

from django.db.models import Case, IntegerField, Value, When
from django.db.models.functions import Length

from renkei.kernel.names import bigrams
from renkei.kernel.text import to_half_width
from renkei.terms.models import Term, folded
from renkei.terms.types import Suggestion, System


def suggest(system: System | str, text: str, limit: int = 10) -> list[Suggestion]:
    """Terms whose name, kana, synonym, ICD-10 or code contains every word of ``text``.

    Whole words first, then beginnings, then the middle; shorter names before longer ones. Empty text finds nothing.
    """
    words = [folded(word) for word in to_half_width(text).split()]
    words = [word for word in words if word]
    if not words:
        return []
    rows = Term.objects.filter(system=str(system))
    for word in words:
        rows = rows.filter(search_key__contains=word)
        if pairs := bigrams(word):
            rows = rows.filter(search_pairs__contains=pairs)
    rank = Case(
        When(search_key__contains=f"|{words[0]}|", then=Value(0)),
        When(search_key__startswith=f"|{words[0]}", then=Value(1)),
        When(search_key__contains=f"|{words[0]}", then=Value(2)),
        default=Value(3),
        output_field=IntegerField(),
    )
    rows = rows.annotate(rank=rank, size=Length("label")).order_by("rank", "size", "kana", "id")
    return [Suggestion(t.code, t.label, t.kana, t.icd10) for t in rows[:limit]]


def term(system: System | str, *, code: str = "", label: str = "") -> Suggestion | None:
    """The term with this code, or with exactly this name, or None."""
    rows = Term.objects.filter(system=str(system))
    found = None
    if code:
        found = rows.filter(code=code).order_by("id").first()
    elif label:
        found = rows.filter(label=label).first()
    return Suggestion(found.code, found.label, found.kana, found.icd10) if found else None


def terms(system: System | str) -> list[Suggestion]:
    """A whole table in the order of its codes, those without a code last; for a list of departments."""
    rows = Term.objects.filter(system=str(system)).order_by("code", "kana")
    found = [Suggestion(t.code, t.label, t.kana, t.icd10) for t in rows]
    return sorted(found, key=lambda entry: not entry.code)
