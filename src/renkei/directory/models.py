"""Organisation → facility → department → post, areas, and the effective-dated rules of each jurisdiction."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from renkei.directory.types import AreaLevel, FacilityKind
from renkei.gate.models import FacilityData, PublicData
from renkei.kernel import clock
from renkei.kernel.identifiers import uuid7
from renkei.kernel.names import bigrams, kana_key, kanji_key

INSTITUTION_NUMBER = RegexValidator(
    r"^[0-4][0-9][1-3][0-9]{7}$", "医療機関番号は10桁です(都道府県2桁+点数表1桁+7桁)。"
)


SEARCH_KEY_LENGTH = 400


def folded(text: str) -> str:
    """One key for kanji, hiragana and katakana alike: ``みどり中央`` and ``ミドリ中央`` agree."""
    return kana_key(kanji_key(text))


class Area(PublicData):
    """Prefecture, secondary medical area (二次医療圏) or municipality."""

    code = models.CharField("コード", max_length=8, unique=True)
    level = models.CharField(max_length=16, choices=AreaLevel.choices)
    name = models.CharField("名称", max_length=60)
    kana = models.CharField("カナ", max_length=100, blank=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Organization(PublicData):
    """The founder (開設者): a corporation, a municipality, a person."""

    name = models.CharField("名称", max_length=120)
    kana = models.CharField("カナ", max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name


class Facility(PublicData):
    """A place that takes part in care (施設). ``uses_renkei`` False: reached on paper only.

    ``joined_to``: this row was a duplicate (重複) of that one; it is closed and kept for what points to it.

    ``hours`` is a list of ``{"weekday": 0–7, "opens": "09:00", "closes": "12:00"}``; 0 is Monday, 7 a holiday (祝日).
    """

    versioned = True

    version = models.PositiveIntegerField(default=0, editable=False)
    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="facilities"
    )
    kind = models.CharField("種別", max_length=24, choices=FacilityKind.choices)
    name = models.CharField("名称", max_length=120)
    kana = models.CharField("カナ", max_length=200, blank=True)
    search_key = models.CharField(max_length=SEARCH_KEY_LENGTH, blank=True, editable=False)
    search_pairs = ArrayField(models.CharField(max_length=2), default=list, blank=True, editable=False)
    institution_number = models.CharField(
        "医療機関番号", max_length=10, unique=True, null=True, blank=True, validators=[INSTITUTION_NUMBER]
    )
    area = models.ForeignKey(Area, models.PROTECT, null=True, blank=True)
    postal_code = models.CharField("郵便番号", max_length=8, blank=True)
    address = models.CharField("住所", max_length=200, blank=True)
    phone = models.CharField("電話", max_length=20, blank=True)
    fax = models.CharField("FAX", max_length=20, blank=True)
    email = models.EmailField("メール", blank=True)
    access = models.TextField("交通案内", blank=True)
    hours = models.JSONField("診療時間", default=list, blank=True)
    beds = models.PositiveIntegerField("病床数", default=0)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    uses_renkei = models.BooleanField("Renkeiを使っている", default=True)
    second_factor_forced = models.BooleanField("二要素認証を必須にする", default=False)
    opened_on = models.DateField("開設日", null=True, blank=True)
    closed_on = models.DateField("閉院日", null=True, blank=True)
    joined_to = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="duplicates")

    class Meta:
        ordering = ["kana", "id"]
        indexes = [
            GinIndex(fields=["search_pairs"], name="facility_search"),
            models.Index(fields=["kana", "id"], name="facility_by_kana"),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save with the search key made anew."""
        self.make_keys()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "search_key", "search_pairs"}
        super().save(*args, **kwargs)

    def make_keys(self) -> None:
        """Fill what the look-up reads: folded name, kana and numbers; ``bulk_create`` needs this called before."""
        digits = ["".join(c for c in number if c.isdigit()) for number in (self.phone, self.fax)]
        parts = [folded(self.name), folded(self.kana), self.institution_number or "", *digits]
        self.search_key = " ".join(part for part in parts if part)[:SEARCH_KEY_LENGTH]
        self.search_pairs = [pair for pair in bigrams(self.search_key) if " " not in pair]

    def is_open(self) -> bool:
        """Not closed as of today."""
        return self.closed_on is None or self.closed_on > clock.today()


class MapPicture(PublicData):
    """The facility's own drawing of the way (案内図), apart from the facility so that lists stay light."""

    secret_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    facility = models.OneToOneField(Facility, models.PROTECT, related_name="map_picture")
    content = models.BinaryField()
    media_type = models.CharField(max_length=20)
    sha256 = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.facility_id} {self.media_type}"


class Department(PublicData):
    """A department of a facility (診療科・部署)."""

    facility = models.ForeignKey(Facility, models.PROTECT, related_name="departments")
    name = models.CharField("名称", max_length=60)
    kana = models.CharField("カナ", max_length=100, blank=True)
    code = models.CharField("診療科コード", max_length=4, blank=True)
    position = models.PositiveSmallIntegerField("並び順", default=0)
    accepts_referrals = models.BooleanField("紹介を受ける", default=True)
    place = models.CharField("受付場所", max_length=100, blank=True)

    class Meta:
        ordering = ["facility_id", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["facility", "name"], name="department_once")]

    def __str__(self) -> str:
        return self.name


class Post(PublicData):
    """A post at a facility (役職), among them the representative (代表者)."""

    facility = models.ForeignKey(Facility, models.PROTECT, related_name="posts")
    title = models.CharField("役職", max_length=40)
    holder = models.CharField("氏名", max_length=80)
    representative = models.BooleanField("代表者", default=False)
    person_id = models.BigIntegerField("利用者", null=True, blank=True)
    from_on = models.DateField("就任日", null=True, blank=True)
    until_on = models.DateField("退任日", null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.title} {self.holder}"


class SpecialRelation(PublicData):
    """特別の関係 between two facilities: no letter fee between them (rules B.4)."""

    one = models.ForeignKey(Facility, models.PROTECT, related_name="+")
    other = models.ForeignKey(Facility, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(one_id__lt=F("other_id")), name="relation_in_order"),
            models.UniqueConstraint(fields=["one", "other"], name="relation_once"),
        ]

    def __str__(self) -> str:
        return f"{self.one_id}–{self.other_id}"


class Rule(PublicData):
    """A number or text that law, a prefecture or a facility sets; effective-dated, never a constant.

    ``jurisdiction`` is ``JP``, ``JP-14`` (a prefecture) or ``facility:<id>``; the narrowest one in force wins.
    ``valid_until`` is the first day on which it no longer counts.
    """

    code = models.CharField(max_length=60)
    jurisdiction = models.CharField(max_length=40, default="JP")
    params = models.JSONField(default=dict)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200, blank=True)
    certain = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["code", "jurisdiction", "valid_from"], name="rule_in_force")]

    def __str__(self) -> str:
        return f"{self.code} {self.jurisdiction} {self.valid_from}"

    def value(self) -> Any:
        """The parameter called ``value``."""
        return self.params.get("value")


class FacilityProfile(PublicData):
    """What people look for in a facility beyond its name; edited by the facility, confirmed by it once a year.

    ``functions`` are codes of ``types.CareFunction`` (かかりつけ医機能 2号 イ–ニ), ``languages`` ISO 639-1 codes.
    ``functions_year``: the year of the function report (かかりつけ医機能報告) that says the functions; without one they are
    the facility's own word. ``listed`` False: the facility does not want to stand in the public search.
    """

    versioned = True

    version = models.PositiveIntegerField(default=0, editable=False)
    facility = models.OneToOneField(Facility, models.PROTECT, related_name="profile")
    message = models.CharField("ひとこと", max_length=300, blank=True)
    website = models.URLField("ホームページ", blank=True)
    functions = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    functions_year = models.PositiveSmallIntegerField("報告年", null=True, blank=True)
    languages = ArrayField(models.CharField(max_length=5), default=list, blank=True)
    house_calls = models.BooleanField("往診", default=False)
    home_visits = models.BooleanField("訪問診療", default=False)
    wheelchair = models.BooleanField("車椅子で入れる", default=False)
    female_physician = models.BooleanField("女性医師", default=False)
    accepts_new = models.BooleanField("新しい患者を受け付ける", default=True)
    listed = models.BooleanField("公開の検索に載せる", default=True)
    confirmed_on = models.DateField("内容を確認した日", null=True, blank=True)
    reminded_on = models.DateField("確認を依頼した日", null=True, blank=True)
    changed_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.facility_id}"

    @property
    def written(self) -> bool:
        """Whether anything in it differs from a blank one."""
        said = (
            self.message,
            self.website,
            self.functions,
            self.languages,
            self.house_calls,
            self.home_visits,
        )
        return any(said) or self.wheelchair or self.female_physician or not (self.accepts_new and self.listed)


class ClosingDay(PublicData):
    """Days on which a facility is closed out of turn (臨時休診), or suspended for a time (休止); both days count.

    ``until_on`` None: suspended, and nobody knows until when.
    """

    facility = models.ForeignKey(Facility, models.PROTECT, related_name="closing_days")
    from_on = models.DateField("はじめの日")
    until_on = models.DateField("おわりの日", null=True, blank=True)
    suspension = models.BooleanField("休止", default=False)
    note = models.CharField("理由・案内", max_length=100, blank=True)

    class Meta:
        ordering = ["from_on", "id"]
        indexes = [models.Index(fields=["facility", "until_on"], name="closing_days_ahead")]
        constraints = [
            models.CheckConstraint(condition=Q(until_on__gte=F("from_on")), name="closing_days_in_order"),
            models.CheckConstraint(
                condition=Q(until_on__isnull=False) | Q(suspension=True),
                name="closing_days_endless_suspended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.facility_id} {self.from_on}–{self.until_on}"


class StaffNote(FacilityData):
    """What the staff of one facility know about another one (院内メモ): never leaves the facility that wrote it."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="+")
    about = models.ForeignKey(Facility, models.PROTECT, related_name="+")
    text = models.CharField("メモ", max_length=500)
    written_by = models.CharField(max_length=120)
    written_at = models.DateTimeField(default=clock.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-written_at", "-id"]
        indexes = [models.Index(fields=["facility", "about"], name="staff_notes_about")]

    def __str__(self) -> str:
        return f"{self.facility_id}→{self.about_id}"


class Ownership(PublicData):
    """Which corporation runs a facility, for a period; ``until_on`` is the first day without it (S12 ③)."""

    facility = models.ForeignKey(Facility, models.PROTECT, related_name="ownerships")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="ownerships")
    from_on = models.DateField("はじまり")
    until_on = models.DateField("おわり", null=True, blank=True)

    class Meta:
        ordering = ["facility_id", "from_on"]
        constraints = [
            models.UniqueConstraint(fields=["facility", "from_on"], name="ownership_once_a_day"),
            models.CheckConstraint(
                condition=Q(until_on=None) | Q(until_on__gt=F("from_on")), name="ownership_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.facility_id} {self.from_on}"


class FormerNumber(PublicData):
    """An institution number (医療機関番号) that a facility had before: letters and imports that name it still find it."""

    facility = models.ForeignKey(Facility, models.PROTECT, related_name="former_numbers")
    institution_number = models.CharField(max_length=10, validators=[INSTITUTION_NUMBER], db_index=True)
    until_on = models.DateField("この日から新しい番号")

    def __str__(self) -> str:
        return self.institution_number


class ImportMapping(FacilityData):
    """Which column of a list means what (列の対応), kept under a name for the next time."""

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="+")
    name = models.CharField("名前", max_length=60)
    columns = models.JSONField(default=dict)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["facility", "name"], name="import_mapping_once")]

    def __str__(self) -> str:
        return self.name


class FacilityImport(FacilityData):
    """A list of facilities that was checked and waits for a person to confirm; kept as it came.

    ``columns`` is which column means what; empty while nobody was asked. ``started_at`` without ``applied_at``: a job is
    at work, or ended with ``problem``.
    """

    secret_fields: ClassVar[frozenset[str]] = frozenset({"content"})

    uid = models.UUIDField(default=uuid7, unique=True, editable=False)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="+")
    person_id = models.BigIntegerField()
    name = models.CharField(max_length=255)
    content = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    columns = models.JSONField(default=dict)
    leave_out_bad = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    started_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)
    summary = models.JSONField(default=dict)
    problem = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.name


class ImportProgress(FacilityData):
    """How many rows of a long list the job has written. The rows themselves are seen when all are (one transaction).

    Changed on the second connection while the job's transaction holds the list: so no foreign key leads there.
    """

    import_uid = models.UUIDField(unique=True, editable=False)
    facility = models.ForeignKey(Facility, models.PROTECT, related_name="+")
    done = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return f"{self.import_uid} {self.done}"
