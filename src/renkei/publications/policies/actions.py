"""Writing, publishing and discarding versions of a policy document."""

from __future__ import annotations

from django.db.models import Max

from renkei.gate.actions import action, refuse
from renkei.gate.actor import Actor
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotPossibleNow
from renkei.kernel.text import clean_note
from renkei.publications.models import PolicyDocument
from renkei.publications.permissions import P
from renkei.publications.policies import queries
from renkei.publications.policies.types import PolicyKind, PolicyState

MOST_CHARACTERS = 20_000


def _texts(title: str, text: str) -> tuple[str, str]:
    ready = clean_note(title, 120, "title").strip(), clean_note(text, MOST_CHARACTERS, "text").strip()
    for value, name, label in zip(ready, ("title", "text"), ("題名", "本文"), strict=True):
        if not value:
            raise Invalid(f"{name}_empty", f"{label}を入力してください。", name)
    return ready


def _own_draft(actor: Actor, row: PolicyDocument, name: str) -> None:
    if row.facility_id != actor.facility_id:
        refuse(actor, f"publications.policies.actions.{name}", "ほかの法人の文書を変更", row)
        raise NotAllowed("other_facility", "ほかの法人の文書は変更できません。")
    if row.state != PolicyState.DRAFT:
        raise NotPossibleNow(
            "document_published", "公開した文書は変更できません。新しい版の案を作って改定してください。"
        )


@action(P.EDIT_POLICY, says="方針の案を作成")
def start_draft(actor: Actor, *, kind: str, title: str, text: str) -> PolicyDocument:
    """The next version as a draft. Raises ``NotPossibleNow`` while another draft of the kind stands."""
    if kind not in PolicyKind.values:
        raise Invalid("kind", "文書の種類を選んでください。", "kind")
    mine = queries.own_documents(actor).filter(kind=kind)
    if mine.filter(state=PolicyState.DRAFT).exists():
        raise NotPossibleNow(
            "draft_exists", "この種類の案がもうあります。その案を直すか、破棄してから作ってください。"
        )
    last = mine.order_by().aggregate(last=Max("number"))["last"] or 0
    said, body = _texts(title, text)
    row = PolicyDocument(
        facility_id=actor.facility_id,
        kind=kind,
        number=last + 1,
        title=said,
        text=body,
        written_by=actor.label,
    )
    row.save()
    return row


@action(P.EDIT_POLICY, says="方針の案を変更")
def edit_draft(actor: Actor, row: PolicyDocument, *, title: str, text: str) -> PolicyDocument:
    """Change a draft of one's own office."""
    _own_draft(actor, row, "edit_draft")
    row.title, row.text = _texts(title, text)
    row.written_by, row.changed_at = actor.label, clock.now()
    row.save()
    return row


@action(P.EDIT_POLICY, says="方針を公開")
def publish(actor: Actor, row: PolicyDocument) -> PolicyDocument:
    """From now on everybody reads this version, and nobody changes it."""
    _own_draft(actor, row, "publish")
    row.state, row.published_on = PolicyState.PUBLISHED, clock.today()
    row.changed_at = clock.now()
    row.save()
    return row


@action(P.EDIT_POLICY, says="方針の案を破棄")
def discard_draft(actor: Actor, row: PolicyDocument) -> None:
    """Throw a draft away; its number is used again."""
    _own_draft(actor, row, "discard_draft")
    row.delete()
