"""URLs of the whole product: one prefix for each module, and the portal's own pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from renkei.portal.views import home, operations, trail

MODULES = (
    "accounts",
    "clients",
    "enrolments",
    "ui",
    "notices",
    "directory",
    "terms",
    "patients",
    "circles",
    "referrals",
    "guests",
    "publications",
    "exchange",
    "indicators",
    "webhooks",
)

own: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("healthz", home.healthz, name="healthz"),
    path("nav/", home.nav, name="nav"),
    path("operations/", operations.system, name="system"),
    path("operations/jobs/", operations.failed_jobs, name="failed_jobs"),
    path("operations/jobs/<int:number>/retry/", operations.retry_job, name="retry_job"),
    path("operations/trail/", trail.trail, name="trail"),
    path("operations/trail/export/", trail.export, name="export_trail"),
    path("operations/trail/check/", trail.check, name="check_trail"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include((own, "portal"))),
    path("", include("renkei.clients.well_known")),
    path("demo/", include("renkei.demo.urls")),
    path("fhir/", include("renkei.api.urls")),
    path("find/", include("renkei.publications.search.urls")),
    path("counter/", include("renkei.publications.counter.urls")),
    *[path(f"{name}/", include(f"renkei.{name}.urls")) for name in MODULES],
]

handler400 = "renkei.portal.views.broken.bad_request"
handler500 = "renkei.portal.views.broken.server_error"
