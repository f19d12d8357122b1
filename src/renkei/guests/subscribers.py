"""The house is told that somebody waits for a call."""

from __future__ import annotations

from django.urls import reverse

from renkei.directory.queries import facility_by_id
from renkei.events.bus import subscribe
from renkei.guests.events import GuestAsked
from renkei.notices.actions import notify


@subscribe(GuestAsked)
def tell_desk(event: GuestAsked) -> None:
    """In-app and by mail; neither names anybody."""
    house = facility_by_id(event.facility_id)
    if house is None:
        return
    notify(
        house.pk,
        kind="guest_asked",
        text="ゲスト受付に新しい依頼が届きました。名簿の番号に折り返し電話をしてください。",
        url=reverse("guests:request", args=[event.request_uid]),
        mail_to=house.email or None,
    )
