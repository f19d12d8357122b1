"""The command ``renkei``: run it, look after it, move data in and out. Help in the language of the
terminal."""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from renkei import __version__
from renkei.config import backup, doctor, launch, pgroles
from renkei.config.console import Trouble, complain, pick, say, show
from renkei.config.environment import SETTINGS, data_folder, site

# Commands that Django carries out, written by the modules that own the matter.
DELEGATED = {"import": "import_document", "export": "export_referral", "user": "manage_user"}
# Django commands that need no database: none is started for them.
WITHOUT_DATABASE = {
    "makemigrations",
    "check",
    "collectstatic",
    "compilemessages",
    "makemessages",
    "help",
    "version",
}

Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code: 0 good, 1 a problem that is told, 2 a wrong command line."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments and arguments[0] == "manage":
            return manage(arguments[1:] or ["help"])
        if arguments and arguments[0] in DELEGATED:
            return manage([DELEGATED[arguments[0]], *arguments[1:]])
        options = parser().parse_args(arguments)
        command: Command = options.command
        return command(options)
    except Trouble as trouble:
        complain(pick(f"エラー: {trouble}", f"Error: {trouble}"))
        return 1
    except KeyboardInterrupt:
        return 130


def manage(arguments: Sequence[str]) -> int:
    """Hand ``arguments`` to Django, with the database running; migrations go over the owner's connection."""
    command = launch.django_command(arguments)
    if arguments[0] in WITHOUT_DATABASE or "--help" in arguments or "-h" in arguments:
        env = {**os.environ, "DJANGO_SETTINGS_MODULE": SETTINGS}
        if not env.get("RENKEI_SECRET_KEY"):
            env["RENKEI_SECRET_KEY"] = secrets.token_hex()  # serves no request, so any will do
        return subprocess.call(command, env=env)  # noqa: S603 - the operator's own words
    if arguments[0] == "migrate" and not any(part.startswith("--database") for part in arguments):
        command += ["--database", "owner"]
    with site(data_folder()) as place:
        return subprocess.call(command, env=place.operator())  # noqa: S603 - the operator's own words


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="renkei",
        description=pick(
            "連携: 地域医療連携のための公開基盤", "Renkei: open platform for regional medical cooperation"
        ),
        epilog=pick(
            "環境変数: DATABASE_URL, DATABASE_OWNER_URL, DATABASE_WORKER_URL (自分の PostgreSQL)、RENKEI_DATA"
            " (データのフォルダ)、PORT。詳しくは README.ja.md。",
            "Environment: DATABASE_URL, DATABASE_OWNER_URL, DATABASE_WORKER_URL (own PostgreSQL), "
            "RENKEI_DATA (data"
            " folder), PORT. More in README.md.",
        ),
    )
    top.add_argument("--version", action="version", version=f"renkei {__version__}")
    commands = top.add_subparsers(required=True, metavar=pick("コマンド", "COMMAND"))
    _running(commands)
    _looking_after(commands)
    _delegated(commands)
    return top


def _running(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    port = int(os.environ.get("PORT") or 8000) if (os.environ.get("PORT") or "8000").isdigit() else -1
    port_help = pick("ポート番号 (環境変数 PORT、既定 8000)", "port (environment PORT, default 8000)")

    demo = _add(
        commands,
        "demo",
        _demo,
        "架空の地域で試す (Ctrl-C で終了)",
        "try it with a fictional region (Ctrl-C ends)",
    )
    demo.add_argument("--port", type=int, default=port, help=port_help)
    demo.add_argument(
        "--data",
        help=pick("データのフォルダ (RENKEI_DATA、既定 ./data)", "data folder (RENKEI_DATA, ./data)"),
    )
    demo.add_argument("--reset", action="store_true", help=pick("消して作り直す", "delete it and begin anew"))
    demo.add_argument(
        "--scale", type=int, default=1, help=pick("データ量の倍数", "multiply the amount of data")
    )

    serve = _add(commands, "serve", _serve, "画面のプロセスを動かす", "run the web processes")
    serve.add_argument("--host", default="127.0.0.1", help=pick("待ち受けるアドレス", "address to listen on"))
    serve.add_argument("--port", type=int, default=port, help=port_help)
    serve.add_argument("--workers", type=int, default=2, help=pick("プロセスの数", "number of processes"))
    serve.add_argument(
        "--threads", type=int, default=4, help=pick("プロセスごとのスレッド数", "threads in each process")
    )
    serve.add_argument("--with-worker", action="store_true", help=pick("ジョブも動かす", "run the jobs too"))

    _add(
        commands,
        "worker",
        _worker,
        "ジョブ (通知・期限・封印) を動かす",
        "run the jobs (notices, timers, sealing)",
    )


def _looking_after(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    _add(
        commands,
        "doctor",
        _doctor,
        "動作環境を調べ、直し方を示す",
        "examine the installation and name remedies",
    )

    save = _add(commands, "backup", _backup, "控えを1つのファイルに作る", "write a backup into one file")
    save.add_argument("file", type=Path, metavar="FILE")

    bring = _add(commands, "restore", _restore, "控えを検証して戻す", "verify a backup and restore it")
    bring.add_argument("file", type=Path, metavar="FILE")
    bring.add_argument("--check-only", action="store_true", help=pick("検証だけして戻さない", "verify only"))
    bring.add_argument(
        "--yes", action="store_true", help=pick("確かめずに置き換える", "replace without asking")
    )

    _add(
        commands,
        "database-setup",
        _database_setup,
        "自分の PostgreSQL に役割を作る SQL を表示する",
        "print the SQL that makes the roles on your own PostgreSQL",
    )


def _delegated(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Only for the list of commands in the help; ``main`` hands these over before."""
    never = _doctor
    _add(
        commands,
        "import",
        never,
        "紹介状の文書 (JP-CLINS) を取り込む",
        "take in a referral document (JP-CLINS)",
    )
    _add(commands, "export", never, "紹介状を文書として書き出す", "write a referral out as a document")
    _add(
        commands,
        "user",
        never,
        "利用者を作る・止める・パスワードを渡す",
        "make, stop, or give a password to a user",
    )
    _add(commands, "manage", never, "Django の管理コマンド", "Django's management commands")


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    command: Command,
    japanese: str,
    english: str,
) -> argparse.ArgumentParser:
    text = pick(japanese, english)
    made = commands.add_parser(name, help=text, description=text)
    made.set_defaults(command=command)
    return made


def _port(options: argparse.Namespace) -> int:
    port = int(options.port)
    if not 0 < port < 65536:
        raise Trouble(
            "ポート番号は 1 から 65535 の整数で指定してください。例: PORT=8080",
            "The port must be a whole number from 1 to 65535, for instance PORT=8080.",
        )
    return port


def _demo(options: argparse.Namespace) -> int:
    return launch.demo(port=_port(options), data=options.data, reset=options.reset, scale=options.scale)


def _serve(options: argparse.Namespace) -> int:
    return launch.serve(
        host=options.host,
        port=_port(options),
        workers=options.workers,
        threads=options.threads,
        with_worker=options.with_worker,
    )


def _worker(options: argparse.Namespace) -> int:
    return launch.worker()


def _doctor(options: argparse.Namespace) -> int:
    data = data_folder()
    return doctor.report(doctor.examine(data, site(data)))


def _backup(options: argparse.Namespace) -> int:
    with site(data_folder()) as place:
        manifest = backup.backup(place, options.file)
    total = sum(manifest.rows.values())
    say(
        f"{options.file} に {len(manifest.rows)} 表・{total} 行の控えを作りました。renkei restore "
        "--check-only"
        f" {options.file} で確かめられます。",
        f"{options.file} holds {len(manifest.rows)} tables, {total} rows. Verify it with renkei restore "
        "--check-only"
        f" {options.file}.",
    )
    return 0


def _restore(options: argparse.Namespace) -> int:
    if not (options.check_only or options.yes):
        question = pick("今のデータベースと置き換えますか? [y/N] ", "Replace the present database? [y/N] ")
        if not sys.stdin.isatty() or input(question).strip().lower() not in {"y", "yes"}:
            raise Trouble(
                "戻していません。置き換えるときは --yes を付けてください。",
                "Nothing was restored. Add --yes to replace.",
            )
    with site(data_folder()) as place:
        manifest = backup.restore(place, options.file, check_only=options.check_only)
    say(
        f"{manifest.made_at} の控えは正しく、{len(manifest.rows)} 表の行数と監査の連鎖が一致しました。",
        f"The backup of {manifest.made_at} is sound: {len(manifest.rows)} tables and the audit chain agree.",
    )
    return 0


def _database_setup(options: argparse.Namespace) -> int:
    show(pgroles.setup_script().rstrip())
    return 0


if __name__ == "__main__":
    sys.exit(main())
