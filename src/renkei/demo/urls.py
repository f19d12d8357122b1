"""Pages that only the demo has."""

from __future__ import annotations

from django.urls import path

from renkei.demo.views import clock_page

app_name = "demo"
urlpatterns = [path("clock/", clock_page, name="clock")]
