"""Makes the permissions known."""

from __future__ import annotations

from renkei.publications import permissions

P = permissions.P
