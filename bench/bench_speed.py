"""What a call costs, in CPU ms of server and database together: Renkei with gate and trail on, beside a floor and a rival.

Floor: the same web server and database doing one authenticated INSERT or SELECT without any framework (``rival_floor``).
Rival: fhirstarter from PyPI with its resources in memory, run live (``rival_fhirstarter``). Each line ends in ratios. The
open servers in the last column were measured elsewhere on this kind of machine; fhirstarter stands in both, so its two
figures give the scale between the machines. Each figure is the mean of ``ROUNDS`` (default 4) rounds of ``REQUESTS`` (default
500, after a fifth as many that are not counted) calls, in which everybody has a turn. ``ONLY=read`` measures the operations
whose names contain it.
"""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg
from django.conf import settings
from psycopg.conninfo import make_conninfo

import conftest  # noqa: F401  (starts the server and Django)
from bench.place import machine, region
from bench.rival_floor import TABLES
from bench.server import Measured, Send, ask, free_port, measure, running
from renkei.clients.models import Client
from renkei.clients.tests.support import DRAFT, RSA, TOKEN, a_system, assertion
from renkei.clients.types import ClientDraft
from renkei.config import launch, pgroles
from renkei.fhirkit.japan import LOCAL_PATIENT
from renkei.fhirkit.server.mapping import all_mappings
from renkei.gate.actor import Actor
from renkei.gate.context import acting
from testing.cast import Cast
from testing.fixtures import StaffClient

ROOT = Path(__file__).resolve().parent.parent
REQUESTS = int(os.environ.get("REQUESTS", "500"))
ROUNDS = int(os.environ.get("ROUNDS", "4"))
ONLY = os.environ.get("ONLY", "")
PARTS = ("cpu_ms", "database_ms", "p50_ms", "p95_ms")
RIVAL = Path(os.environ.get("BENCH_VENV", str(ROOT / ".venv-bench")))
JSON = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
THROUGH_TLS = {"X-Forwarded-Proto": "https", "Host": "localhost"}
BEST_OPEN = {  # CPU ms per request, smallest seen: the open servers, measured on this kind of machine
    "create Patient": 6.9,
    "read Patient": 1.5,
    "search Patient by identifier": 1.6,
    "search Patient by name, 20": 6.0,
    "create referral": 11.0,
    "referrals of one patient": 1.6,
    "worklist of referrals, 20": 4.5,
}
RIVAL_ELSEWHERE = {"create Patient": 2.7, "read Patient": 1.7}


def patient(number: int) -> dict[str, Any]:
    """A Patient of JP Core, about 1 KB."""
    extension = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
    return {
        "resourceType": "Patient",
        "meta": {"profile": ["http://jpfhir.jp/fhir/core/StructureDefinition/JP_Patient"]},
        "name": [
            {
                "extension": [{"url": extension, "valueCode": code}],
                "use": "official",
                "text": f"{family} {given}",
                "family": family,
                "given": [given],
            }
            for code, family, given in (("IDE", "山田", f"花子{number % 97}"), ("SYL", "ヤマダ", "ハナコ"))
        ],
        "gender": "female",
        "birthDate": f"{1930 + number % 70}-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
        "telecom": [{"system": "phone", "value": "0463-00-1234", "use": "home"}],
        "address": [{"text": "神奈川県みどり市桜台1-2-3", "postalCode": "259-0001", "country": "JP"}],
    }


@dataclass(frozen=True)
class Target:
    """A running server: its port and the processes that count."""

    port: int
    roots: list[int]

    def measure(self, send: Send, requests: int = REQUESTS) -> Measured:
        """CPU and waits of ``requests`` calls."""
        return measure(self.port, self.roots, send, requests)


def postmaster() -> int:
    """The process that all work of the database hangs on: the parent of any session."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], dbname="postgres") as owner:
        row = owner.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        return int(Path(f"/proc/{row[0]}/stat").read_text().rpartition(")")[2].split()[1])


@contextmanager
def floor(database: str) -> Iterator[tuple[Target, dict[str, str]]]:
    """The floor on the same web server, and the header that it knows."""
    url = make_conninfo(os.environ["DATABASE_OWNER_URL"], dbname=database)
    header = f"Bearer {uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as owner:
        for line in floor_tables():
            owner.execute(line.encode())
        digest = hashlib.sha256(header.encode()).digest()
        owner.execute("INSERT INTO floor_token VALUES (%s, 1)", [digest])
    port = free_port()
    command = [*granian("rival_floor:application", port)]
    app_url = make_conninfo(url, user=pgroles.APP)
    env = {**os.environ, "FLOOR_URL": app_url, "PYTHONPATH": str(ROOT / "bench")}
    with running(command, env, port, "/1") as pid:
        yield Target(port, [pid, postmaster()]), {"Authorization": header, **JSON}


def floor_tables() -> list[str]:
    """The statements that make the floor's tables."""
    return [line for line in TABLES.split(";") if line.strip()]


def granian(application: str, port: int) -> list[str]:
    """The product's own command line for another application."""
    return [
        part if part != "renkei.config.wsgi:application" else application
        for part in launch.web_command("127.0.0.1", port, workers=1, threads=2)
    ]


@contextmanager
def rival() -> Iterator[Target | None]:
    """fhirstarter in its own environment; None where it is not installed."""
    python = RIVAL / "bin" / "python"
    if not python.exists():
        print(f"fhirstarter is not installed in {RIVAL}: run make bench")
        yield None
        return
    port = free_port()
    words = f"-W ignore -m uvicorn rival_fhirstarter:app --port {port} --log-level warning"
    command = [str(python), *words.split()]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "bench"), "FHIR_SEQUENCE": "R4B"}
    with running(command, env, port, "/metadata") as pid:
        yield Target(port, [pid])


@contextmanager
def product(database: str) -> Iterator[Target]:
    """Renkei as it is served."""
    port = free_port()
    url = make_conninfo(os.environ["DATABASE_OWNER_URL"], user=pgroles.APP, dbname=database)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "RENKEI_COMPARE"))}
    env |= {"DATABASE_URL": url, "RENKEI_TLS": "1", "RENKEI_LOG": "ERROR"}
    command = launch.web_command("127.0.0.1", port, workers=1, threads=2)
    with running(command, env, port, "/healthz") as pid:
        yield Target(port, [pid, postmaster()])


def a_client(admin: Actor) -> Client:
    """A system of the house that may do everything."""
    scopes = tuple(f"system/{m.resource_type}.cruds" for m in all_mappings())
    draft = ClientDraft(**{**DRAFT.__dict__, "scopes": scopes, "rate_per_minute": 60_000})
    with acting(admin):
        return a_system(admin, RSA, draft)


def a_token(target: Target, client: Client) -> dict[str, str]:
    """The system signed in as SMART Backend Services: headers that hold for five minutes."""
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form = {
        "grant_type": "client_credentials",
        "scope": " ".join(client.scopes),
        "client_assertion_type": kind,
        "client_assertion": assertion(client),
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded", **THROUGH_TLS}
    answer = ask(
        HTTPConnection("127.0.0.1", target.port),
        "POST",
        TOKEN.removeprefix("https://localhost"),
        headers,
        urlencode(form).encode(),
    )
    token = json.loads(answer.text)["access_token"]  # type: ignore[attr-defined]
    return {"Authorization": f"Bearer {token}", **JSON, **THROUGH_TLS}


def cookie_of(cast: Cast, login_id: str) -> dict[str, str]:
    """The header of somebody who is logged in."""
    client = StaffClient().log_in(cast.actor(login_id))
    return {
        "Cookie": f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}",
        **THROUGH_TLS,
    }


def order(number: int, patient_uid: str, sender: str, receiver: str) -> dict[str, Any]:
    """A referral as a clinic's system sends it: a ServiceRequest with diagnoses, course and prescription."""
    return {
        "resourceType": "ServiceRequest",
        "identifier": [{"system": "urn:oid:1.2.392.100495.20.3.999", "value": f"B-{uuid4().hex[:12]}"}],
        "status": "draft",
        "intent": "order",
        "code": {"text": "HbA1c 9.2%、蛋白尿(2+)。教育入院を含めご高診をお願いします。"},
        "subject": {"reference": f"Patient/{patient_uid}"},
        "requester": {"reference": f"Organization/{sender}"},
        "performerType": {"text": "糖尿病内科"},
        "performer": [{"reference": f"Organization/{receiver}"}],
        "reasonCode": [{"text": "2型糖尿病"}, {"text": "糖尿病性腎症の疑い"}],
        "note": [{"text": "半年前から悪化しています。" * 5}],
    }


def document(number: int) -> bytes:
    """A JP-CLINS referral document about somebody new."""
    sample = (ROOT / "src/renkei/exchange/formats/clins/samples/referral.json").read_text(encoding="utf-8")
    sample = sample.replace("1410167890", "1410000011").replace("架空総合病院", "みどり中央病院")
    fresh = uuid4().hex[:8]
    bundle = json.loads(sample)
    bundle["identifier"]["value"] = bundle["identifier"]["value"].rsplit("^", 1)[0] + f"^{fresh}"
    for entry in bundle["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] == "Patient":
            somebody_else(resource, int(fresh, 16))
        if resource["resourceType"] == "Composition":
            resource["identifier"]["value"] = f"{fresh}-{number}"
    return json.dumps(bundle, ensure_ascii=False).encode()


def somebody_else(person: dict[str, Any], seed: int) -> None:
    """Nobody who is known: a name of rare readings, another birth date, no telephone that somebody has."""
    kana = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワ"
    family = "".join(kana[seed // 41**step % 41] for step in range(4))
    given = "".join(kana[seed // 7 // 41**step % 41] for step in range(3))
    for name in person["name"]:
        name |= {"text": f"{family} {given}", "family": family, "given": [given]}
    person["birthDate"] = f"{1930 + seed % 70}-{seed // 70 % 12 + 1:02d}-{seed // 840 % 28 + 1:02d}"
    person["identifier"][0]["value"] = str(seed)[:9]
    person["address"] = [{"text": f"神奈川県みどり市桜台{seed % 999}-{seed % 89}"}]
    person.pop("telecom", None)


Figures = dict[str, Measured]


def measure_floor(target: Target, headers: dict[str, str]) -> Figures:
    """One authenticated INSERT, one authenticated SELECT."""
    body = json.dumps(patient(1), ensure_ascii=False).encode()
    number = int(ask(_wire(target), "POST", "/", headers, body).text)  # type: ignore[attr-defined]
    return {
        "write": target.measure(lambda wire, n: void(ask(wire, "POST", "/", headers, body)), REQUESTS * 4),
        "read": target.measure(lambda wire, n: void(ask(wire, "GET", f"/{number}", headers)), REQUESTS * 4),
    }


def measure_rival(target: Target) -> Figures:
    """fhirstarter: create and read of the same Patient."""
    made = ask(_wire(target), "POST", "/Patient", JSON, patient(1))
    number = made.headers["Location"].split("/Patient/")[1].split("/")[0]
    return {
        "create Patient": target.measure(lambda w, n: void(ask(w, "POST", "/Patient", JSON, patient(n)))),
        "read Patient": target.measure(lambda w, n: void(ask(w, "GET", f"/Patient/{number}", JSON))),
    }


Work = dict[str, Callable[[], Measured]]


def work_of(target: Target, cast: Cast) -> Work:
    """The operations of Renkei, with consent, access check and trail on."""
    ours, theirs = a_client(cast.actor("aoki")), a_client(cast.actor("oka"))
    first_token = a_token(target, ours)
    people = [_id(ask(_wire(target), "POST", "/fhir/Patient", first_token, patient(n))) for n in range(40)]
    c1, h1 = str(cast.facility("C1").uid), str(cast.facility("H1").uid)
    first = _id(ask(_wire(target), "POST", "/fhir/ServiceRequest", first_token, order(0, people[0], c1, h1)))
    cookie, number = cookie_of(cast, "aoki"), "BENCH-1"
    system = f"{LOCAL_PATIENT}{cast.facility('C1').institution_number}"
    numbered = patient(41) | {"identifier": [{"system": system, "value": number}]}
    one = _id(ask(_wire(target), "POST", "/fhir/Patient", first_token, numbered))
    _id(ask(_wire(target), "POST", "/fhir/ServiceRequest", first_token, order(0, one, c1, h1)))

    def get(path: str, headers: dict[str, str] | None = None) -> Callable[[], Measured]:
        def measured() -> Measured:
            held = headers or a_token(target, ours)
            return target.measure(lambda wire, n: void(ask(wire, "GET", path, held)))

        return measured

    def post(
        path: str, body: Callable[[int], Any], client: Client = ours, requests: int = REQUESTS
    ) -> Callable[[], Measured]:
        def measured() -> Measured:
            held = a_token(target, client)
            return target.measure(lambda wire, n: void(ask(wire, "POST", path, held, body(n))), requests)

        return measured

    return {
        "create Patient": post("/fhir/Patient", patient),
        "read Patient": get(f"/fhir/Patient/{people[0]}"),
        "search Patient by identifier": get(f"/fhir/Patient?identifier={quote(f'{system}|{number}')}"),
        "search Patient by name, 20": get("/fhir/Patient?name=%E5%B1%B1%E7%94%B0&_count=20"),
        "create referral": post("/fhir/ServiceRequest", lambda n: order(n, people[n % 40], c1, h1)),
        "read referral": get(f"/fhir/ServiceRequest/{first}"),
        "referrals of one patient": get(f"/fhir/ServiceRequest?subject=Patient/{one}"),
        "worklist of referrals, 20": get("/fhir/ServiceRequest?status=draft&_sort=-authored&_count=20"),
        "inbox page": get("/referrals/clinic/?tab=drafts", cookie),
        "patient search page": get("/patients/?q=%E5%B1%B1%E7%94%B0", cookie),
        "import of a document": post("/fhir/Bundle", document, theirs, max(REQUESTS // 8, 10)),
    }


def after_analysis(measured: Callable[[], Measured]) -> Measured:
    """A figure after what autovacuum does within a minute of so many writes: the planner knows the tables."""
    url = make_conninfo(os.environ["DATABASE_OWNER_URL"], dbname=NAME)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("ANALYZE")
    return measured()


def mean(rounds: list[Figures]) -> Figures:
    """The mean of each figure over the rounds."""
    return {
        name: Measured(
            *(statistics.fmean(getattr(r[name], part) for r in rounds) for part in PARTS),
            requests=sum(r[name].requests for r in rounds),
        )
        for name in rounds[0]
    }


def void(answer: object) -> None:
    """Only that it came."""


def _wire(target: Target) -> Any:
    return HTTPConnection("127.0.0.1", target.port, timeout=60)


def _id(answer: Any) -> str:
    return str(json.loads(answer.text)["id"])


NAME = "bench_speed"
WRITES = {"create Patient", "create referral", "import of a document"}


def tell(ours: Figures, floor_: Figures, rivals: Figures) -> None:
    """One line for each operation, ending in its ratios."""
    print(f"floor: write {floor_['write'].cpu_ms:.2f}, read {floor_['read'].cpu_ms:.2f} CPU ms; {machine()}")
    scale = [rivals[name].cpu_ms / elsewhere for name, elsewhere in RIVAL_ELSEWHERE.items() if name in rivals]
    speed = sum(scale) / len(scale) if scale else 1.0
    if scale:
        print(f"this machine against the one of the open servers, by fhirstarter: {speed:.2f}x")
    for name, figure in ours.items():
        least = floor_["write" if name in WRITES else "read"].cpu_ms
        line = (
            f"{name}: {figure.cpu_ms:.2f} CPU ms, {figure.database_ms:.2f} of them in the database"
            f" (p50 {figure.p50_ms:.1f}, p95 {figure.p95_ms:.1f} ms wall)"
        )
        if name in rivals:
            line += f", fhirstarter {rivals[name].cpu_ms:.2f} = {figure.cpu_ms / rivals[name].cpu_ms:.2f}x"
        if name in BEST_OPEN:
            best = BEST_OPEN[name] * speed
            line += f", best open server {best:.1f} = {figure.cpu_ms / best:.2f}x"
        print(
            f"{line}; share of the floor {100 * least / figure.cpu_ms:.0f} % = {figure.cpu_ms / least:.1f}x"
        )


def main() -> None:
    """Everybody in turn, several times: the speed of a shared machine drifts, and a ratio needs both sides at one time."""
    ours, least, rivals = [], [], []
    with (
        region("speed") as cast,
        product(NAME) as target,
        floor(NAME) as (bottom, headers),
        rival() as other,
    ):
        work = work_of(target, cast)
        for _round in range(ROUNDS):
            ours.append({name: after_analysis(measure) for name, measure in work.items() if ONLY in name})
            least.append(measure_floor(bottom, headers))
            rivals.append(measure_rival(other) if other else {})
    tell(mean(ours), mean(least), mean(rivals))


if __name__ == "__main__":
    main()
