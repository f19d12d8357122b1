"""Writing, handing in and approving leaflets. Who is no member any more changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from django.db import models

from renkei.directory import queries as directory
from renkei.directory.pictures import prepare
from renkei.gate.actions import action, refuse
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotAllowed, NotFound, NotPossibleNow
from renkei.kernel.text import clean_note, shorten
from renkei.notices.actions import notify
from renkei.publications import members
from renkei.publications.leaflets import texts as blocks
from renkei.publications.leaflets.facts import district_of, facts_of
from renkei.publications.leaflets.words import Flag, flags, words_on
from renkei.publications.models import (
    Leaflet,
    LeafletPicture,
    LeafletState,
    LeafletVersion,
    PublishedLeaflet,
)
from renkei.publications.permissions import P
from renkei.ui.addresses import address

OPEN = (LeafletState.DRAFT, LeafletState.RETURNED)
UNDECIDED = (*OPEN, LeafletState.SUBMITTED)


@action(P.WRITE_LEAFLET, says="リーフレットを作成")
def begin(actor: Actor, *, scheme: Any, facility_id: int) -> LeafletVersion:
    """The first version of a member's leaflet; the house writes it for members without Renkei.

    ``scheme`` is a row of ``enrolments``. Raises ``NotPossibleNow`` for who is no member, ``NotAllowed`` for somebody else's.
    """
    facility = directory.facility_by_id(facility_id)
    if facility is None:
        raise NotFound("facility_not_found", "この医療機関は見つかりません。一覧から選び直してください。")
    _may_write(actor, owner_id=scheme.owner_id, facility=facility)
    _must_be_member(scheme.pk, facility_id)
    known = Leaflet.objects.visible_to(actor).filter(scheme=scheme, facility_id=facility_id).first()
    if known is not None:
        raise NotPossibleNow(
            "leaflet_exists", f"{facility.name}のリーフレットはもうあります。一覧から開いてください。"
        )
    leaflet = Leaflet(
        scheme=scheme,
        owner_id=scheme.owner_id,
        facility_id=facility_id,
        district=district_of(facility.address),
        copies=directory.rule("leaflet.copies", scheme.owner_id, default=20),
    )
    leaflet.save()
    row = LeafletVersion(leaflet=leaflet, owner_id=leaflet.owner_id, facility_id=facility_id, number=1)
    return _saved(actor, row)


@action(P.WRITE_LEAFLET, says="リーフレットの新しい版を作成", adds=True)
def next_version(actor: Actor, leaflet: Leaflet) -> LeafletVersion:
    """A draft with the words of the last version; what is public stays until this one is approved."""
    _may_write(actor, owner_id=leaflet.owner_id, facility=leaflet.facility)
    _must_be_member(leaflet.scheme_id, leaflet.facility_id)
    before = leaflet.versions.visible_to(actor).order_by("-number").first()
    if before is not None and before.state in UNDECIDED:
        raise NotPossibleNow(
            "version_open",
            f"第{before.number}版がまだ「{before.get_state_display()}」です。先にそちらを終えてください。",
        )
    row = LeafletVersion(
        leaflet=leaflet,
        owner_id=leaflet.owner_id,
        facility_id=leaflet.facility_id,
        number=before.number + 1 if before else 1,
        texts=before.texts if before else {},
        picture=before.picture if before else None,
    )
    return _saved(actor, row)


@action(P.WRITE_LEAFLET, says="リーフレットを編集")
def save_draft(actor: Actor, version: LeafletVersion, *, texts: Mapping[str, Any]) -> LeafletVersion:
    """Keep the texts. Raises ``Invalid`` at the field for what does not fit on the paper."""
    _must_be_open(actor, version)
    version.texts = blocks.clean(texts)
    return _saved(actor, version)


@action(P.WRITE_LEAFLET, says="リーフレットの写真を変更")
def set_picture(actor: Actor, version: LeafletVersion, *, picture: bytes | None) -> LeafletVersion:
    """A PNG or JPEG, checked by content and down-scaled; None takes it away. Raises ``Invalid('picture')``."""
    _must_be_open(actor, version)
    version.picture = None
    if picture is not None:
        content, media_type = prepare(picture)
        sha256 = hashlib.sha256(content).hexdigest()
        known = LeafletPicture.objects.visible_to(actor).filter(leaflet_id=version.leaflet_id, sha256=sha256)
        version.picture = known.first() or _picture(version, content, media_type, sha256)
    return _saved(actor, version)


def _picture(version: LeafletVersion, content: bytes, media_type: str, sha256: str) -> LeafletPicture:
    row = LeafletPicture(
        leaflet_id=version.leaflet_id,
        owner_id=version.owner_id,
        facility_id=version.facility_id,
        content=content,
        media_type=media_type,
        sha256=sha256,
    )
    row.save()
    return row


@action(P.WRITE_LEAFLET, says="リーフレットの承認を依頼")
def submit(actor: Actor, version: LeafletVersion) -> LeafletVersion:
    """Hand in; hours and address are kept as they are now. A wording that nobody may approve is refused here already."""
    _must_be_open(actor, version)
    _must_be_member(version.leaflet.scheme_id, version.facility_id)
    if block := blocks.missing(version.texts):
        raise Invalid(
            "text_missing", f"「{block.label}」が空です。入力してから承認を依頼してください。", block.key
        )
    _refuse_forbidden(found_in(version))
    version.facts = facts_of(version.facility)
    version.state = LeafletState.SUBMITTED
    version.submitted_at, version.submitted_by = clock.now(), shorten(actor.label, 120)
    version.answer = ""
    version.save()
    say(f"{actor.label}がリーフレット第{version.number}版の承認を依頼しました")
    if actor.facility_id != version.owner_id:
        notify(
            version.owner_id,
            kind="leaflet_submitted",
            text=f"{version.facility.name}からリーフレット第{version.number}版の承認依頼が届きました",
            url=address("publications:leaflet_version", version.uid),
        )
    return version


def found_in(version: LeafletVersion) -> list[Flag]:
    """The wordings of a version that stand on the list of its house today."""
    return flags(version.texts, words_on(clock.today(), version.owner_id))


def _refuse_forbidden(found: list[Flag]) -> None:
    bad = next((flag for flag in found if flag.forbids), None)
    if bad is not None:
        raise Invalid(
            "wording_forbidden",
            f"「{bad.label}」の「{bad.around}」は{bad.kind}にあたり、承認できません({bad.source})。{bad.advice}",
            bad.field,
        )


@action(P.APPROVE_LEAFLET, says="リーフレットを承認")
def approve(actor: Actor, version: LeafletVersion, *, reason: str = "") -> LeafletVersion:
    """Approve and publish. Raises ``Invalid('wording_reason')`` when wordings are flagged and no ``reason`` is given."""
    _must_decide(actor, version, "approve")
    _must_be_member(version.leaflet.scheme_id, version.facility_id)
    found = found_in(version)
    _refuse_forbidden(found)
    why = clean_note(reason, 300, "reason").strip()
    if found and not why:
        words = "」「".join(dict.fromkeys(flag.word for flag in found))
        raise Invalid(
            "wording_reason",
            f"医療広告で注意が必要な表現「{words}」があります。差し戻すか、認める理由を入力してください。",
            "reason",
        )
    before = LeafletVersion.objects.visible_to(actor).filter(
        leaflet_id=version.leaflet_id, state=LeafletState.APPROVED
    )
    for row in before:
        row.state = LeafletState.REPLACED
        row.save()
    version.state = LeafletState.APPROVED
    version.approved_by, version.decided_at = shorten(actor.label, 120), clock.now()
    version.reason, version.found = (why, [flag.to_json() for flag in found]) if found else ("", [])
    version.save()
    _publish(version)
    say(f"{actor.label}が{version.facility.name}のリーフレット第{version.number}版を承認しました")
    _tell_writer(actor, version, "leaflet_approved", f"リーフレット第{version.number}版が承認されました")
    return version


@action(P.APPROVE_LEAFLET, says="リーフレットを差し戻し")
def send_back(actor: Actor, version: LeafletVersion, *, answer: str) -> LeafletVersion:
    """Back to the writer with what to change. Raises ``Invalid`` without words."""
    _must_decide(actor, version, "send_back")
    why = clean_note(answer, 300, "answer").strip()
    if not why:
        raise Invalid("answer_empty", "どこを直せばよいか入力してください。", "answer")
    version.state, version.answer, version.decided_at = LeafletState.RETURNED, why, clock.now()
    version.save()
    say(f"{actor.label}がリーフレット第{version.number}版を差し戻しました")
    _tell_writer(
        actor, version, "leaflet_returned", f"リーフレット第{version.number}版が差し戻されました: {why}"
    )
    return version


def _publish(version: LeafletVersion) -> None:
    row = PublishedLeaflet.objects.filter(leaflet_id=version.leaflet_id).first() or PublishedLeaflet(
        leaflet_id=version.leaflet_id,
        scheme_id=version.leaflet.scheme_id,
        owner_id=version.owner_id,
        facility_id=version.facility_id,
    )
    row.number, row.texts, row.facts = version.number, version.texts, version.facts
    row.picture = bytes(version.picture.content) if version.picture else None
    row.media_type = version.picture.media_type if version.picture else ""
    row.approved_at = version.decided_at or clock.now()
    row.save()


def _tell_writer(actor: Actor, version: LeafletVersion, kind: str, text: str) -> None:
    if actor.facility_id != version.facility_id:
        url = address("publications:leaflet_version", version.uid)
        notify(version.facility_id, kind=kind, text=text, url=url, from_facility_id=version.owner_id)


def _saved(actor: Actor, version: LeafletVersion) -> LeafletVersion:
    version.changed_at, version.changed_by = clock.now(), shorten(actor.label, 120)
    version.save()
    return version


def _must_be_open(actor: Actor, version: LeafletVersion) -> None:
    _may_write(actor, owner_id=version.owner_id, facility=version.facility)
    if version.state not in OPEN:
        raise NotPossibleNow(
            "version_closed",
            f"第{version.number}版は「{version.get_state_display()}」のため変更できません。新しい版を作ってください。",
        )


def _must_decide(actor: Actor, version: LeafletVersion, name: str) -> None:
    if actor.facility_id != version.owner_id:
        refuse(actor, f"publications.leaflets.actions.{name}", "リーフレットの承認・差し戻し", version)
        raise NotAllowed("not_the_house", "リーフレットを承認できるのは、ラックを置く病院の連携室だけです。")
    if version.state != LeafletState.SUBMITTED:
        raise NotPossibleNow(
            "version_not_submitted", f"第{version.number}版は「{version.get_state_display()}」です。"
        )


def _may_write(actor: Actor, *, owner_id: int, facility: models.Model) -> None:
    """One's own leaflet; the house for a member that does not use Renkei."""
    if actor.facility_id == facility.pk:
        return
    if actor.facility_id == owner_id and not getattr(facility, "uses_renkei", True):
        return
    refuse(actor, "publications.leaflets.actions.write", "ほかの施設のリーフレットを編集")
    raise NotAllowed(
        "other_leaflet", "リーフレットを編集できるのはその医療機関です。差し戻して直してもらってください。"
    )


def _must_be_member(scheme_id: int, facility_id: int) -> None:
    if not members.is_member(scheme_id, facility_id, clock.today()):
        raise NotPossibleNow(
            "no_member", "この医療機関は今、この制度に登録されていません。リーフレットは登録中だけ置けます。"
        )
