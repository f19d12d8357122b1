"""Addresses of scanned papers, part of ``exchange:…``."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from renkei.exchange.scans import views

scan_patterns: list[URLPattern | URLResolver] = [
    path("scans/", views.scan_list, name="scans"),
    path("scans/live/", views.live, name="scans_live"),
    path("scans/upload/", views.upload, name="scan_upload"),
    path("scans/pages/<uuid:uid>.png", views.picture, name="scan_page"),
    path("scans/referrals/<uuid:uid>/panel/", views.of_referral, name="scans_of_referral"),
    path("scans/referrals/<uuid:uid>/close/", views.close, name="paper_close"),
    path("scans/referrals/<uuid:uid>/revoke/", views.revoke, name="paper_revoke"),
    path("scans/<uuid:uid>/", views.show, name="scan"),
    path("scans/<uuid:uid>.pdf", views.pdf, name="scan_pdf"),
    path("scans/<uuid:uid>/panel/", views.panel, name="scan_panel"),
    path("scans/<uuid:uid>/file/", views.file_on, name="scan_file"),
    path("scans/<uuid:uid>/undo/", views.undo, name="scan_undo"),
    path("scans/<uuid:uid>/discard/", views.discard, name="scan_discard"),
]
