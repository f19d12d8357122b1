"""How often one address may ask or look within an hour, over all web processes together.

The address is kept as a keyed digest, and for a day at most.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.crypto import salted_hmac

from renkei.gate.context import system
from renkei.guests.models import GuestTry
from renkei.kernel import clock


def _digest(address: str) -> str:
    return salted_hmac("renkei.guests.address", address, algorithm="sha256").hexdigest()


def seconds_to_wait(what: str, address: str, most: int) -> int:
    """Count one try of ``what`` (``ask``, ``look``); 0 when it is within ``most`` of this hour, else seconds until the next.

    The counter's row is held until the request ends, so that tries of one instant come one after the other. What is over
    the limit is not counted on: the row does not grow under an attack.
    """
    now = clock.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    key: dict[str, Any] = {"what": what, "address_digest": _digest(address), "hour_at": hour}
    with system("guests' tries") as actor, transaction.atomic():
        GuestTry.objects.visible_to(actor).get_or_create(**key)
        row = GuestTry.objects.visible_to(actor).select_for_update().get(**key)
        if row.tries >= most:
            return max(1, int((hour + timedelta(hours=1) - now).total_seconds()))
        row.tries += 1
        row.save()
    return 0


def forget(before: datetime) -> int:
    """Delete counters of hours before that instant; returns how many."""
    with system("forgetting guests' tries") as actor, transaction.atomic():
        return int(GuestTry.objects.visible_to(actor).filter(hour_at__lt=before).delete()[0])
