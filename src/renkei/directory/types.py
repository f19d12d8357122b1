"""Words of the directory that cross the fence."""

from __future__ import annotations

from django.db import models


class FacilityKind(models.TextChoices):
    """What a facility is (施設種別)."""

    HOSPITAL = "hospital", "病院"
    CLINIC = "clinic", "診療所"
    DENTAL = "dental", "歯科診療所"
    PHARMACY = "pharmacy", "薬局"
    VISITING_NURSING = "visiting_nursing", "訪問看護ステーション"
    CARE_FACILITY = "care_facility", "介護施設"
    CARE_MANAGER_OFFICE = "care_manager_office", "居宅介護支援事業所"
    LABORATORY = "laboratory", "検査センター"
    PUBLIC_BODY = "public_body", "行政機関"
    ASSOCIATION = "association", "医師会・団体"
    FIRE_CONTROL = "fire_control", "消防指令"


class AreaLevel(models.TextChoices):
    """Prefecture → secondary medical area (二次医療圏) → municipality."""

    PREFECTURE = "prefecture", "都道府県"
    SECONDARY_AREA = "secondary_area", "二次医療圏"
    MUNICIPALITY = "municipality", "市区町村"
