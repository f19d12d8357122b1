"""Addresses of corporations."""

from django.urls import path

from renkei.directory.corporations import views

urlpatterns = [
    path("corporations/", views.corporation_list, name="corporations"),
    path("corporations/new/", views.add, name="add_corporation"),
    path("corporations/<int:organization_id>/", views.corporation, name="corporation"),
    path("corporations/<int:organization_id>/edit/", views.edit, name="edit_corporation"),
    path("<uuid:uid>/owner/", views.owner, name="owner"),
]
