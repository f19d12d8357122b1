"""Password rules of the national guideline (安全管理ガイドライン 第6.0版, rules.md I.1).

Letters and digits mixed, 13 characters or more; 8 or more when the person has a second factor. A facility may ask
for longer ones, and for a change after so many days (``password.max_age_days``, 0 = never).
"""

from __future__ import annotations

import unicodedata
from typing import Any

from django.core.exceptions import ValidationError

from renkei.accounts import second_factor
from renkei.accounts.queries import workplaces
from renkei.accounts.rules import number, strictest


def min_length(person: Any | None) -> int:
    """How many characters this person's password needs."""
    has_second = person is not None and person.pk is not None and second_factor.is_on(person.pk)
    code = "password.min_length_second_factor" if has_second else "password.min_length"
    return strictest(code, workplaces(person.pk)) if person is not None and person.pk else number(code)


def problem(password: str, person: Any | None = None) -> str:
    """What is wrong with ``password`` by the guideline, empty when it will do."""
    needed = min_length(person)
    if len(password) < needed:
        return f"パスワードは{needed}文字以上にしてください(今は{len(password)}文字)。"
    if not any(c.isalpha() for c in password) or not any(c.isdigit() for c in password):
        return "パスワードには英字と数字を両方入れてください。"
    if any(unicodedata.category(c) == "Cc" for c in password):
        return "パスワードに改行などの制御文字は使えません。"
    return ""


class GuidelineValidator:
    """Django's door to :func:`problem`."""

    def validate(self, password: str, user: Any | None = None) -> None:
        """Raise ``ValidationError`` with what to do."""
        says = problem(password, user)
        if says:
            raise ValidationError(says, code="password_guideline")

    def get_help_text(self) -> str:
        """The rule in one sentence."""
        longer = number("password.min_length")
        shorter = number("password.min_length_second_factor")
        return f"英字と数字を混ぜて{longer}文字以上。二要素認証を設定した方は{shorter}文字以上。"


class NotThePersonValidator:
    """A password that holds the log-in id or the name is the first one tried."""

    def validate(self, password: str, user: Any | None = None) -> None:
        """Raise ``ValidationError`` with what to do."""
        lowered = password.lower()
        known = [str(getattr(user, name, "") or "") for name in ("login_id", "name", "kana")]
        parts = [part.lower() for text in known for part in (text, *text.split()) if len(part) >= 3]
        if any(part in lowered for part in parts):
            raise ValidationError(
                "パスワードにログインIDや氏名を入れないでください。", code="password_is_person"
            )

    def get_help_text(self) -> str:
        """The rule in one sentence."""
        return "ログインIDや氏名を含めない。"
