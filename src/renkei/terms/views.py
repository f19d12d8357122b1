"""The address that type-ahead fields ask."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from renkei.gate.pages import page
from renkei.kernel.errors import NotFound
from renkei.terms.permissions import P
from renkei.terms.queries import suggest
from renkei.terms.types import System
from renkei.ui.forms import suggestions
from renkei.ui.types import Choice


@page(P.VIEW)
@require_GET
def suggest_terms(request: HttpRequest, system: str) -> JsonResponse:
    """``GET ?q=``: up to 20 terms. ``code`` is the table's code, or the ICD-10 where there is none."""
    if system not in System.values:
        raise NotFound("system_unknown", "このコード表はありません。")
    found = suggest(system, request.GET.get("q", "")[:100], limit=20)
    return suggestions(Choice(f.code or f.icd10 or f.label, f.label, f.icd10 or f.kana) for f in found)
