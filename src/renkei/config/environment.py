"""Which database and data folder a command works on, and what its child processes find in their environment.

``DATABASE_URL`` given: the user's own server (with ``DATABASE_OWNER_URL`` for migrations and backup and
``DATABASE_WORKER_URL`` for jobs). Otherwise the embedded server in ``$RENKEI_DATA/postgres``.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from renkei.config import pgroles
from renkei.config.console import Trouble
from renkei.config.postgres import Cluster

SETTINGS = "renkei.config.settings"
_URLS = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_WORKER_URL")


@dataclass(frozen=True)
class Site:
    """A reachable database with its data folder; ``cluster`` is None on the user's own server."""

    data: Path
    app_url: str
    owner_url: str
    worker_url: str
    cluster: Cluster | None = None

    def operator(self) -> dict[str, str]:
        """The environment of management commands: migrations as owner, everything else in the role of
        jobs."""
        return self._common() | {
            "DATABASE_URL": self.worker_url,
            "DATABASE_OWNER_URL": self.owner_url,
            "DATABASE_WORKER_URL": self.worker_url,
        }

    def web(self) -> dict[str, str]:
        """The environment of web processes, which know no other role than their own."""
        patience = os.environ.get("RENKEI_STATEMENT_SECONDS", "30")
        return self._without_urls() | {"DATABASE_URL": self.app_url, "RENKEI_STATEMENT_SECONDS": patience}

    def worker(self) -> dict[str, str]:
        """The environment of job processes."""
        return self._without_urls() | {
            "DATABASE_URL": self.worker_url,
            "DATABASE_WORKER_URL": self.worker_url,
        }

    def _without_urls(self) -> dict[str, str]:
        return {name: value for name, value in self._common().items() if name not in _URLS}

    def _common(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": SETTINGS,
            "RENKEI_DATA": str(self.data),
            "RENKEI_SECRET_KEY": os.environ.get("RENKEI_SECRET_KEY") or secret_key(self.data),
        }


def data_folder(given: str | None = None) -> Path:
    """The data folder: ``given``, else ``$RENKEI_DATA``, else ``./data``."""
    return Path(given or os.environ.get("RENKEI_DATA") or "data").absolute()


def own_server() -> bool:
    """Whether ``DATABASE_URL`` names the user's own server."""
    return bool(os.environ.get("DATABASE_URL"))


@contextmanager
def site(data: Path) -> Iterator[Site]:
    """The database of ``data``, running inside the block; an embedded server started here is stopped at the
    end."""
    if own_server():
        yield _own_site(data)
        return
    with Cluster(data / "postgres").ensure() as cluster:
        yield embedded_site(data, cluster)


def embedded_site(data: Path, cluster: Cluster) -> Site:
    """The site of a running embedded ``cluster``."""
    app, owner, worker = (cluster.url(role) for role in (pgroles.APP, pgroles.OWNER, pgroles.WORKER))
    return Site(data, app, owner, worker, cluster)


def _own_site(data: Path) -> Site:
    missing = [name for name in _URLS if not os.environ.get(name)]
    if missing:
        raise Trouble(
            f"DATABASE_URL があるときは {' と '.join(missing)} も必要です。役割は renkei database-setup の "
            "SQL で作れます。",
            f"With DATABASE_URL, {' and '.join(missing)} must be set too. The SQL of renkei database-setup "
            "makes the roles.",
        )
    app, owner, worker = (os.environ[name] for name in _URLS)
    return Site(data, app, owner, worker)


def secret_key(data: Path) -> str:
    """The key that signs sessions and encrypts second factors: made once, readable by its user only."""
    path = data / "secret.key"
    if not path.exists():
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
        with suppress(FileExistsError):  # another process was faster: its key counts
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text().strip()
