"""``load_reference``: the shipped tables of every module that has a ``reference.py``."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils.module_loading import module_has_submodule

from renkei.gate.context import system


class Command(BaseCommand):
    """Load the reference tables; running it again changes only what differs."""

    help = "参照表(地域・診療科・病名)を読み込みます (load the reference tables)"

    def add_arguments(self, parser: CommandParser) -> None:
        """The connection to write with."""
        parser.add_argument("--database", default="default")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask each module for its own table: nobody has to list them here."""
        using = options["database"]
        for config in apps.get_app_configs():
            if config.module is None or not module_has_submodule(config.module, "reference"):
                continue
            loaded = import_module(f"{config.name}.reference")
            with system("参照表の読み込み"), transaction.atomic(using=using):
                self.stdout.write(loaded.load(using=using))
