"""Addresses of what the liaison office issues; each room has a file of its own."""

from django.urls import include, path

app_name = "publications"
urlpatterns = [
    path("leaflets/", include("renkei.publications.leaflets.urls")),
    path("functions/", include("renkei.publications.functions.urls")),
    path("", include("renkei.publications.policies.urls")),
    path("editions/", include("renkei.publications.editions.urls")),
]
