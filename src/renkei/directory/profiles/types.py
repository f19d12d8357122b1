"""Words of the profile that cross the fence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from renkei.kernel import clock

LANGUAGES: dict[str, str] = {
    "en": "英語",
    "zh": "中国語",
    "ko": "韓国語",
    "vi": "ベトナム語",
    "tl": "タガログ語",
    "pt": "ポルトガル語",
    "es": "スペイン語",
    "ne": "ネパール語",
    "id": "インドネシア語",
    "th": "タイ語",
    "my": "ミャンマー語",
    "km": "クメール語",
    "si": "シンハラ語",
    "hi": "ヒンディー語",
    "ru": "ロシア語",
    "fr": "フランス語",
    "de": "ドイツ語",
}
"""Languages in which a house can talk with patients besides Japanese; keys are ISO 639-1."""

FLAGS: dict[str, str] = {
    "house_calls": "往診",
    "home_visits": "訪問診療",
    "wheelchair": "車椅子で入れる",
    "female_physician": "女性医師",
    "accepts_new": "新しい患者を受け付ける",
}
"""What is a plain yes or no in a profile, with its Japanese word; ``listed`` stands apart: it is no property of care."""


@dataclass(frozen=True)
class Confirmation:
    """When a facility last said that its data is right. ``stale``: never, or longer ago than ``months``."""

    confirmed_on: date | None
    months: int
    stale: bool

    @property
    def says(self) -> str:
        """One line for a page: ``最終確認 2025年4月1日(1年以上前)``."""
        if self.confirmed_on is None:
            return "まだ一度も確認されていません"
        day = f"{self.confirmed_on.year}年{self.confirmed_on.month}月{self.confirmed_on.day}日"
        return f"最終確認 {day}" + (f"({_span(self.months)}以上前)" if self.stale else "")


def _span(months: int) -> str:
    years, rest = divmod(months, 12)
    return f"{years}年" if years and not rest else f"{months}か月"


def back(until_on: date | None) -> str:
    """When a suspension (休止) with this last day ends, as people say it: ``9月1日再開予定``, or that it is not known."""
    if until_on is None:
        return "再開未定"
    on = until_on + timedelta(days=1)
    year = f"{on.year}年" if on.year != clock.today().year else ""
    return f"{year}{on.month}月{on.day}日再開予定"
