"""Addresses of the papers and files of a referral."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from renkei.referrals import papers

paper_patterns: list[URLPattern | URLResolver] = [
    path("bulk/", papers.bulk, name="bulk"),
    path("q/<str:token>/", papers.scanned, name="scanned"),
    path("<uuid:uid>/letter.pdf", papers.letter_pdf, name="letter_pdf"),
    path("<uuid:uid>/letters/<int:number>.pdf", papers.letter_pdf, name="letter_version_pdf"),
    path("<uuid:uid>/replies/<uuid:reply_uid>.pdf", papers.reply_pdf, name="reply_pdf"),
    path("<uuid:uid>/slip.pdf", papers.slip_pdf, name="slip_pdf"),
    path("<uuid:uid>/cover.pdf", papers.cover_pdf, name="cover_pdf"),
    path("<uuid:uid>/files/<uuid:file_uid>/", papers.file, name="file"),
]
