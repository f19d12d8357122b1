"""The addresses as the portal mounts them."""

from django.urls import include, path

urlpatterns = [path("ui/", include("renkei.ui.urls"))]
