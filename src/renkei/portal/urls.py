"""URLs of the whole product: one prefix for each module, and the portal's own pages."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

from renkei.portal.views import home

MODULES = (
    "accounts",
    "ui",
    "notices",
    "directory",
    "terms",
    "patients",
    "circles",
    "referrals",
    "exchange",
)

own: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("healthz", home.healthz, name="healthz"),
    path("nav/", home.nav, name="nav"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((own, "portal"))),
    *[
        path(f"{name}/", include(f"renkei.{name}.urls"))
        for name in MODULES
        if find_spec(f"renkei.{name}.urls") is not None
    ],
]
