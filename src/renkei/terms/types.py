"""Words of the code tables that cross the fence."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models


class System(models.TextChoices):
    """Which table a term belongs to."""

    DISEASE = "disease", "傷病名"
    DEPARTMENT = "department", "診療科"


@dataclass(frozen=True)
class Suggestion:
    """One line of a type-ahead: ``code`` may be empty; ``icd10`` only for diseases."""

    code: str
    label: str
    kana: str
    icd10: str = ""
