"""What a facility's yearly report says about it becomes part of its profile."""

from __future__ import annotations

from collections.abc import Sequence

from renkei.directory.events import ProfileChanged
from renkei.directory.models import Facility, FacilityProfile
from renkei.directory.permissions import P
from renkei.directory.types import CareFunction
from renkei.events.bus import emit
from renkei.gate.actions import action, refuse
from renkei.gate.actor import Actor, Kind
from renkei.kernel import clock
from renkei.kernel.errors import NotAllowed


@action(P.TELL_FUNCTIONS, says="かかりつけ医機能を施設情報に反映", adds=True)
def set_functions(
    actor: Actor, facility: Facility, *, functions: Sequence[str], year: int
) -> FacilityProfile:
    """What the report of ``year`` says of イ–ニ (``CareFunction``), for one's own facility; the rest of the profile stays.

    From now on the profile says nothing else: 2号 needs 1号, and only the report asks for both.
    """
    if actor.facility_id != facility.pk and actor.kind is not Kind.SYSTEM:
        refuse(actor, "directory.reported.set_functions", "ほかの施設の機能を変更", facility)
        raise NotAllowed("other_facility", "ほかの施設の情報は変更できません。その施設に依頼してください。")
    row = FacilityProfile.objects.filter(facility=facility).first() or FacilityProfile(facility=facility)
    row.functions = [f.value for f in CareFunction if f.value in functions]
    row.functions_year = year
    row.changed_at = clock.now()
    row.save()
    emit(ProfileChanged(facility.pk))
    return row
