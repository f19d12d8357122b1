"""Staff with log-in ids and patients with addresses, phones, numbers: drawn once from the seed."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from renkei.demo import cast, names
from renkei.demo.facilities import OFFICES, POSTAL, city_of, departments, town_of
from renkei.demo.model import (
    ContactPlan,
    FacilityPlan,
    InsuredNumberPlan,
    KnownAt,
    PatientPlan,
    StaffPlan,
)
from renkei.kernel.roles import Role

STAFF_COUNT = 200
PATIENT_COUNT = 2000
TODAY = date(2026, 6, 1)

_STANDARD = {
    "髙": "高",
    "﨑": "崎",
    "邉": "辺",
    "邊": "辺",
    "𠮷": "吉",
    "濵": "浜",
    "齋": "斎",
    "齊": "斎",
    "澤": "沢",
    "廣": "広",
    "德": "徳",
    "栁": "柳",
    "櫻": "桜",
    "嶋": "島",
}
_LEAD_ROLE = {
    "visiting_nursing": (Role.NURSE, "訪問看護師"),
    "pharmacy": (Role.PHARMACIST, "薬剤師"),
    "care_manager_office": (Role.CARE_MANAGER, "介護支援専門員"),
    "care_facility": (Role.NURSE, "看護師"),
    "laboratory": (Role.CLERK, "事務"),
    "public_body": (Role.PUBLIC_OFFICER, "職員"),
    "association": (Role.CLERK, "事務局"),
    "fire_control": (Role.DISPATCHER, "通信指令員"),
    "dental": (Role.DENTIST, "院長"),
    "clinic": (Role.PHYSICIAN, "院長"),
}


class _Roster:
    """Collects staff and keeps log-in ids unique: a second Sato of H1 becomes ``sato2.h1``."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.staff: list[StaffPlan] = []
        self._logins: set[str] = set()

    def add(self, facility: str, roles: tuple[Role, ...], department: str = "", title: str = "") -> None:
        sex = self.rng.choice(("male", "female"))
        name, kana = names.person(self.rng, sex, self.rng.randint(26, 60))
        stem = names.romanise(kana.split(" ")[0])
        login, count = f"{stem}.{facility.lower()}", 2
        while login in self._logins:
            login, count = f"{stem}{count}.{facility.lower()}", count + 1
        self.put(StaffPlan(login, facility, name, kana, roles, department, title))

    def put(self, member: StaffPlan) -> None:
        self._logins.add(member.login)
        self.staff.append(member)

    def has(self, facility: str, role: Role, department: str = "") -> bool:
        return any(
            s.facility == facility and role in s.roles and (not department or s.department == department)
            for s in self.staff
        )


def _hospital_staff(roster: _Roster, facility: FacilityPlan) -> None:
    key = facility.key
    office = OFFICES[key][0]
    for department in (d for d in departments() if d.facility == key and d.name not in OFFICES[key]):
        if not roster.has(key, Role.PHYSICIAN, department.name):
            roster.add(key, (Role.PHYSICIAN,), department.name, "医長")
    if key != "H1":
        roster.add(key, (Role.LIAISON_STAFF,), office, "連携室員")
        roster.add(key, (Role.SOCIAL_WORKER,), office, "医療ソーシャルワーカー")
        roster.add(key, (Role.FACILITY_ADMINISTRATOR,), "", "事務長")
    roster.add(key, (Role.LIAISON_STAFF, Role.NURSE), office, "看護師")
    roster.add(key, (Role.NURSE,), "", "病棟看護師")


def staff(seed: int, facilities: tuple[FacilityPlan, ...]) -> tuple[StaffPlan, ...]:
    """200 people: the cast first, then every facility has someone to act, then more nurses and clerks."""
    roster = _Roster(Random(f"{seed}:staff"))  # noqa: S311 - fiction, no secret
    for login, name, kana, roles, department, title in cast.STAFF:
        key = login.split(".")[1].upper()
        roster.put(StaffPlan(login, key, name, kana, roles, department, title, cast.ALSO_AT.get(login, ())))
    for facility in facilities:
        if facility.kind == "hospital":
            _hospital_staff(roster, facility)
            continue
        role, title = _LEAD_ROLE[facility.kind]
        department = next((d.name for d in departments() if d.facility == facility.key), "")
        if not any(s.facility == facility.key for s in roster.staff):
            roster.add(facility.key, (role, Role.FACILITY_ADMINISTRATOR), department, title)
        if facility.kind in {"clinic", "dental"} and not roster.has(facility.key, Role.CLERK):
            roster.add(facility.key, (Role.CLERK,), "", "事務")
    _fill(roster, facilities)
    return tuple(roster.staff)


def _fill(roster: _Roster, facilities: tuple[FacilityPlan, ...]) -> None:
    """Nurses and clerks in turn until the region has its 200."""
    homes = [f for f in facilities if f.kind in {"hospital", "visiting_nursing", "clinic", "care_facility"}]
    turn = 0
    while len(roster.staff) < STAFF_COUNT:
        home = homes[turn % len(homes)]
        role, title = ((Role.NURSE, "看護師"), (Role.CLERK, "事務"))[turn % 2]
        roster.add(home.key, (role,), "", title)
        turn += 1


# profile of the owner → (share of women, age bands with weights)
_AGES: dict[str, tuple[float, tuple[tuple[int, int, int], ...]]] = {
    "general": (0.53, ((18, 39, 7), (40, 64, 24), (65, 74, 24), (75, 84, 29), (85, 97, 16))),
    "hospital": (0.52, ((20, 64, 15), (65, 74, 25), (75, 84, 35), (85, 97, 25))),
    "pediatric": (0.48, ((0, 5, 60), (6, 14, 40))),
    "obstetric": (1.0, ((21, 34, 60), (35, 42, 40))),
    "eye": (0.58, ((45, 64, 15), (65, 91, 85))),
    "derm": (0.55, ((20, 54, 25), (55, 90, 75))),
    "dental": (0.5, ((19, 40, 40), (41, 83, 60))),
}
_OWNER_WEIGHT = {
    "hospital": 42,
    "general": 56,
    "pediatric": 55,
    "obstetric": 55,
    "eye": 60,
    "derm": 40,
    "dental": 25,
}


def _birth(rng: Random, profile: str) -> date:
    bands = _AGES[profile][1]
    low, high, _ = rng.choices(bands, weights=[b[2] for b in bands])[0]
    day = TODAY - timedelta(days=int(rng.randint(low, high) * 365.25) + rng.randrange(365))
    return min(day, TODAY - timedelta(days=40))


def _insured(rng: Random, age: int, birth: date) -> InsuredNumberPlan:
    """Insurer numbers end in 9990 and belong to nobody; from 75 on the insurer of the very old (39…)."""
    number = f"{rng.randrange(10**7):07d}"
    if age >= 75:
        since = birth.replace(year=birth.year + 75, day=min(birth.day, 28))
        return InsuredNumberPlan("39149990", "", f"9{number}", "", since)
    branch = "01" if age >= 20 else "03"
    return InsuredNumberPlan("00149990", f"みど{rng.randint(10, 99)}", number, branch, date(2024, 4, 1))


def _occupation(rng: Random, age: int) -> str:
    if age < 6:
        return "未就学児"
    if age < 19:
        return "学生"
    if age >= 70:
        return rng.choice(("無職", "無職", "無職", "農業"))
    return rng.choice(
        ("会社員", "会社員", "自営業", "主婦・主夫", "公務員", "介護職", "パート", "農業", "教員")
    )


def _contact(rng: Random, name: str, sex: str, age: int) -> ContactPlan | None:
    if 19 <= age < 65 and rng.random() < 0.6:
        return None
    family = name.split(" ")[0]
    if age < 19:
        given, relation = names.given_name(rng, "female", 35)[0], "母"
    elif rng.random() < 0.5:
        son = rng.random() < 0.5
        given = names.given_name(rng, "male" if son else "female", 45)[0]
        relation = "長男" if son else "長女"
    else:
        given = names.given_name(rng, "female" if sex == "male" else "male", max(age, 30))[0]
        relation = "妻" if sex == "male" else "夫"
    return ContactPlan(f"{family} {given}", relation, f"090-0000-{rng.randrange(10000):04d}")


def _home(rng: Random, facility: str) -> tuple[str, str]:
    """Postal code and address: mostly in the town of the facility that knows the patient."""
    town = town_of(facility) if rng.random() < 0.7 else rng.choice(sorted(set(POSTAL) - {"県庁前"}))
    city = city_of(town)
    house = rng.choice(
        ("", "", "", f" みどりハイツ{rng.randint(1, 4)}0{rng.randint(1, 8)}号室", " 県営若葉団地3-204")
    )
    street = f"{rng.randint(1, 6)}丁目{rng.randint(1, 28)}-{rng.randint(1, 19)}"
    return POSTAL[town], f"{city}{'' if town == 'みさき町' else town}{street}{house}"


def standard_form(name: str) -> str:
    """The name with 異体字 replaced by the everyday form, as another facility may have written it."""
    return "".join(_STANDARD.get(letter, letter) for letter in name)


def _patient(
    rng: Random,
    index: int,
    facility: str,
    name: str,
    kana: str,
    birth: date,
    sex: str,
    also: tuple[KnownAt, ...],
    contact: ContactPlan | None,
) -> PatientPlan:
    age = (TODAY - birth).days // 365
    postal, address = _home(rng, facility)
    mobile = age < 70 and rng.random() < 0.7
    phone = f"090-0000-{rng.randrange(10000):04d}" if mobile else f"0463-00-{rng.randrange(2000, 10000):04d}"
    return PatientPlan(
        key=f"P{index:04d}",
        facility=facility,
        name=name,
        kana=kana,
        birth_on=birth,
        sex=sex,
        postal_code=postal,
        address=address,
        phone=phone,
        occupation=_occupation(rng, age),
        local_number=f"{10000 + index * 7}",
        insured=_insured(rng, age, birth),
        contact=contact,
        also=also,
    )


def _cast_patient(rng: Random, index: int, who: cast.CastPatient) -> PatientPlan:
    also = tuple(KnownAt(key, f"{300000 + index * 11}", written) for key, written in who.also)
    contact = ContactPlan(*who.contact, "090-0000-0001") if who.contact[0] else None
    return _patient(rng, index, who.facility, who.name, who.kana, who.birth_on, who.sex, also, contact)


def patients(seed: int, facilities: tuple[FacilityPlan, ...]) -> tuple[PatientPlan, ...]:
    """2,000 patients, the cast first; every fifth is also known at the big hospital under its own number."""
    rng = Random(f"{seed}:patients")  # noqa: S311 - fiction, no secret
    found = [_cast_patient(rng, index, who) for index, who in enumerate(cast.PATIENTS, start=1)]
    owners = [f for f in facilities if f.profile]
    weights = [_OWNER_WEIGHT[f.profile] for f in owners]
    while len(found) < PATIENT_COUNT:
        index = len(found) + 1
        owner = rng.choices(owners, weights=weights)[0]
        sex = "female" if rng.random() < _AGES[owner.profile][0] else "male"
        birth = _birth(rng, owner.profile)
        age = (TODAY - birth).days // 365
        name, kana = names.person(rng, sex, age)
        also: tuple[KnownAt, ...] = ()
        if owner.key != "H1" and rng.random() < 0.2:
            written = standard_form(name) if rng.random() < 0.5 else name
            also = (KnownAt("H1", f"{300000 + index * 11}", written),)
        contact = _contact(rng, name, sex, age)
        found.append(_patient(rng, index, owner.key, name, kana, birth, sex, also, contact))
    return tuple(found)
