"""The sheet that somebody takes home: the picked clinics with a map, hours, each one's own drawing of the way (案内図), and
what their leaflets say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.template.loader import render_to_string

from renkei.directory.models import Facility
from renkei.directory.queries import facility_by_id, hours_table, map_picture
from renkei.directory.types import WEEKDAYS
from renkei.kernel import clock
from renkei.kernel.eras import format_both
from renkei.letters import render
from renkei.letters.values import map_svg, qr_svg
from renkei.publications.leaflets.queries import published_of
from renkei.publications.models import CounterSession
from renkei.publications.search import present
from renkei.publications.search.types import Hit, Wishes
from renkei.publications.search.wishes import single

TITLE = "医療機関のご案内"
FROM_LEAFLET = ("strengths", "for_whom", "first_visit")
Address = Callable[[str], str]
"""Makes a whole address of a path, for the codes."""


def pdf(session: CounterSession, hits: Sequence[Hit], wishes: Wishes, address: Address) -> bytes:
    """A4. Nobody's name stands on it: it may be left on a bench."""
    house = facility_by_id(session.facility_id)
    shown = present.lines(hits)
    pictures: dict[str, bytes] = {}
    if drawing := present.map_of(shown, wishes, links=False, tiles="", width=680, height=300):
        pictures["map.svg"] = render_to_string("publications/map_paper.svg", {"map": drawing}).encode()
    clinics = []
    for line in shown:
        facility = facility_by_id(line.hit.id)
        if facility is None:
            continue
        if line.hit.listed:
            pictures[f"qr{line.number}.svg"] = qr_svg(address(line.url))
        way = map_picture(facility)
        if way is not None:
            pictures[f"way{line.number}.svg"] = map_svg(bytes(way.content))
        clinics.append(_clinic(line, facility, session.facility_id) | {"way": way is not None})
    data = {
        "title": TITLE,
        "number": f"{clock.today():%Y-%m-%d}",
        "sender": {"facility_name": house.name if house else "", "phone": house.phone if house else ""},
        "issued": format_both(clock.today()),
        "wishes": [wish.label for wish in single(wishes)],
        "weekdays": list(WEEKDAYS),
        "map": "map.svg" in pictures,
        "place": wishes.near_label if wishes.near else "",
        "clinics": clinics,
    }
    return render("counter_handout", data, pictures=pictures)


def _clinic(line: present.Line, facility: Facility, house_id: int) -> dict[str, Any]:
    hit = line.hit
    return {
        "number": str(line.number),
        "name": hit.name,
        "kana": hit.kana,
        "marks": hit.marks,
        "kind": line.kind,
        "departments": line.departments,
        "postal_code": facility.postal_code,
        "address": facility.address,
        "distance": line.distance,
        "phone": facility.phone,
        "access": facility.access,
        "hours": [
            {"span": f"{span.opens}–{span.closes}", "days": list(span.days)} for span in hours_table(facility)
        ],
        "closings": line.closings,
        "offers": "・".join(line.offers),
        "message": hit.message,
        "leaflet": _leaflet(facility, house_id),
        "qr": hit.listed,
        "closed": not facility.is_open(),
    }


def _leaflet(facility: Facility, house_id: int) -> list[str]:
    """The words of the leaflet that the house approved, if there is one."""
    for found in published_of(facility.pk, house_id)[:1]:
        return [text for key in FROM_LEAFLET if (text := str(found.texts.get(key) or "").strip())]
    return []
