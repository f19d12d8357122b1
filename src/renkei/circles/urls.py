"""Addresses of circles: who may see what, consent, emergency access."""

from django.urls import path

from renkei.circles import views

app_name = "circles"
urlpatterns = [
    path("emergency/", views.emergency, name="emergency"),
    path("emergency/open/", views.emergency_open, name="emergency_open"),
    path("reviews/", views.reviews, name="reviews"),
    path("reviews/<uuid:uid>/", views.review, name="review"),
    path("patients/<uuid:uid>/panel/", views.panel, name="panel"),
    path("patients/<uuid:uid>/consents/", views.consents, name="consents"),
    path("consents/<uuid:uid>/withdraw/", views.withdraw, name="withdraw"),
]
