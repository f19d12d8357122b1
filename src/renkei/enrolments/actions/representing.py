"""Who may speak for an institution: its representative (代表者), by the own login or by a signature on paper (rules L.1)."""

from __future__ import annotations

from renkei.directory.actions import representative_on_paper
from renkei.directory.queries import representative
from renkei.gate.actions import refuse
from renkei.gate.actor import Actor
from renkei.gate.models import Guarded
from renkei.kernel.errors import Invalid, NotAllowed
from renkei.kernel.names import kanji_key
from renkei.kernel.text import clean_note


def refuse_unless_representative(actor: Actor, facility_id: int, name: str, says: str, row: Guarded) -> None:
    """Raise ``NotAllowed``, on record, unless the actor is the representative of the institution."""
    post = representative(facility_id) if actor.facility_id == facility_id else None
    if post is None or not post.person_id or post.person_id != actor.person_id:
        refuse(actor, f"enrolments.actions.{name}", says, row)
        raise NotAllowed(
            "not_the_representative",
            "医療機関の代表者だけができる操作です。代表者ご本人がログインするか、用紙で届け出てください。",
        )


def refuse_other_signature(facility_id: int, signed_by: str, *, records: bool = False) -> tuple[str, bool]:
    """The name under a paper, which must be the representative's, and whether that was stated only now.

    Raises ``Invalid`` at ``signed_by``.

    Where the directory knows no representative any name would do, so whoever enters the paper states besides
    (``records``) that this is the representative: the directory keeps it and the trail says who stated it. Raises
    ``Invalid`` at ``records_representative`` without that.
    """
    name = clean_note(signed_by.strip(), 80, "signed_by")
    if not name:
        raise Invalid("signed_by_empty", "用紙に署名した代表者の氏名を入力してください。", "signed_by")
    post = representative(facility_id)
    if post is None:
        if not records:
            raise Invalid(
                "representative_unknown",
                "この医療機関の代表者が記録されていません。署名した人が代表者であることを確かめ、この欄に印を付けてください。",
                "records_representative",
            )
        representative_on_paper(facility_id, name)
        return name, True
    if kanji_key(post.holder) != kanji_key(name):
        raise Invalid(
            "not_the_representative",
            f"登録されている代表者({post.holder})と違います。代表者の署名を確かめてください。",
            "signed_by",
        )
    return name, False
