"""Entries made anew: of some facilities inside an action, or of all of them by COPY as the owner of the tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection, connections

from renkei.gate.actions import action
from renkei.gate.actor import Actor
from renkei.gate.writing import say
from renkei.kernel import clock
from renkei.publications.models import SearchEntry
from renkei.publications.permissions import P
from renkei.publications.search.entries import SOURCE, Entry, Source, entry_of

COLUMNS = ("tags", "kana", "latitude", "longitude", "listed", "closed_on", "made_at")
AT_ONCE = 1_000


@action(P.COUNTER, says="検索の項目を作り直す")
def refresh(actor: Actor, facility_ids: Iterable[int]) -> int:
    """Make the entries of these facilities from what the directory says now; returns how many changed.

    What is no more looked for (another kind) loses its entry. Running it twice writes nothing.
    """
    wanted = sorted(set(facility_ids))
    with connection.cursor() as cursor:
        cursor.execute(f"{SOURCE} WHERE f.id = ANY(%s)", [wanted])
        entries = [entry for line in cursor.fetchall() if (entry := entry_of(Source.from_line(line)))]
    standing = SearchEntry.objects.visible_to(actor).filter(facility_id__in=wanted)
    gone = set(wanted) - {entry.facility_id for entry in entries}
    if gone:
        standing.filter(facility_id__in=gone).delete()
    known = {row.facility_id: row for row in standing}
    changed = [entry for entry in entries if not _stands(known.get(entry.facility_id), entry)]
    SearchEntry.objects.bulk_create(
        [SearchEntry(**_values(entry)) for entry in changed],
        update_conflicts=True,
        unique_fields=["facility"],
        update_fields=list(COLUMNS),
        batch_size=AT_ONCE,
    )
    say(f"検索の項目を{len(changed)}件作り直しました")
    return len(changed)


def _stands(row: SearchEntry | None, entry: Entry) -> bool:
    """Whether the entry is there already: writing it again would only make work for its index."""
    return row is not None and all(getattr(row, name) == value for name, value in entry.__dict__.items())


def _values(entry: Entry) -> dict[str, Any]:
    return {**entry.__dict__, "made_at": clock.now()}


def rebuild(using: str) -> int:
    """Every entry from the ground up by COPY, in the caller's transaction; ``using`` belongs to the owner of the tables.

    For the first load of a prefecture: 100,000 facilities in seconds. COPY passes no policy, so no web process may.
    """
    names = ("facility_id", *COLUMNS)
    with connections[using].cursor() as cursor:
        entries = list(_all(cursor))
        now = clock.now()
        cursor.execute("TRUNCATE publications_searchentry RESTART IDENTITY")
        # Six million tags one by one into the index take minutes, all at once seconds.
        cursor.execute("DROP INDEX search_by_tags")
        with cursor.copy(f"COPY publications_searchentry ({', '.join(names)}) FROM STDIN") as stream:
            for entry in entries:
                stream.write_row([*(getattr(entry, name) for name in names[:-1]), now])
        cursor.execute(
            "SET CONSTRAINTS ALL IMMEDIATE"
        )  # an index waits for keys that are still to be checked
        cursor.execute("CREATE INDEX search_by_tags ON publications_searchentry USING gin (tags)")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return len(entries)


def _all(cursor: Any) -> Iterator[Entry]:
    cursor.execute(f"{SOURCE} ORDER BY f.id")
    while lines := cursor.fetchmany(AT_ONCE):
        yield from (entry for line in lines if (entry := entry_of(Source.from_line(line))))
