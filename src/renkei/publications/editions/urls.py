"""Addresses of editions."""

from django.urls import path

from renkei.publications.editions import copies_views, views

urlpatterns = [
    path("", views.editions, name="editions"),
    path("tasks/", copies_views.tasks, name="edition_tasks"),
    path("choices/", copies_views.choices, name="edition_choices"),
    path("received/", copies_views.received_list, name="editions_received"),
    path("received/<uuid:uid>/", copies_views.received, name="edition_received"),
    path("received/<uuid:uid>/<str:kind>.pdf", copies_views.received_file, name="edition_received_file"),
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
    path("<uuid:uid>/do/<str:name>/", views.move, name="edition_move"),
    path("<uuid:uid>/table/<str:kind>/", views.table, name="edition_table"),
    path("<uuid:uid>/table/<str:kind>/import/", views.import_table, name="edition_import"),
    path("<uuid:uid>/<str:kind>.pdf", views.file, name="edition_file"),
]
