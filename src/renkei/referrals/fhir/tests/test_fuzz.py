"""Broken resources, as their own client may send them: every answer is calm."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.referrals.fhir.tests.conftest import Call
from renkei.referrals.fhir.tests.support import Json, made, order, sent
from renkei.referrals.fhir.tests.test_papers import reply
from testing.cast import Cast

CALM = {200, 201, 202, 400, 403, 404, 409, 412, 422}
junk = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=20),
        st.sampled_from(
            ["completed", "draft", "Patient/x", "9999-12-31", "2026-06-10T10:00:00+99:99", "\ue000"]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a resource."""
    found = [path] if path else []
    rows = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in rows:
        found += places(child, (*path, key))
    return found


def put(value: Json, path: tuple[Any, ...], junk_value: Any) -> Json:
    changed = copy.deepcopy(value)
    node: Any = changed
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = junk_value
    return changed


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(which=st.integers(0, 5), place=st.integers(0, 200), value=junk)
def test_broken_resources_are_refused_calmly(
    cast: Cast, call: Call, which: int, place: int, value: Any
) -> None:
    app, hospital = call(app="aoki"), call(app="takahashi")
    known = hospital.ids("Task")
    uid = known[0] if known else sent(cast, call)
    task = made(hospital.get(f"Task/{uid}"), 200)
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{"attachment": {"contentType": "image/png", "title": "x.png", "data": "aGVsbG8="}}],
        "context": {"related": [{"reference": f"ServiceRequest/{uid}"}]},
    }
    letter = {"resourceType": "Bundle", "type": "document", "entry": [{"resource": task}]}
    method, path, caller, resource = (
        ("POST", "ServiceRequest", app, order(cast, identifier=[{"system": "urn:x", "value": "1"}])),
        ("PUT", f"Task/{uid}", hospital, {**task, "status": "received"}),
        ("POST", "Task", app, {**task, "status": "requested"}),
        ("POST", "Communication", hospital, reply(uid, "final_report")),
        ("POST", "DocumentReference", app, document),
        ("POST", "Bundle", hospital, letter),
    )[which]
    where = [p for p in places(resource) if p[0] != "resourceType"]
    broken = put(resource, where[place % len(where)], value)
    answer = caller.call(method, path, broken)
    assert answer.status_code in CALM, (answer.status_code, answer.content.decode()[:500], broken)
