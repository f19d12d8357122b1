"""The floor: one authenticated INSERT or SELECT behind the same web server, without any framework logic.

Run by granian as a WSGI application; ``FLOOR_URL`` names the database. Nothing is checked, nothing is written down, no
consent is asked: it is what cannot be undercut, not what could be used.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterable
from typing import Any

import psycopg

_HERE = threading.local()
CREATE = """INSERT INTO floor_resource (facility_id, body) SELECT facility_id, %s::jsonb FROM floor_token
 WHERE digest = %s RETURNING id"""
READ = """SELECT r.body::text FROM floor_resource r JOIN floor_token t ON t.facility_id = r.facility_id
 WHERE t.digest = %s AND r.id = %s"""
TABLES = """
CREATE TABLE floor_token (digest bytea PRIMARY KEY, facility_id bigint NOT NULL);
CREATE TABLE floor_resource (id bigserial PRIMARY KEY, facility_id bigint NOT NULL, body jsonb NOT NULL);
GRANT ALL ON floor_token, floor_resource, floor_resource_id_seq TO PUBLIC;
"""


def _connection() -> psycopg.Connection[Any]:
    if not hasattr(_HERE, "wire"):
        _HERE.wire = psycopg.connect(os.environ["FLOOR_URL"], autocommit=True)
    return _HERE.wire  # type: ignore[no-any-return]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """POST / keeps the body, GET /<number> gives it back."""
    digest = hashlib.sha256(environ.get("HTTP_AUTHORIZATION", "").encode()).digest()
    if environ["REQUEST_METHOD"] == "POST":
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        row = _connection().execute(CREATE, (body, digest)).fetchone()
    else:
        row = _connection().execute(READ, (digest, int(environ["PATH_INFO"][1:]))).fetchone()
    status = "404 Not Found" if row is None else "200 OK"
    start_response(status, [("Content-Type", "application/json")])
    return [b"" if row is None else str(row[0]).encode()]
