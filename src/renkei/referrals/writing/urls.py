"""Addresses of the pages where letters and replies are written."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from renkei.referrals.writing import answering, correcting, files, views

writing_patterns: list[URLPattern | URLResolver] = [
    path("new/", views.new, name="new"),
    path("letters/departments/", views.departments, name="letter_departments"),
    path("letters/rows/", views.rows, name="letter_rows"),
    path("replies/drafts/", answering.waiting, name="waiting"),
    path("<uuid:uid>/edit/", views.edit, name="edit"),
    path("<uuid:uid>/correct/", correcting.correct, name="correct"),
    path("<uuid:uid>/attachments/", files.attach, name="attach"),
    path("<uuid:uid>/attachments/<uuid:attachment>/remove/", files.detach, name="detach"),
    path("<uuid:uid>/reply/", answering.reply, name="reply"),
    path("<uuid:uid>/replies/<uuid:reply_uid>/read/", answering.reply_read, name="reply_read"),
    path("<uuid:uid>/back/", answering.back, name="back"),
]
