"""The offline validator of JP Core and JP-CLINS finds no error in anything that the API gives out about referrals."""

from __future__ import annotations

import json
from pathlib import Path

from renkei.circles import actions as circles
from renkei.circles.types import ConsentMethod, ConsentReach, ConsentType, ConsentWords
from renkei.exchange.formats.clins.sections import BY_CODE, SECTIONS, STRUCTURED, TOP
from renkei.exchange.formats.clins.tests.test_validator import pytestmark as needs_validator
from renkei.exchange.formats.clins.tests.test_validator import validate
from renkei.fhirkit.documents import Bundle, broken_references
from renkei.gate.context import acting
from renkei.referrals.fhir.tests.conftest import Call
from renkei.referrals.fhir.tests.support import Json, made, move, order
from renkei.referrals.fhir.tests.test_documents import incoming
from renkei.referrals.fhir.tests.test_gate import everything_of
from renkei.referrals.fhir.tests.test_papers import reply
from testing.cast import Cast

pytestmark = needs_validator
KINDS = (
    "Patient",
    "Organization",
    "Practitioner",
    "ServiceRequest",
    "Task",
    "Communication",
    "DocumentReference",
    "Provenance",
    "Composition",
    "Consent",
    "AuditEvent",
)


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


def test_no_error_is_found_in_anything_that_the_api_gives_out(cast: Cast, call: Call, tmp_path: Path) -> None:
    region(cast, call)
    found: dict[str, bytes] = {}
    for house in ("C1", "H1"):
        caller = call(house)
        found[f"{house}-metadata"] = caller.get("metadata").content
        for kind in KINDS:
            bundle = caller.get(kind, {"_count": "100"})
            found[f"{house}-{kind}-page"] = bundle.content
            for entry in made(bundle, 200).get("entry", []):
                one = entry["resource"]
                found[f"{house}-{kind}-{one['id']}"] = json.dumps(one, ensure_ascii=False).encode()
                for part in one.get("content", []) if kind == "DocumentReference" else []:
                    url = part["attachment"]["url"]
                    found[f"{house}-{url.replace('/', '-')}"] = caller.get(url).content
        found[f"{house}-refused"] = caller.get("Patient", {"birthdate": "x"}).content
    code, report = validate(tmp_path, found)
    assert "with errors 0 " in report, report[-4000:]
    assert code == 0


def test_the_section_tree_and_the_entries_of_every_document_are_as_the_profile_says(
    cast: Cast, call: Call
) -> None:
    known = region(cast, call)
    hospital = call("H1")
    for identity in known["Bundle"]:
        bundle = made(hospital.get(f"Bundle/{identity}"), 200)
        assert not broken_references(Bundle(bundle))
        kinds = [e["resource"]["resourceType"] for e in bundle["entry"]]
        assert (kinds[0], kinds[1]) == ("Composition", "Patient")
        assert kinds.count("Organization") >= 2
        check_tree(bundle["entry"][0]["resource"]["section"], TOP)


def check_tree(sections: list[Json], parent: str) -> None:
    codes = [s["code"]["coding"][0]["code"] for s in sections]
    for spec in SECTIONS:
        if spec.parent == parent:
            count = codes.count(spec.code)
            assert spec.minimum <= count <= (spec.maximum or count), spec.code
    for code, section in zip(codes, sections, strict=True):
        assert BY_CODE[code].parent == parent
        check_tree(section.get("section", []), STRUCTURED) if code == STRUCTURED else None
