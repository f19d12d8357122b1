"""Addresses that standards fix: where clients find the authorization server (RFC 8414, SMART App Launch)."""

from __future__ import annotations

from django.urls import path

from renkei.clients import views

app_name = "well_known"
urlpatterns = [
    path(".well-known/oauth-authorization-server", views.metadata, name="oauth"),
    path(".well-known/smart-configuration", views.smart_configuration, name="smart"),
    path("fhir/.well-known/smart-configuration", views.smart_configuration, name="smart_of_fhir"),
]
