"""The offline validator of JP Core and JP-CLINS finds no error in anything that the API gives out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.http import HttpResponse

from renkei.api.tests.conftest import Caller
from renkei.api.tests.test_patient import LOCAL, new_patient
from renkei.api.tests.test_protocol import bundle
from renkei.circles import actions as circles
from renkei.circles.types import ConsentMethod, ConsentReach, ConsentType, ConsentWords
from renkei.clients import scopes
from renkei.exchange.formats.clins.sections import BY_CODE, SECTIONS, STRUCTURED, TOP
from renkei.exchange.formats.clins.tests.test_validator import pytestmark as needs_validator
from renkei.exchange.formats.clins.tests.test_validator import validate
from renkei.fhirkit.documents import Bundle, broken_references
from renkei.fhirkit.server.mapping import (
    Found,
    Mapping,
    all_mappings,
    includes_of,
    register,
    reverse_includes_of,
    unregister,
)
from renkei.gate.context import acting
from renkei.referrals.fhir.tests.conftest import Call
from renkei.referrals.fhir.tests.support import Json, made, move, order
from renkei.referrals.fhir.tests.test_documents import FOLDER, incoming
from renkei.referrals.fhir.tests.test_gate import everything_of
from renkei.referrals.fhir.tests.test_papers import reply
from renkei.referrals.permissions import P
from testing.cast import Cast

pytestmark = needs_validator


def region(cast: Cast, call: Call) -> dict[str, list[str]]:
    """A loop with papers and a final report, a draft, a letter on paper, a document taken in, a consent."""
    known = everything_of(cast, call)
    made(call(app="takahashi").post("Communication", reply(known["Task"][0], "final_report")))
    made(move(call("H1"), known["Task"][0], "closed"), 200)
    app = call(app="aoki")
    made(
        app.post("ServiceRequest", order(cast, status="draft", identifier=[], code={}, performer=[], note=[]))
    )
    paper = order(
        cast, identifier=[], performer=[{"display": "架空町 山の上診療所"}, {"display": "山本 医師"}]
    )
    made(app.post("ServiceRequest", paper))
    made(call("H1").post("Bundle", incoming(cast)))
    aoki = cast.actor("aoki")
    said = ConsentWords(
        type=ConsentType.EXPLICIT_NETWORK,
        reach=ConsentReach.ORG,
        purpose="糖尿病の地域連携",
        given_by="鈴木 一郎",
        relation="本人",
        method=ConsentMethod.PAPER,
        facility_ids=[cast.facility("H1").pk],
        reservation="精神科の記録は共有しない",
    )
    with acting(aoki):
        circles.give_consent(aoki, cast.patient("suzuki"), said)
    return known


def answers(cast: Cast, call: Call) -> dict[str, HttpResponse]:
    """What the API gives out of every kind that is mapped, by the name of the call.

    A kind that is mapped tomorrow is asked for as well; where this region has nothing of it, the test below fails.
    """
    known = region(cast, call)
    found: dict[str, HttpResponse] = {}
    for house in ("C1", "H1"):
        caller = call(house)
        found[f"{house}-metadata"] = caller.get("metadata")
        for mapping in all_mappings():
            kind = mapping.resource_type
            if not mapping.searchable:
                found |= {f"{house}-{kind}-{i}": caller.get(f"{kind}/{i}") for i in known.get(kind, [])}
                continue
            page = found[f"{house}-{kind}-page"] = caller.get(kind, {"_count": "100"})
            found[f"{house}-{kind}-count"] = caller.get(kind, {"_summary": "count"})
            found[f"{house}-{kind}-ignored"] = caller.get(kind, {"colour": "red", "_count": "1"})
            found[f"{house}-{kind}-with"] = caller.get(kind, wanted(mapping))
            for entry in made(page, 200).get("entry", [])[:2]:
                place = f"{kind}/{entry['resource']['id']}"
                found[f"{house}-{kind}-{entry['resource']['id']}"] = caller.get(place)
                if mapping.history is not None:
                    found[f"{house}-{kind}-history"] = caller.get(f"{place}/_history")
                    version = entry["resource"]["meta"]["versionId"]
                    found[f"{house}-{kind}-version"] = caller.get(f"{place}/_history/{version}")
    return {name: response for name, response in found.items() if response.status_code != 404}


def wanted(mapping: Mapping) -> list[tuple[str, str]]:
    """A page of three with everything that may come along."""
    return [
        ("_count", "3"),
        *(("_include", word) for word in includes_of(mapping)),
        *(("_revinclude", word) for word in reverse_includes_of(mapping)),
    ]


def writes(cast: Cast, call: Call) -> dict[str, HttpResponse]:
    """Answers to writes, to Bundles of calls, and refusals of every status."""
    caller, weak, new = call("C1"), call("C1", scopes="system/Task.rs"), new_patient()
    get = {"request": {"method": "GET", "url": "Patient?_count=2"}}
    bad = {"request": {"method": "GET", "url": "Patient/nobody"}}
    post = {"request": {"method": "POST", "url": "Patient"}, "resource": new_patient(identifier=[])}
    nobody = "Patient/0190a000-0000-7000-8000-000000000000"
    return {
        "200-batch": caller.post("", bundle("batch", get, bad)),
        "200-transaction": caller.post("", bundle("transaction", get, post), Prefer="return=representation"),
        "201-made": caller.post("Patient", new),
        "201-outcome": caller.post("Patient", new_patient(identifier=[]), Prefer="return=OperationOutcome"),
        "200-conditional": caller.put(f"Patient?identifier={LOCAL}|000123", new),
        "202-waits": call("H2").post("Bundle", (FOLDER / "referral.json").read_bytes()),
        "400-date": caller.get("Patient", {"birthdate": "x"}),
        "400-json": caller.post("Patient", "{"),
        "401-nobody": Caller("").get("Patient"),
        "403-scope": weak.get("Patient"),
        "404-row": caller.get(nobody),
        "404-type": caller.get("Spaceship"),
        "405-method": caller.call("DELETE", nobody),
        "406-format": caller.get("Patient", {"_format": "xml"}),
        "409-twice": call("H1").post("Bundle", incoming(cast)),
        "412-several": caller.put("Patient?gender=male", new),
        "415-media": caller.post("Patient", "<a/>", Content_Type="application/xml"),
        "422-element": caller.post("Patient", new_patient(birthDate="x")),
    }


def test_no_error_is_found_in_anything_that_the_api_gives_out(cast: Cast, call: Call, tmp_path: Path) -> None:
    found = answers(cast, call)
    refused = writes(cast, call)
    for name, response in refused.items():
        assert str(response.status_code) == name[:3], (name, response.content.decode())
    documents = {name: response.content for name, response in (found | refused).items()}
    seen = {kind for raw in documents.values() for kind in kinds_in(json.loads(raw))}
    assert {m.resource_type for m in all_mappings()} - seen == set(), "mapped, but never looked at"
    assert seen >= {"CapabilityStatement", "OperationOutcome", "Bundle"}
    code, report = validate(tmp_path, documents)
    assert f"resources {len(documents)} with errors 0 " in report, report[-6000:]
    assert code == 0


def kinds_in(resource: Json) -> set[str]:
    """The kinds of a resource and of what a searchset or a history holds; a document counts as one."""
    found = {resource["resourceType"]}
    if resource.get("type") != "document":
        for entry in resource.get("entry", []):
            found |= kinds_in(entry["resource"]) if "resource" in entry else set()
    return found


def test_a_kind_that_nobody_looked_at_would_be_noticed(
    cast: Cast, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the list above could be short without anybody knowing."""
    toy = Mapping(
        resource_type="Basic",
        says="見本",
        reads=P.VIEW,
        to_fhir=lambda row: {},
        find=lambda actor, asked: Found([], None, 0),
    )
    monkeypatch.setitem(scopes._permissions, ("Basic", "s"), {str(P.VIEW)})
    register(toy)
    try:
        found = answers(cast, call)
    finally:
        unregister("Basic")
    assert "H1-Basic-page" in found
    assert "Basic" not in {k for r in found.values() for k in kinds_in(r.json())}


def test_the_section_tree_and_the_entries_of_every_document_are_as_the_profile_says(
    cast: Cast, call: Call
) -> None:
    known = region(cast, call)
    hospital = call("H1")
    for identity in known["Bundle"]:
        letter = made(hospital.get(f"Bundle/{identity}"), 200)
        assert not broken_references(Bundle(letter))
        kinds = [e["resource"]["resourceType"] for e in letter["entry"]]
        assert (kinds[0], kinds[1]) == ("Composition", "Patient")
        assert kinds.count("Organization") >= 2
        check_tree(letter["entry"][0]["resource"]["section"], TOP)


def check_tree(sections: list[Json], parent: str) -> None:
    codes = [s["code"]["coding"][0]["code"] for s in sections]
    for spec in SECTIONS:
        if spec.parent == parent:
            count = codes.count(spec.code)
            assert spec.minimum <= count <= (spec.maximum or count), spec.code
    for code, section in zip(codes, sections, strict=True):
        assert BY_CODE[code].parent == parent
        check_tree(section.get("section", []), STRUCTURED) if code == STRUCTURED else None
