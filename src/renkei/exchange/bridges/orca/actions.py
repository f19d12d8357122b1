"""The connection of a house, and a patient of its 日レセ as a row of the house."""

from __future__ import annotations

from django.conf import settings
from django.utils.crypto import constant_time_compare

from renkei.exchange.bridges.orca.client import fetch
from renkei.exchange.bridges.orca.reading import OrcaPatient
from renkei.exchange.models import OrcaConnection
from renkei.exchange.permissions import P
from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.kernel.errors import Invalid, NotPossibleNow, Stale
from renkei.kernel.outward import judge
from renkei.kernel.sealing import seal, unseal
from renkei.patients.actions import add_insured_number, register
from renkei.patients.models import Patient
from renkei.patients.permissions import P as Patients

PURPOSE = "orca password"


def _keys() -> tuple[str, str]:
    return settings.RENKEI_FERNET_KEY, settings.SECRET_KEY


def connection_of(actor: Actor) -> OrcaConnection | None:
    """The connection of the actor's facility."""
    return OrcaConnection.objects.visible_to(actor).first()


@action(P.MANAGE_ORCA, says="日レセとの接続を設定")
def connect(actor: Actor, *, base_url: str, user: str, password: str, enabled: bool) -> OrcaConnection:
    """Keep the connection; an empty ``password`` keeps the one that stands. Raises ``Invalid`` at the field."""
    row = connection_of(actor) or OrcaConnection(facility_id=actor.facility_id)
    judge(base_url.strip(), internal=settings.RENKEI_INTERNAL_HOSTS, field="base_url")
    if not password and not row.password:
        raise Invalid("missing", "「パスワード」を入力してください。", "password")
    row.base_url, row.user, row.enabled = base_url.strip().rstrip("/"), user.strip(), enabled
    if password:
        row.password = seal(password, keys=_keys(), purpose=PURPOSE)
    row.changed_at, row.changed_by = clock.now(), actor.label[:120]
    row.save()
    return row


@action(Patients.REGISTER, says="日レセから患者を取得")
def look_up(actor: Actor, *, number: str) -> OrcaPatient:
    """The patient with ``number`` at the house's 日レセ; nothing is stored. Raises what ``fetch`` raises."""
    found = connection_of(actor)
    if found is None or not found.enabled:
        raise NotPossibleNow(
            "orca_off", "日レセとの接続が設定されていません。施設の管理者に確認してください。"
        )
    password = unseal(found.password, keys=_keys(), purpose=PURPOSE)
    if password is None:
        raise NotPossibleNow(
            "orca_key", "保存されたパスワードを読めません。接続の設定で入力し直してください。"
        )
    return fetch(found.base_url, found.user, password, number, internal=settings.RENKEI_INTERNAL_HOSTS)


@action(Patients.REGISTER, says="日レセの患者を登録")
def take_over(actor: Actor, came: OrcaPatient, *, seen: str) -> Patient:
    """A new patient row of the house with the number of 日レセ and the insured number in force.

    ``seen`` is the mark of what the person confirmed; ``Stale`` when 日レセ says something else by now, or nobody saw it.
    """
    if not constant_time_compare(seen, came.mark()):
        raise Stale(
            "orca_changed", "日レセの内容が表示したものと違います。下の内容を確かめてから登録してください。"
        )
    patient = register(actor, **came.details())
    if came.insured is not None:
        card = came.insured
        add_insured_number(
            actor,
            patient,
            insurer=card.insurer,
            symbol=card.symbol,
            number=card.number,
            branch=card.branch,
            valid_from=card.valid_from,
        )
    say(f"{actor.label}が日レセの患者を登録しました")
    return patient
