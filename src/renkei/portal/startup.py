"""Grants of the portal's own pages."""

from __future__ import annotations

from renkei.portal import permissions

P = permissions.P
