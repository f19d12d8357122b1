"""What a person does at a facility. Grants hang on these words; permissions themselves live in the modules."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Role of a membership (所属での役割), with its Japanese label."""

    PHYSICIAN = "physician"
    DENTIST = "dentist"
    PHARMACIST = "pharmacist"
    NURSE = "nurse"
    CARE_MANAGER = "care_manager"
    SOCIAL_WORKER = "social_worker"
    LIAISON_STAFF = "liaison_staff"
    CLERK = "clerk"
    FACILITY_ADMINISTRATOR = "facility_administrator"
    SYSTEM_ADMINISTRATOR = "system_administrator"
    AUDITOR = "auditor"
    PUBLIC_OFFICER = "public_officer"
    DISPATCHER = "dispatcher"
    ALLIANCE_OFFICE = "alliance_office"

    @property
    def label(self) -> str:
        """The Japanese word on screens."""
        return LABELS[self]


LABELS: dict[Role, str] = {
    Role.PHYSICIAN: "医師",
    Role.DENTIST: "歯科医師",
    Role.PHARMACIST: "薬剤師",
    Role.NURSE: "看護師",
    Role.CARE_MANAGER: "介護支援専門員",
    Role.SOCIAL_WORKER: "医療ソーシャルワーカー",
    Role.LIAISON_STAFF: "連携室員",
    Role.CLERK: "事務",
    Role.FACILITY_ADMINISTRATOR: "施設管理者",
    Role.SYSTEM_ADMINISTRATOR: "システム管理者",
    Role.AUDITOR: "監査者",
    Role.PUBLIC_OFFICER: "行政職員",
    Role.DISPATCHER: "消防指令",
    Role.ALLIANCE_OFFICE: "法人事務局",
}
