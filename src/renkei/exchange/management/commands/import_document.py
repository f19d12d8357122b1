"""``renkei import FILE…``: take documents in, as a member of staff; one line for each file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from renkei.exchange.actions import MOST_BYTES, take_file
from renkei.exchange.management.commands._operator import staff_actor
from renkei.exchange.types import Outcome, Report
from renkei.gate.actor import Actor
from renkei.gate.context import acting

MARKS = {Outcome.ACCEPTED: "取込", Outcome.WAITING: "確認", Outcome.REFUSED: "拒否"}


class Command(BaseCommand):
    """Exit code 1 when any file was refused or waits for a person."""

    help = "紹介状の文書(JP-CLINS)を取り込みます (take referral documents in)"

    def add_arguments(self, parser: CommandParser) -> None:
        """Files, who acts, and whether open questions are answered with yes."""
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--as", dest="login_id", required=True, help="取り込む人のログインID (log-in id of who takes in)"
        )
        parser.add_argument("--facility", default="", help="医療機関番号10桁 (institution number)")
        parser.add_argument(
            "--yes",
            action="store_true",
            help="似た患者がいても新しい患者として、宛先が違っても取り込む (new patient, other receiver)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Each file stands for itself."""
        actor = staff_actor(options["login_id"], options["facility"])
        reports = [self._take(actor, path, yes=options["yes"]) for path in options["files"]]
        accepted = sum(r.outcome is Outcome.ACCEPTED for r in reports)
        self.stdout.write(f"{len(reports)}件中 {accepted}件を取り込みました。")
        if accepted < len(reports):
            raise CommandError(
                f"{len(reports) - accepted}件は取り込んでいません。上の理由を確認してください。"
            )

    def _take(self, actor: Actor, path: Path, *, yes: bool) -> Report:
        report = self._read(actor, path, yes=yes)
        place = f" [{report.element}]" if report.element else ""
        self.stdout.write(f"{MARKS[report.outcome]}\t{path}\t{report.says}{place}")
        for warning in report.warnings:
            self.stdout.write(f"注意\t{path}\t{warning}")
        return report

    def _read(self, actor: Actor, path: Path, *, yes: bool) -> Report:
        try:
            size = path.stat().st_size
            raw = path.read_bytes() if size <= MOST_BYTES else b""
        except OSError as error:
            return Report(path.name, Outcome.REFUSED, f"ファイルを読めません: {error.strerror or error}")
        with acting(actor):
            return take_file(actor, raw, path.name, size=size, new_patient=yes, force=yes)
