"""``rebuild_search``: every entry of the search from the ground up."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections, transaction

from renkei.publications.search.actions import rebuild


class Command(BaseCommand):
    """After a first load of many facilities; every night a job does the same more gently."""

    help = "検索の項目をすべて作り直します (rebuild the search; needs the connection of the owner)"

    def add_arguments(self, parser: CommandParser) -> None:
        """The connection to write with: COPY is for the owner of the tables."""
        parser.add_argument("--database", default="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        """All or nothing."""
        using = options["database"]
        with transaction.atomic(using=using):
            made = rebuild(using)
        with connections[using].cursor() as cursor:
            cursor.execute("ANALYZE publications_searchentry")
        self.stdout.write(f"検索の項目 {made} 件")
