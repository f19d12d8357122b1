"""Addresses of the counter, below ``/counter/``."""

from __future__ import annotations

from django.urls import path

from renkei.publications.counter import views

app_name = "counter"
urlpatterns = [
    path("", views.index, name="index"),
    path("start/", views.start, name="start"),
    path("statistics/", views.statistics, name="statistics"),
    path("statistics.csv", views.statistics_csv, name="statistics_csv"),
    path("<uuid:uid>/", views.session, name="session"),
    path("<uuid:uid>/need/", views.need, name="need"),
    path("<uuid:uid>/pick/", views.pick, name="pick"),
    path("<uuid:uid>/choose/", views.choose, name="choose"),
    path("<uuid:uid>/handout/", views.handout, name="handout"),
    path("<uuid:uid>/person/", views.person, name="person"),
    path("<uuid:uid>/way/", views.way, name="way"),
    path("<uuid:uid>/referral/", views.referral, name="referral"),
    path("<uuid:uid>/outcome/", views.outcome, name="outcome"),
]
