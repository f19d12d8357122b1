"""Every write of the module, by the person who does it."""

from renkei.enrolments.actions.applying import apply, cancel, hand_in_again
from renkei.enrolments.actions.deciding import allow_exception, approve, refuse, send_back
from renkei.enrolments.actions.keeping import keep_paper
from renkei.enrolments.actions.membership import (
    end_with_facility,
    follow_joined_facility,
    join_duplicates,
    object_to_renewal,
    reissue,
    renew,
    tell_before_renewal,
    withdraw,
    withdraw_on_paper,
)
from renkei.enrolments.actions.running import edit_scheme, end_scheme, start_scheme

__all__ = [
    "allow_exception",
    "apply",
    "approve",
    "cancel",
    "edit_scheme",
    "end_scheme",
    "end_with_facility",
    "follow_joined_facility",
    "hand_in_again",
    "join_duplicates",
    "keep_paper",
    "object_to_renewal",
    "refuse",
    "reissue",
    "renew",
    "send_back",
    "start_scheme",
    "tell_before_renewal",
    "withdraw",
    "withdraw_on_paper",
]
