"""``demo_logins``: who can log in to the demo, and what each of them would try first."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.core.management.base import BaseCommand

from renkei.demo.loading.people import DEMO_PASSWORD

LOGINS: tuple[tuple[str, str, str, str], ...] = (
    ("連携室員", "sato.h1", "みどり中央病院", "受付の一覧から鈴木一郎さんの紹介を開き、日程を提案する"),
    ("医師(病院)", "takahashi.h1", "みどり中央病院", "返書の遅れから1件開き、返書を書いて送る"),
    ("医療相談員", "ishida.h1", "みどり中央病院", "逆紹介の予定から1件選び、逆紹介状を作る"),
    ("医師(診療所)", "aoki.c1", "青木内科", "患者を選んで紹介状を書き、確定して送信する"),
    ("事務(診療所)", "kimura.c1", "青木内科", "紹介状を代行入力し、医師の確定を待つ"),
    ("訪問看護師", "ono.v1", "訪問看護ステーションみどり", "スマートフォンの画面で見る"),
    ("施設管理者", "oka.h1", "みどり中央病院", "職員を招待し、返書の期限を変える"),
    ("行政職員", "kuroda.g1", "県健康医療局医療課", "かかりつけ医機能の図で、足りない地域を見る"),
    ("法人事務局", "tomonaga.co1", "みどりメディカルパートナーズ", "方針の2つの版を行ごとに比べる"),
    ("システム管理者", "nagai.h1", "みどり中央病院", "送信箱と失敗した処理を見る。時計を進める"),
    ("監査者", "mochizuki.h1", "みどり中央病院", "監査証跡で誰が何を見たかを調べる"),
)


class Command(BaseCommand):
    """Print the log-ins of the demo by role."""

    help = "デモのログインを表示します (print the logins of the demo)"

    def handle(self, *args: Any, **options: Any) -> None:
        """A table that lines up in a terminal."""
        head = ("役割", "ログインID", "施設", "まず試すこと")
        rows = [head, *LOGINS]
        widths = [max(width(row[column]) for row in rows) for column in range(3)]
        self.stdout.write(f"  パスワード(全員共通): {DEMO_PASSWORD}\n")
        for row in rows:
            cells = [cell + " " * (widths[column] - width(cell)) for column, cell in enumerate(row[:3])]
            self.stdout.write(f"  {'  '.join(cells)}  {row[3]}")


def width(text: str) -> int:
    """Columns of a terminal: a full-width character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)
