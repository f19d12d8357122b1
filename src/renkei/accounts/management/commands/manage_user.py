"""``renkei user``: people from the command line, for the first administrator and when nobody can log in."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from renkei.accounts import codes, second_factor, sessions, throttle
from renkei.accounts.actions import new_person
from renkei.accounts.models import Membership, Person
from renkei.accounts.rules import number
from renkei.audit.models import Outcome
from renkei.audit.trail import record
from renkei.directory.queries import facility_by_number
from renkei.gate.actions import line_for
from renkei.gate.context import system
from renkei.kernel import clock
from renkei.kernel.errors import DomainError
from renkei.kernel.roles import LABELS, Role


class Command(BaseCommand):
    """create, list, reset and off."""

    help = (
        "利用者の作成・一覧・パスワード再発行・停止 (create, list, reset, off: people from the command line)"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The four words and what each needs."""
        words = parser.add_subparsers(dest="word", required=True)
        create = words.add_parser("create", help="作成して一回限りの番号を表示 / create with a one-time code")
        create.add_argument("login_id")
        create.add_argument("--name", required=True, help="氏名 / name")
        create.add_argument("--kana", default="", help="カナ / name in kana")
        create.add_argument("--email", default="", help="メール / mail")
        create.add_argument(
            "--facility", required=True, help="医療機関番号10桁 / 10-digit institution number"
        )
        create.add_argument(
            "--role",
            action="append",
            required=True,
            choices=[r.value for r in Role],
            help="役割(繰り返し可) / role, may be repeated",
        )
        listing = words.add_parser("list", help="一覧 / list")
        listing.add_argument("--facility", default="", help="医療機関番号 / institution number")
        reset = words.add_parser("reset", help="パスワード再発行・ロック解除 / new one-time code, unlock")
        reset.add_argument("login_id")
        reset.add_argument(
            "--second-factor", action="store_true", help="二要素認証も解除 / take the second factor off"
        )
        off = words.add_parser("off", help="停止 / switch the account off")
        off.add_argument("login_id")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the word as the system; every change is a line of the trail."""
        word = options["word"]
        try:
            with system(f"renkei user {word}"), transaction.atomic():
                getattr(self, f"_{word}")(options)
        except DomainError as error:
            raise CommandError(error.message_ja) from error

    def _create(self, options: dict[str, Any]) -> None:
        facility = facility_by_number(options["facility"])
        if facility is None:
            raise CommandError(
                f"医療機関番号 {options['facility']} の施設がありません。先に施設を登録してください。"
            )
        code = codes.fresh()
        person = new_person(
            options["name"], options["login_id"], code, kana=options["kana"], email=options["email"]
        )
        self._one_time(person)
        Membership.objects.create(person=person, facility_id=facility.pk, roles=sorted(set(options["role"])))
        self._told(person, "利用者を作成")
        self.stdout.write(f"{person.login_id}: 一回限りの番号 / one-time code: {code}")

    def _list(self, options: dict[str, Any]) -> None:
        with system("renkei user list") as actor:
            rows = Membership.objects.visible_to(actor).select_related("person", "facility")
            if options["facility"]:
                rows = rows.filter(facility__institution_number=options["facility"])
            for m in rows.order_by("facility__kana", "person__kana"):
                roles = "、".join(LABELS[r] for r in m.role_set())
                state = "" if m.in_force() and m.person.is_active else " (停止・終了)"
                self.stdout.write(f"{m.person.login_id}\t{m.person.name}\t{m.facility.name}\t{roles}{state}")

    def _reset(self, options: dict[str, Any]) -> None:
        person = self._found(options["login_id"])
        code = codes.fresh()
        person.set_password(code)
        self._one_time(person)
        throttle.clear(person.login_id)
        sessions.end_all_of(person.pk)
        if options["second_factor"]:
            second_factor.remove(person.pk)
        self._told(person, "パスワードを再発行" + ("し二要素認証を解除" if options["second_factor"] else ""))
        self.stdout.write(f"{person.login_id}: 一回限りの番号 / one-time code: {code}")

    def _off(self, options: dict[str, Any]) -> None:
        person = self._found(options["login_id"])
        person.is_active = False
        person.save(update_fields=["is_active"])
        sessions.end_all_of(person.pk)
        self._told(person, "アカウントを停止")
        self.stdout.write(f"{person.login_id}: 停止しました / switched off")

    def _found(self, login_id: str) -> Person:
        person = Person.objects.filter(login_id__iexact=login_id).first()
        if person is None:
            raise CommandError(
                f"ログインID {login_id} の利用者がいません。renkei user list で確かめてください。"
            )
        return person

    def _one_time(self, person: Person) -> None:
        person.must_change_password = True
        person.code_valid_until = clock.now() + timedelta(days=number("password.code_days"))
        person.save()

    def _told(self, person: Person, says: str) -> None:
        with system("renkei user") as actor:
            line = line_for(
                actor,
                Outcome.DONE,
                "accounts.manage_user",
                says,
                subject="accounts.person",
                subject_id=person.pk,
            )
            record(line)
