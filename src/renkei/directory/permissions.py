"""Who may do what with the directory."""

from __future__ import annotations

from enum import StrEnum

from renkei.gate.permissions import register
from renkei.kernel.roles import Role


class P(StrEnum):
    """Permissions of the directory.

    ``EDIT_CORPORATION`` is for the name of one's own corporation, and widens ``EDIT_OWN`` to its other facilities;
    ``ASSIGN_OWNER`` records corporations and which one runs a facility; ``WRITE_NOTE`` is for notes that stay inside
    one's own house; ``TELL_FUNCTIONS`` lets the yearly report of a house say its functions; ``NAME_SPEAKER`` says whose
    log-in is the representative's.
    """

    VIEW = "directory.view"
    EDIT_OWN = "directory.edit_own"
    EDIT_CORPORATION = "directory.edit_corporation"
    ASSIGN_OWNER = "directory.assign_owner"
    EDIT_ALL = "directory.edit_all"
    WRITE_NOTE = "directory.write_note"
    TELL_FUNCTIONS = "directory.tell_functions"
    NAME_SPEAKER = "directory.name_speaker"


_CARE = [P.VIEW, P.WRITE_NOTE]
register(
    P,
    grants={
        **{role: [P.VIEW] for role in Role},
        **dict.fromkeys(
            (
                Role.DENTIST,
                Role.PHARMACIST,
                Role.NURSE,
                Role.CARE_MANAGER,
                Role.SOCIAL_WORKER,
            ),
            _CARE,
        ),
        Role.PHYSICIAN: [*_CARE, P.TELL_FUNCTIONS],
        Role.CLERK: [*_CARE, P.TELL_FUNCTIONS],
        Role.FACILITY_ADMINISTRATOR: [
            *_CARE,
            P.EDIT_OWN,
            P.EDIT_CORPORATION,
            P.TELL_FUNCTIONS,
            P.NAME_SPEAKER,
        ],
        Role.LIAISON_STAFF: [*_CARE, P.EDIT_OWN, P.TELL_FUNCTIONS],
        Role.ALLIANCE_OFFICE: [P.VIEW, P.EDIT_CORPORATION, P.ASSIGN_OWNER],
        Role.SYSTEM_ADMINISTRATOR: [
            P.VIEW,
            P.EDIT_OWN,
            P.EDIT_CORPORATION,
            P.ASSIGN_OWNER,
            P.EDIT_ALL,
            P.NAME_SPEAKER,
        ],
    },
)
