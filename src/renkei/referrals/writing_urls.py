"""Addresses of the pages where letters and replies are written."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from renkei.referrals import answering, correcting, letter_files, writing

writing_patterns: list[URLPattern | URLResolver] = [
    path("new/", writing.new, name="new"),
    path("letters/departments/", writing.departments, name="letter_departments"),
    path("letters/rows/", writing.rows, name="letter_rows"),
    path("replies/drafts/", answering.waiting, name="waiting"),
    path("<uuid:uid>/edit/", writing.edit, name="edit"),
    path("<uuid:uid>/correct/", correcting.correct, name="correct"),
    path("<uuid:uid>/attachments/", letter_files.attach, name="attach"),
    path("<uuid:uid>/attachments/<uuid:attachment>/remove/", letter_files.detach, name="detach"),
    path("<uuid:uid>/reply/", answering.reply, name="reply"),
    path("<uuid:uid>/replies/<uuid:reply_uid>/read/", answering.reply_read, name="reply_read"),
    path("<uuid:uid>/back/", answering.back, name="back"),
]
