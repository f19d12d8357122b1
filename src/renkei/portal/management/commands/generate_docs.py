"""``generate_docs``: writes ``docs/generated`` from the code; ``--check`` only compares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from renkei.portal.documentation import pages

FOLDER = Path("docs/generated")


class Command(BaseCommand):
    """Workflow, permissions, addresses, models, actions."""

    help = "docs/generated をコードから書き直します (write docs/generated anew from the code)"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to, and whether to compare only."""
        parser.add_argument("--folder", type=Path, default=FOLDER)
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write or compare; comparing ends with 1 when a page is not what the code says."""
        folder: Path = options["folder"]
        made = pages()
        there = (
            {p.name: p.read_text(encoding="utf-8") for p in folder.glob("*.md")} if folder.is_dir() else {}
        )
        if options["check"]:
            stale = sorted(name for name in {*made, *there} if made.get(name) != there.get(name))
            if stale:
                raise CommandError(f"{', '.join(stale)}: not what the code says. Run: make docs")
            return
        folder.mkdir(parents=True, exist_ok=True)
        for name in there.keys() - made.keys():
            (folder / name).unlink()
        for name, text in made.items():
            (folder / name).write_text(text, encoding="utf-8")
        self.stdout.write(f"{folder}: {len(made)}")
