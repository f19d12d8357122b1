"""Addresses of the trunk."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from renkei.referrals import views
from renkei.referrals.papers.urls import paper_patterns
from renkei.referrals.writing.urls import writing_patterns

app_name = "referrals"
urlpatterns: list[URLPattern | URLResolver] = [
    path("desk/", views.desk, name="desk"),
    path("desk/live/", views.desk_live, name="desk_live"),
    path("clinic/", views.clinic, name="clinic"),
    path("search/", views.search, name="search"),
    path("patient/<uuid:uid>/", views.of_patient, name="of_patient"),
    path("<uuid:uid>/", views.show, name="show"),
    path("<uuid:uid>/panel/", views.panel, name="panel"),
    path("<uuid:uid>/ask/<slug:move>/", views.ask, name="ask"),
    path("<uuid:uid>/do/<slug:move>/", views.make, name="make"),
    path("<uuid:uid>/message/", views.post_message, name="message"),
    path("<uuid:uid>/remind/", views.remind, name="remind"),
    path("<uuid:uid>/again/", views.again, name="again"),
]
urlpatterns += paper_patterns
urlpatterns += writing_patterns
