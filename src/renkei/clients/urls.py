"""Addresses of the authorization server and of its pages."""

from __future__ import annotations

from django.urls import path

from renkei.clients import admin_views, views

app_name = "clients"
urlpatterns = [
    path("oauth/authorize", views.authorize, name="authorize"),
    path("oauth/token", views.token, name="token"),
    path("oauth/introspect", views.introspect, name="introspect"),
    path("oauth/revoke", views.revoke, name="revoke"),
    path("", admin_views.clients, name="list"),
    path("new/<str:kind>/", admin_views.new, name="new"),
    path("connections/", admin_views.connections, name="connections"),
    path("connections/<uuid:uid>/end/", admin_views.end_connection, name="end_connection"),
    path("<uuid:uid>/", admin_views.client, name="client"),
    path("<uuid:uid>/keys/", admin_views.add_keys, name="add_keys"),
    path("<uuid:uid>/keys/<uuid:key_uid>/stop/", admin_views.stop_key, name="stop_key"),
    path("<uuid:uid>/secret/", admin_views.new_secret, name="new_secret"),
    path("<uuid:uid>/stop/", admin_views.stop, name="stop"),
    path("<uuid:uid>/start/", admin_views.start, name="start"),
    path("<uuid:uid>/tokens/end/", admin_views.end_tokens, name="end_tokens"),
]
