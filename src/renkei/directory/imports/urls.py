"""Addresses of the import."""

from django.urls import path

from renkei.directory.imports import views

urlpatterns = [
    path("", views.upload, name="import"),
    path("<uuid:uid>/columns/", views.columns, name="import_columns"),
    path("<uuid:uid>/", views.check, name="import_check"),
    path("<uuid:uid>/progress/", views.progress, name="import_progress"),
    path("<uuid:uid>/problems.csv", views.problems, name="import_problems"),
]
