"""Addresses of the code tables."""

from django.urls import path

from renkei.terms import views

app_name = "terms"
urlpatterns = [path("<slug:system>/suggest/", views.suggest_terms, name="suggest")]
