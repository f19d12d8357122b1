"""Every minute: deliveries whose pause is over go into the queue."""

from __future__ import annotations

from django.db import transaction

from renkei.gate.context import system
from renkei.jobs.queue import enqueue, periodic
from renkei.kernel import clock
from renkei.webhooks.models import Delivery
from renkei.webhooks.queueing import deliver
from renkei.webhooks.types import State

AT_ONCE = 200


@periodic("* * * * *")
def take_up_due() -> None:
    """Every minute: what is due again, also what a killed worker left half."""
    with system("webhook: what is due"), transaction.atomic():
        rows = Delivery._base_manager.filter(state=State.WAITING, next_at__lte=clock.now())
        due = list(rows.order_by("next_at", "id").values_list("uid", flat=True)[:AT_ONCE])
    for uid in due:
        enqueue(deliver, delivery_uid=str(uid))
