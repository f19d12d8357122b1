"""``demo_region``: load the fictional region; a second run finds it there."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from renkei.demo import clock
from renkei.demo.loading import load
from renkei.kernel.errors import DomainError


class Command(BaseCommand):
    """Load the fictional region once, or again with ``--reset``."""

    help = "架空のデモ地域を作ります (load the fictional demo region)"

    def add_arguments(self, parser: CommandParser) -> None:
        """How big, and whether to begin anew."""
        parser.add_argument("--scale", type=int, default=1, help="患者と紹介を何倍にするか (load tests)")
        parser.add_argument("--reset", action="store_true", help="デモで入力したものを消して作り直す")

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuses a database that is not a demo's."""
        if load.OWNER not in settings.DATABASES:
            raise CommandError("DATABASE_OWNER_URL がありません。所有者の接続を指定して実行してください。")
        began = time.monotonic()
        try:
            self._run(max(1, options["scale"]), reset=options["reset"])
        except DomainError as error:
            raise CommandError(error.message_ja) from error
        self.stdout.write(f"デモ地域の準備ができました ({time.monotonic() - began:.1f} 秒)")

    def _run(self, scale: int, *, reset: bool) -> None:
        there = load.loaded()
        if there and not reset:
            self.stdout.write(f"デモ地域はすでにあります ({there} 倍)。")
            clock.start()
            return
        load.load(scale, reset=reset, told=self.stdout.write)
        clock.restart()
