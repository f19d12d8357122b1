"""Addresses of guests' requests; a house's own page stands last, for any other word."""

from __future__ import annotations

from django.urls import path

from renkei.guests import public_views, views

app_name = "guests"
urlpatterns = [
    path("requests/", views.requests, name="requests"),
    path("requests/<uuid:uid>/", views.guest_request, name="request"),
    *[
        path(f"requests/<uuid:uid>/{name}/", views.step, {"name": name}, name=name)
        for name in ("call", "identify", "accept", "refuse", "tell")
    ],
    path("requests/<uuid:uid>/files/<uuid:file_uid>/", views.file, name="file"),
    path("settings/", views.settings, name="settings"),
    path("settings/qr/", views.poster, name="poster"),
    path("settings/kinds/", views.new_kind, name="new_kind"),
    path("settings/kinds/<uuid:uid>/", views.kind, name="kind"),
    path("state/", public_views.state, name="state"),
    path("<slug:address>/", public_views.ask, name="ask"),
]
