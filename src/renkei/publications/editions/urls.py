"""Addresses of editions. Kinds are words of the address, so that no other one is ever asked for."""

from django.urls import path, re_path

from renkei.publications.editions import copies_views, views

UID = r"(?P<uid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
TABLE = r"(?P<kind>outpatient|duty)"
FILE = r"(?P<kind>outpatient|duty|newsletter)"

urlpatterns = [
    path("", views.editions, name="editions"),
    path("tasks/", copies_views.tasks, name="edition_tasks"),
    path("choices/", copies_views.choices, name="edition_choices"),
    path("received/", copies_views.received_list, name="editions_received"),
    path("received/<uuid:uid>/", copies_views.received, name="edition_received"),
    re_path(rf"^received/{UID}/{FILE}\.pdf$", copies_views.received_file, name="edition_received_file"),
    path("public/<uuid:uid>/", copies_views.public, name="editions_public"),
    path("public/part/<uuid:uid>.pdf", copies_views.public_part, name="edition_public_part"),
    path("copies/<uuid:uid>/", copies_views.dispatch, name="dispatch"),
    path("copies/<uuid:uid>/bounce/", copies_views.bounce, name="dispatch_bounce"),
    path("copies/<uuid:uid>/settle/", copies_views.settle, name="dispatch_settle"),
    path("<uuid:uid>/", views.edition, name="edition"),
    path("<uuid:uid>/newsletter/", views.newsletter, name="edition_newsletter"),
    path("<uuid:uid>/correct/", views.correct, name="edition_correct"),
    path("<uuid:uid>/publish/", views.publish, name="edition_publish"),
    path("<uuid:uid>/labels.pdf", views.labels, name="edition_labels"),
    path("<uuid:uid>/send-to/", copies_views.send_to, name="edition_send_to"),
    re_path(rf"^{UID}/do/(?P<name>ready|reopen|send|posted)/$", views.move, name="edition_move"),
    re_path(rf"^{UID}/table/{TABLE}/$", views.table, name="edition_table"),
    re_path(rf"^{UID}/table/{TABLE}/import/$", views.import_table, name="edition_import"),
    re_path(rf"^{UID}/{FILE}\.pdf$", views.file, name="edition_file"),
]
