"""A share of two counts that never hides its counts and never divides by zero."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

NOT_COMPUTABLE = "計算不可"


@dataclass(frozen=True)
class Ratio:
    """``numerator`` of ``denominator`` (counts, not negative). More than 100 % is possible (逆紹介率)."""

    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        if self.numerator < 0 or self.denominator < 0:
            raise ValueError("counts are not negative")

    @property
    def fraction(self) -> Fraction | None:
        """The exact value: thresholds compare with this, not the rounded one. None without a denominator."""
        return Fraction(self.numerator, self.denominator) if self.denominator else None

    @property
    def percent(self) -> Decimal | None:
        """Per cent, rounded half up to 0.1 (rules A.3); None without a denominator."""
        if self.fraction is None:
            return None
        tenths = int(self.fraction * 1000 + Fraction(1, 2))
        return Decimal(tenths).scaleb(-1)

    def reaches(self, percent: int | Decimal) -> bool:
        """Whether the exact share is at least ``percent``; never without a denominator."""
        return self.fraction is not None and self.fraction * 100 >= Fraction(percent)

    def __str__(self) -> str:
        """``65.2%``, or 計算不可."""
        return NOT_COMPUTABLE if self.percent is None else f"{self.percent}%"
