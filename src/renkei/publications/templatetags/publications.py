"""``{% load publications %}``: what the templates of the rooms ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def of(found: Mapping[Any, Any], key: Any) -> Any:
    """``{{ notes|of:facility_id }}``: what belongs to a key, or nothing."""
    return found.get(key, ())
