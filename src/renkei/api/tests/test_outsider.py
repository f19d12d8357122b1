"""The API as an outsider meets it: whatever is sent, the answer is calm and shows nothing of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from renkei.api.tests.conftest import Caller
from renkei.api.tests.test_patient import new_patient
from renkei.audit.models import AuditEntry, Outcome
from renkei.fhirkit.server.mapping import all_mappings
from testing.cast import PATIENTS, Cast
from testing.database import arranging

Make = Callable[..., Caller]
REFUSED = {400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 415, 422}
CALM = REFUSED | {200, 201, 304}
SETTINGS = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NAMES = [row[1] for row in PATIENTS.values()] + [row[2] for row in PATIENTS.values()]

words = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "鈴木",
            "\x00",
            "%00",
            "../",
            "'--",
            "ge2026",
            "eq",
            "9999-12-31",
            "0001",
            "ap2026-01-01T24:61Z",
            "|",
            "\\,",
            ",",
        ]
    ),
    st.integers().map(str),
    st.uuids().map(str),
)
PARAMS = sorted({p.name for m in all_mappings() for p in m.params})
names = st.one_of(
    st.sampled_from(
        [*PARAMS, "_id", "_lastUpdated", "_count", "_sort", "_include", "_revinclude", "_cursor", "_total"]
    ),
    st.text(max_size=12),
)
modifiers = st.sampled_from(["", "", "", ":exact", ":contains", ":not", ":missing", ":Patient", ":x"])
queries = st.lists(
    st.tuples(st.builds(lambda n, m: n + m, names, modifiers), words.map(lambda w: w.replace("\ud800", ""))),
    max_size=6,
)
kinds = st.sampled_from(
    [*sorted(m.resource_type for m in all_mappings()), "Observation", "", "_search", "metadata"]
)
paths = st.builds(
    lambda kind, rest: "/".join([kind, *rest]),
    kinds,
    st.lists(
        st.one_of(st.uuids().map(str), st.sampled_from(["_history", "_search", "$x", "1", "a b", "é", ".."])),
        max_size=3,
    ),
)
json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=12),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
elements = st.sampled_from(
    [*new_patient(), "id", "meta", "deceasedDateTime", "managingOrganization", "active", "contained"]
)


@pytest.fixture
def outsider(caller: Make, caplog: pytest.LogCaptureFixture) -> Caller:
    caplog.set_level("CRITICAL")
    return caller("X1")


def shows_nothing(content: str) -> bool:
    return not any(name in content for name in NAMES)


@SETTINGS
@given(
    path=paths,
    query=queries,
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"]),
)
def test_any_address_with_any_parameters_is_answered_calmly(
    cast: Cast, outsider: Caller, path: str, query: list[tuple[str, str]], method: str
) -> None:
    for who, wanted in ((outsider, CALM), (Caller(""), {200, 401, 405, 406, 400})):
        found = who.call(method, path, {} if method in ("POST", "PUT") else None, query=query)
        assert found.status_code in wanted, (method, path, query, found.status_code)
        assert shows_nothing(found.content.decode()), (path, query)


@SETTINGS
@given(
    query=queries, kind=st.sampled_from(sorted(m.resource_type for m in all_mappings())), strict=st.booleans()
)
def test_any_search_of_a_stranger_finds_no_patient(
    cast: Cast, outsider: Caller, query: list[tuple[str, str]], kind: str, strict: bool
) -> None:
    found = outsider.get(kind, query, Prefer=f"handling={'strict' if strict else 'lenient'}")
    assert found.status_code in {200, 400, 405}, (query, found.status_code)
    assert '"resourceType":"Patient"' not in found.content.decode()


@SETTINGS
@given(name=elements, value=json_values)
def test_any_value_in_any_element_is_stored_or_refused(
    cast: Cast, outsider: Caller, name: str, value: Any
) -> None:
    sent = new_patient(identifier=[], **({name: value} if name != "identifier" else {}))
    if name == "identifier":
        sent["identifier"] = value
    found = outsider.post("Patient", json.dumps(sent))
    assert found.status_code in {201, 400, 422}, (name, value, found.content)


@SETTINGS
@given(body=st.one_of(st.binary(max_size=60), json_values.map(lambda v: json.dumps(v).encode())))
def test_any_body_is_refused_with_a_reason(cast: Cast, outsider: Caller, body: bytes) -> None:
    for path in ("Patient", "", "Patient/_search", "Organization"):
        found = outsider.post(path, body)
        assert found.status_code in REFUSED, (path, body)
        assert found.json()["issue"][0]["details"]["text"]


@SETTINGS
@given(
    entries=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "fullUrl": words,
                "request": st.fixed_dictionaries(
                    {},
                    optional={"method": st.sampled_from(["GET", "POST", "PUT", "DELETE", "X"]), "url": paths},
                ),
                "resource": json_values,
            },
        ),
        max_size=3,
    ),
    kind=st.sampled_from(["batch", "transaction"]),
)
def test_any_bundle_is_answered_calmly(cast: Cast, outsider: Caller, entries: list[Any], kind: str) -> None:
    found = outsider.post("", json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries}))
    assert found.status_code in CALM, (entries, found.content)
    assert shows_nothing(found.content.decode())


def test_a_stranger_with_the_right_id_gets_no_further_than_with_a_wrong_one(
    cast: Cast, outsider: Caller
) -> None:
    right, wrong = str(cast.patient("suzuki").uid), "0190a000-0000-7000-8000-000000000000"
    for method in ("GET", "HEAD", "PUT", "DELETE", "PATCH"):
        body = new_patient(id="{}") if method in ("PUT", "PATCH") else None
        texts = []
        for uid in (right, wrong):
            if body is not None:
                body["id"] = uid
            answer = outsider.call(method, f"Patient/{uid}", body)
            texts.append((answer.status_code, answer.content.decode().replace(uid, "")))
        assert texts[0] == texts[1], method
    for path in ("Patient/{}/_history", "Patient/{}/_history/0"):
        assert (
            outsider.get(path.format(right)).status_code
            == outsider.get(path.format(wrong)).status_code
            == 404
        )
    with arranging():
        assert not AuditEntry.objects.filter(outcome=Outcome.READ).exists()
