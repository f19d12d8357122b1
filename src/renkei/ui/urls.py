"""Addresses of the component set: its gallery and the two helpers that forms ask."""

from django.urls import path

from renkei.ui import views

app_name = "ui"
urlpatterns = [
    path("gallery/", views.gallery, name="gallery"),
    path("gallery/list/", views.gallery_list, name="gallery_list"),
    path("gallery/panel/", views.gallery_panel, name="gallery_panel"),
    path("gallery/suggest/", views.gallery_suggest, name="gallery_suggest"),
    path("gallery/save/", views.gallery_save, name="gallery_save"),
    path("era-date/", views.era_date, name="era_date"),
    path("token/", views.token, name="token"),
]
