"""``renkei export NUMBER``: write a finalised letter as a document, as a member of staff."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from renkei.exchange import queries
from renkei.exchange.actions import DEFAULT, export_document
from renkei.exchange.management.commands._operator import staff_actor
from renkei.exchange.registry import format_named
from renkei.gate.context import acting
from renkei.kernel.errors import DomainError
from renkei.referrals import queries as referrals


class Command(BaseCommand):
    """Tells what the document lacks before it is written."""

    help = "紹介状を文書(JP-CLINS)として書き出します (write a referral out as a document)"

    def add_arguments(self, parser: CommandParser) -> None:
        """The referral's number, who acts, and where to write."""
        parser.add_argument(
            "number", metavar="NUMBER", help="紹介番号 R-2026-000123 (number of the referral)"
        )
        parser.add_argument("--as", dest="login_id", required=True, help="書き出す人のログインID (log-in id)")
        parser.add_argument("--facility", default="", help="医療機関番号10桁 (institution number)")
        parser.add_argument("--out", type=Path, help="書き出し先 (where to write; default NUMBER.json)")

    def handle(self, *args: Any, **options: Any) -> None:
        """One file; nothing is written when the letter cannot go out."""
        actor = staff_actor(options["login_id"], options["facility"])
        number = options["number"].upper()
        with acting(actor), transaction.atomic():
            found = referrals.search(actor, number).filter(number=number).first()
            if found is None:
                raise CommandError(f"紹介 {number} が見つかりません。番号と施設を確認してください。")
            try:
                for gap in queries.gaps(actor, found):
                    self.stdout.write(f"不足\t{gap}")
                content = export_document(actor, found)
            except DomainError as error:
                raise CommandError(error.message_ja) from error
        path = options["out"] or Path(f"{number}{format_named(DEFAULT).EXTENSIONS[0]}")
        path.write_bytes(content)
        self.stdout.write(f"{path} に書き出しました({len(content)}バイト)。")
