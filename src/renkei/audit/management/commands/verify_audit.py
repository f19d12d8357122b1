"""``renkei doctor`` and ``renkei restore`` ask here whether the audit chain holds."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from renkei.audit.chain import verify


class Command(BaseCommand):
    """Verify the hash chain of the trail; exit code 1 when a seal does not hold."""

    help = "監査証跡の連鎖を検証します (verify the audit chain)"

    def add_arguments(self, parser: CommandParser) -> None:
        """The connection to use; the owner sees every line."""
        parser.add_argument("--database", default="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the verdict."""
        verdict = verify(using=options["database"])
        if not verdict.holds:
            raise CommandError(f"封印 {verdict.broken_at}: {verdict.problem}")
        self.stdout.write(
            f"封印 {verdict.seals} 件・記録 {verdict.entries} 件: 連鎖は正しい (未封印 {verdict.unsealed} 件)"
        )
