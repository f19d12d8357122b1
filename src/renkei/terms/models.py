"""Code tables (コード表): names of diseases and departments that people pick while typing."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models

from renkei.gate.models import PublicData
from renkei.kernel.names import bigrams, kana_key, kanji_key
from renkei.terms.types import System


def folded(text: str) -> str:
    """One key for kanji, hiragana and katakana alike: ``とうにょう`` and ``トウニョウ`` agree."""
    return kana_key(kanji_key(text))


class Term(PublicData):
    """One entry of a code table. ``code`` is empty where the table gives none; ``search_key`` is ``|``-framed words."""

    system = models.CharField("コード体系", max_length=20, choices=System.choices)
    code = models.CharField("コード", max_length=20, blank=True)
    label = models.CharField("名称", max_length=100)
    kana = models.CharField("カナ", max_length=200, blank=True)
    synonyms = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    icd10 = models.CharField("ICD-10", max_length=10, blank=True)
    search_key = models.TextField(blank=True, editable=False)
    search_pairs = ArrayField(models.CharField(max_length=2), default=list, blank=True, editable=False)

    class Meta:
        ordering = ["system", "kana", "id"]
        constraints = [models.UniqueConstraint(fields=["system", "label"], name="term_once")]
        indexes = [
            GinIndex(fields=["search_pairs"], name="term_search"),
            models.Index(fields=["system", "code"], name="term_by_code"),
        ]

    def __str__(self) -> str:
        return self.label

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save with the search key made anew."""
        self.make_keys()
        super().save(*args, **kwargs)

    def make_keys(self) -> None:
        """Fill what the type-ahead reads; ``bulk_create`` needs this called before."""
        words = [self.label, self.kana, *self.synonyms]
        keys = [folded(word) for word in words] + [folded(self.icd10), self.code]
        self.search_key = f"|{'|'.join(dict.fromkeys(key for key in keys if key))}|"
        self.search_pairs = bigrams(self.search_key)
