"""Addresses of the FHIR API; the server reads everything below ``/fhir`` by itself."""

from __future__ import annotations

from django.urls import path

from renkei.api import views

app_name = "api"
urlpatterns = [
    path("", views.fhir, {"rest": ""}, name="base"),
    path("<path:rest>", views.fhir, name="fhir"),
]
