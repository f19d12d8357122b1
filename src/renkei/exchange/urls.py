"""Addresses of exchange."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from renkei.exchange import views
from renkei.exchange.bridges.orca import views as orca_views
from renkei.exchange.scans.urls import scan_patterns

app_name = "exchange"
urlpatterns: list[URLPattern | URLResolver] = [
    path("upload/", views.upload, name="upload"),
    path("waiting/<uuid:uid>/", views.decide, name="decide"),
    path("waiting/<uuid:uid>/discard/", views.discard, name="discard"),
    path("referrals/<uuid:uid>/", views.document, name="document"),
    path("referrals/<uuid:uid>/panel/", views.panel, name="panel"),
    path("referrals/<uuid:uid>/original/", views.original, name="original"),
    path("referrals/<uuid:uid>/export/", views.export, name="export"),
]
urlpatterns += [
    path("orca/", orca_views.orca, name="orca"),
    path("orca/settings/", orca_views.orca_settings, name="orca_settings"),
]
urlpatterns += scan_patterns
