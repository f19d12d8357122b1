"""Addresses of webhooks."""

from __future__ import annotations

from django.urls import path

from renkei.webhooks import views

app_name = "webhooks"
urlpatterns = [
    path("", views.receivers, name="list"),
    path("new/", views.new, name="new"),
    path("<uuid:uid>/", views.receiver, name="receiver"),
    path("<uuid:uid>/secret/", views.renew, name="renew"),
    path("<uuid:uid>/switch/", views.switch, name="switch"),
    path("<uuid:uid>/deliveries/<uuid:delivery_uid>/", views.resend, name="resend"),
]
