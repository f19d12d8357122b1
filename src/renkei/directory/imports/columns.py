"""What a column of a list can mean. Headings that mean it are data (``data/import_headings.csv``)."""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from renkei.directory.types import WEEKDAYS, FacilityKind

DATA = Path(__file__).parent.parent / "data"


@dataclass(frozen=True)
class Column:
    """One meaning; ``name`` is its heading in our own lists, ``group`` the part of the choice it stands in."""

    field: str
    name: str
    help_text: str = ""
    required: bool = False
    group: str = "基本"
    own: bool = True


COLUMNS: tuple[Column, ...] = (
    Column("uid", "施設ID", "書き出したファイルにある番号。新しい施設では空"),
    Column(
        "institution_number",
        "医療機関番号",
        "10桁(都道府県2+点数表1+7)。7桁のコードは都道府県と種別から補います。同じ番号の施設があれば上書きします",
    ),
    Column("name", "名称", "120文字まで", required=True),
    Column("kana", "カナ", "カタカナ"),
    Column("kind", "種別", "・".join(str(k.label) for k in FacilityKind), required=True),
    Column("organization", "開設者", "法人名など。なければ新しく登録します"),
    Column("area", "地域コード", "市区町村(5桁か6桁)または二次医療圏のコード。空なら住所から探します"),
    Column("postal_code", "郵便番号", "7桁"),
    Column("address", "住所", "200文字まで"),
    Column("phone", "電話", "市外局番から"),
    Column("fax", "FAX", "市外局番から"),
    Column("email", "メール"),
    Column("beds", "病床数", "0以上の整数"),
    Column("latitude", "緯度", "例: 35.4437(日本の中)", group="場所"),
    Column("longitude", "経度", "例: 139.3640(日本の中)", group="場所"),
    Column("uses_renkei", "Renkei利用", "はい・いいえ(空は「はい」)"),
    Column("opened_on", "開設日", "2026-04-01、令和8年4月1日 など"),
    Column("closed_on", "閉院日", "閉院していなければ空"),
    Column("departments", "診療科", "「内科|外科」のように区切る。ない科は追加し、消すことはしません"),
    Column("website", "ホームページ", "https:// から始まるアドレス", own=False),
    *(
        Column(
            f"hours_{n}",
            f"診療時間({day})",
            "「09:00-12:00 14:00-18:00」のように。休みは空か「休」",
            group="診療時間",
        )
        for n, day in enumerate(WEEKDAYS)
    ),
    Column("hours_days", "診療曜日", "「月火水」のように", group="診療時間(ほかの形)", own=False),
    Column("hours_from", "診療開始時間", "診療曜日と一緒に", group="診療時間(ほかの形)", own=False),
    Column("hours_until", "診療終了時間", "診療曜日と一緒に", group="診療時間(ほかの形)", own=False),
    *(
        Column(f"{part}_{n}", f"{day}曜の{word}", group="診療時間(ほかの形)", own=False)
        for n, day in enumerate(WEEKDAYS)
        for part, word in (("opens", "始まり"), ("closes", "終わり"))
    ),
)
BY_FIELD = {column.field: column for column in COLUMNS}
HOURS_FIELDS = tuple(
    column.field for column in COLUMNS if column.field.startswith(("hours_", "opens_", "closes_"))
)


def fold(heading: str) -> str:
    """Headings that differ in width, spaces, brackets and lines are the same."""
    return re.sub(r"[\s_＿・･()（）\[\]「」:：/／\-]", "", unicodedata.normalize("NFKC", heading)).lower()


@cache
def meanings() -> dict[str, str]:
    """Folded heading → field: our own names and those of the lists that are published."""
    found = {fold(column.name): column.field for column in COLUMNS}
    with (DATA / "import_headings.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            for field, heading in _of_each_day(line["field"], line["heading"]):
                found.setdefault(fold(heading), field)
    return found


def _of_each_day(field: str, heading: str) -> list[tuple[str, str]]:
    if not field.endswith("*"):
        return [(field, heading)]
    return [
        (field.replace("*", str(n)), heading.replace("{曜}", word))
        for n, day in enumerate(WEEKDAYS)
        for word in ((day, "祝日") if day == "祝" else (day, f"{day}曜", f"{day}曜日"))
    ]


@cache
def kinds() -> dict[str, str]:
    """Words of lists → kind."""
    found = {str(kind.label): kind.value for kind in FacilityKind} | {k.value: k.value for k in FacilityKind}
    with (DATA / "import_kinds.csv").open(encoding="utf-8", newline="") as file:
        return found | {line["word"]: line["kind"] for line in csv.DictReader(file)}
