"""What modules above may ask about letters that are read as documents: final versions, and the files beside them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from renkei.files.store import fetch
from renkei.gate.actor import Actor
from renkei.referrals import queries
from renkei.referrals.fhir import papers
from renkei.referrals.fhir.papers import sender_name
from renkei.referrals.models import Referral, ReferralLetter
from renkei.referrals.writing.compare import files_of
from renkei.referrals.writing.files import ever_enclosed

__all__ = ["final_letters", "letter_files", "newest_letter", "sender_name"]


def final_letters(actor: Actor) -> QuerySet[Any]:
    """Final versions with their referral and the ids of its parties (``patient_uid``, ``sender_uid``, ``before_uid`` …)."""
    return papers.letters(actor).select_related("referral")


def letter_files(actor: Actor, letter: ReferralLetter) -> list[tuple[str, str, bytes]]:
    """``(name, media type, bytes)`` of what lay with that version."""
    referral: Referral = queries.one(actor, letter.referral.uid)
    versions = [x for x in queries.whole(actor, referral).letters if x.finalised_at]
    place = [x.pk for x in versions].index(letter.pk)
    found = files_of(versions, place, ever_enclosed(actor, referral))
    return [(f.name, f.media_type, bytes(fetch(actor, f.file_uid).content)) for f in found]


def newest_letter(actor: Actor, referral: Referral) -> ReferralLetter:
    """The newest final version of a referral that has one."""
    return [x for x in queries.whole(actor, referral).letters if x.finalised_at][-1]
