"""Addresses of the public search, below ``/find/``."""

from __future__ import annotations

from django.urls import path

from renkei.publications.search import views

app_name = "find"
urlpatterns = [
    path("", views.find, name="search"),
    path("suggest/", views.suggest, name="suggest"),
    path("places.geojson", views.places, name="places"),
    path("<uuid:uid>/", views.detail, name="detail"),
    path("<uuid:uid>/map/", views.picture, name="picture"),
]
