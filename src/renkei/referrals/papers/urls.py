"""Addresses of the papers and files of a referral."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from renkei.referrals.papers import bulk_views, views

paper_patterns: list[URLPattern | URLResolver] = [
    path("bulk/", bulk_views.ask, name="bulk"),
    path("prints/<uuid:uid>/", bulk_views.print_job, name="print_job"),
    path("prints/<uuid:uid>/live/", bulk_views.live, name="print_live"),
    path("prints/<uuid:uid>.pdf", bulk_views.print_pdf, name="print_pdf"),
    path("q/<str:token>/", views.scanned, name="scanned"),
    path("<uuid:uid>/letter.pdf", views.letter_pdf, name="letter_pdf"),
    path("<uuid:uid>/letters/<int:number>.pdf", views.letter_pdf, name="letter_version_pdf"),
    path("<uuid:uid>/replies/<uuid:reply_uid>.pdf", views.reply_pdf, name="reply_pdf"),
    path("<uuid:uid>/slip.pdf", views.slip_pdf, name="slip_pdf"),
    path("<uuid:uid>/cover.pdf", views.cover_pdf, name="cover_pdf"),
    path("<uuid:uid>/files/<uuid:file_uid>/", views.file, name="file"),
]
