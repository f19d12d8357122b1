"""Addresses of schemes, applications, members, and the public pages of certificates and lists."""

from __future__ import annotations

from django.urls import path

from renkei.enrolments import public_views, views, views_edit, views_office

app_name = "enrolments"
urlpatterns = [
    path("", views.home, name="home"),
    path("start/", views_office.start, name="start"),
    path("apply/<uuid:uid>/", views_edit.apply, name="apply"),
    path("applications/<uuid:uid>/", views.application, name="application"),
    path("applications/<uuid:uid>/decide/<slug:how>/", views_office.decide, name="decide"),
    path("applications/<uuid:uid>/edit/", views_edit.hand_in_again, name="hand_in_again"),
    path("applications/<uuid:uid>/cancel/", views_edit.cancel, name="cancel"),
    path("schemes/<uuid:uid>/", views_office.applications, name="applications"),
    path("schemes/<uuid:uid>/paper/", views_office.paper, name="paper"),
    path("schemes/<uuid:uid>/approve/", views_office.approve_many, name="approve_many"),
    path("schemes/<uuid:uid>/import/", views_office.take_list, name="import"),
    path("schemes/<uuid:uid>/members/", views_office.members, name="members"),
    path("schemes/<uuid:uid>/renewals/", views_office.renewals, name="renewals"),
    path("schemes/<uuid:uid>/exceptions/", views_office.exceptions, name="exceptions"),
    path("schemes/<uuid:uid>/join/", views_office.join_two, name="join_two"),
    path("schemes/<uuid:uid>/settings/", views_office.settings, name="settings"),
    path("schemes/<uuid:uid>/end/", views_office.end, name="end"),
    path("members/<uuid:uid>/", views.member, name="member"),
    path("members/<uuid:uid>/certificate.pdf", views.certificate, name="certificate"),
    path("members/<uuid:uid>/papers/", views_edit.keep_paper, name="keep_paper"),
    path("members/<uuid:uid>/papers/<uuid:paper_uid>/", views.signed_paper, name="signed_paper"),
    path("members/<uuid:uid>/exception/", views_office.allow_exception, name="allow_exception"),
    path("members/<uuid:uid>/<slug:how>/", views_edit.change, name="change"),
    path("verify/<uuid:token>/", public_views.verify, name="verify"),
    path("list/<uuid:uid>/", public_views.public_list, name="public_list"),
]
