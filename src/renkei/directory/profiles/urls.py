"""Addresses of a facility's own data, below the facility's page."""

from django.urls import path

from renkei.directory.profiles import views

urlpatterns = [
    path("profile/", views.edit, name="profile"),
    path("profile/confirm/", views.confirm, name="confirm"),
    path("closing-days/", views.closing_days, name="closing_days"),
    path("closing-days/<int:closing_day_id>/remove/", views.remove_closing_day, name="remove_closing_day"),
    path("suspension/", views.suspension, name="suspension"),
    path("number/", views.number, name="number"),
    path("notes/", views.write_note, name="notes"),
    path("notes/<uuid:note_uid>/remove/", views.remove_note, name="remove_note"),
]
