"""Who works at the counter, who edits and approves what is issued, who reports functions."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions over search at the counter, leaflets, editions, function reports and policies."""

    COUNTER = "counter.work"
    WRITE_LEAFLET = "leaflet.write"
    APPROVE_LEAFLET = "leaflet.approve"
    EDIT_EDITION = "edition.edit"
    SEND_EDITION = "edition.send"
    RECEIVE_EDITION = "edition.receive"
    REPORT_FUNCTIONS = "function_report.write"
    VIEW_FUNCTIONS = "function_report.view_area"
    CHECK_FUNCTIONS = "function_report.check"
    EDIT_REFERENCE = "function_report.edit_reference"
    EDIT_POLICY = "policy.edit"


register(
    P,
    grants={
        Role.LIAISON_STAFF: [
            P.COUNTER,
            P.WRITE_LEAFLET,
            P.APPROVE_LEAFLET,
            P.EDIT_EDITION,
            P.SEND_EDITION,
            P.RECEIVE_EDITION,
            P.REPORT_FUNCTIONS,
        ],
        Role.SOCIAL_WORKER: [P.COUNTER],
        Role.FACILITY_ADMINISTRATOR: [
            P.WRITE_LEAFLET,
            P.REPORT_FUNCTIONS,
            P.EDIT_EDITION,
            P.RECEIVE_EDITION,
        ],
        Role.PHYSICIAN: [P.WRITE_LEAFLET, P.REPORT_FUNCTIONS, P.RECEIVE_EDITION],
        Role.CLERK: [P.WRITE_LEAFLET, P.REPORT_FUNCTIONS, P.RECEIVE_EDITION],
        Role.DENTIST: [P.WRITE_LEAFLET, P.RECEIVE_EDITION],
        Role.NURSE: [P.RECEIVE_EDITION],
        Role.PUBLIC_OFFICER: [P.VIEW_FUNCTIONS, P.CHECK_FUNCTIONS, P.EDIT_REFERENCE],
        Role.SYSTEM_ADMINISTRATOR: [P.EDIT_REFERENCE],
        Role.ALLIANCE_OFFICE: [P.EDIT_POLICY, P.EDIT_EDITION, P.SEND_EDITION],
    },
)
