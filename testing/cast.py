"""The cast of the tests: the same people and places as the demo region (systems.md, acceptance cast)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from renkei.accounts.models import Membership, Person
from renkei.accounts.queries import actor_of
from renkei.directory.models import Department, Facility
from renkei.gate.actor import Actor
from renkei.kernel.roles import Role
from renkei.patients.models import Patient

PASSWORD = "midori-no-kaze-2026"

FACILITIES: dict[str, tuple[str, str, str, str]] = {
    "H1": ("hospital", "みどり中央病院", "ミドリチュウオウビョウイン", "1410000011"),
    "H2": ("hospital", "みどり東病院", "ミドリヒガシビョウイン", "1410000029"),
    "C1": ("clinic", "青木内科", "アオキナイカ", "1410000037"),
    "C2": ("clinic", "林医院", "ハヤシイイン", "1410000045"),
    "X1": ("clinic", "外の医院", "ソトノイイン", "1410000052"),
    "X2": ("hospital", "外の病院", "ソトノビョウイン", "1410000060"),
}
STAFF: dict[str, tuple[str, str, str, list[Role]]] = {
    "sato": ("H1", "佐藤 恵", "サトウ メグミ", [Role.LIAISON_STAFF]),
    "takahashi": ("H1", "高橋 健一", "タカハシ ケンイチ", [Role.PHYSICIAN]),
    "ishida": ("H1", "石田 真由美", "イシダ マユミ", [Role.PHYSICIAN]),
    "oka": ("H1", "岡 直樹", "オカ ナオキ", [Role.FACILITY_ADMINISTRATOR]),
    "east_clerk": ("H2", "東 弓子", "ヒガシ ユミコ", [Role.LIAISON_STAFF]),
    "east_doctor": ("H2", "西川 亮", "ニシカワ リョウ", [Role.PHYSICIAN]),
    "aoki": ("C1", "青木 正道", "アオキ マサミチ", [Role.PHYSICIAN, Role.FACILITY_ADMINISTRATOR]),
    "kimura": ("C1", "木村 あや", "キムラ アヤ", [Role.CLERK]),
    "hayashi": ("C2", "林 和彦", "ハヤシ カズヒコ", [Role.PHYSICIAN]),
}
PATIENTS: dict[str, tuple[str, str, str, date, str]] = {
    "suzuki": ("C1", "鈴木 一郎", "スズキ イチロウ", date(1959, 3, 4), "male"),
    "yamada": ("C1", "山田 花子", "ヤマダ ハナコ", date(1944, 2, 10), "female"),
    "yoshida": ("C1", "𠮷田 孝雄", "ヨシダ タカオ", date(1955, 5, 5), "male"),
    "kato": ("C2", "加藤 ゆり", "カトウ ユリ", date(1995, 4, 1), "female"),
}


def people() -> None:
    """Create the cast; called once for the template database, as the system."""
    for _key, (kind, name, kana, number) in FACILITIES.items():
        facility = Facility.objects.create(
            kind=kind,
            name=name,
            kana=kana,
            institution_number=number,
            address="神奈川県みどり市中央1-2-3",
            phone="0463-00-0001",
            fax="0463-00-0002",
        )
        if kind == "hospital":
            for position, department in enumerate(["循環器内科", "糖尿病内科", "整形外科"]):
                Department.objects.create(facility=facility, name=department, position=position)
    for login_id, (key, name, kana, roles) in STAFF.items():
        person = Person(login_id=login_id, name=name, kana=kana, email=f"{login_id}@example.jp")
        person.set_password(PASSWORD)
        person.save()
        _join(person, key, roles)
    _outsiders()
    for key, name, kana, birth_on, sex in PATIENTS.values():
        patient = Patient(
            facility=_facility(key),
            name=name,
            kana=kana,
            birth_on=birth_on,
            sex=sex,
            address="みどり市緑町4-5",
        )
        patient.make_keys()
        patient.save()


def _outsiders() -> None:
    """Every role at two facilities that are in no circle: the generated proofs act as each of them."""
    for key in ("X1", "X2"):
        for role in Role:
            person = Person(login_id=f"{key.lower()}_{role.value}", name=f"外 {role.label}", is_active=True)
            person.set_unusable_password()
            person.save()
            _join(person, key, [role])


def _join(person: Person, key: str, roles: list[Role]) -> None:
    Membership.objects.create(
        person=person, facility=_facility(key), roles=[r.value for r in roles], started_on=date(2020, 4, 1)
    )


def _facility(key: str) -> Facility:
    return Facility.objects.get(name=FACILITIES[key][1])


@dataclass(frozen=True)
class Cast:
    """Look-ups of the cast: ``cast.actor("sato")``, ``cast.facility("H1")``, ``cast.patient("suzuki")``."""

    actors: dict[str, Actor]
    facilities: dict[str, Facility]
    patients: dict[str, Patient]

    def actor(self, login_id: str) -> Actor:
        """The actor of a member of staff."""
        return self.actors[login_id]

    def facility(self, key: str) -> Facility:
        """A facility of the cast."""
        return self.facilities[key]

    def patient(self, key: str) -> Patient:
        """A patient of the cast, as their clinic's row."""
        return self.patients[key]

    def outsiders(self) -> list[Actor]:
        """Every role at two facilities outside every circle."""
        return [a for login_id, a in self.actors.items() if login_id.startswith(("x1_", "x2_"))]


def load(actor: Actor) -> Cast:
    """Read the cast back; ``actor`` is the system."""
    memberships = Membership.objects.visible_to(actor).select_related("person", "facility")
    named = {name: key for key, (_k, name, *_rest) in FACILITIES.items()}
    patients = {p.name: p for p in Patient.objects.visible_to(actor)}
    return Cast(
        actors={m.person.login_id: actor_of(m) for m in memberships},
        facilities={named[f.name]: f for f in Facility.objects.all()},
        patients={key: patients[row[1]] for key, row in PATIENTS.items()},
    )
