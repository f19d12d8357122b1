"""The addresses of a site whose settings name an identity provider."""

from __future__ import annotations

from django.urls import include, path

from renkei.accounts.urls import through_oidc
from renkei.portal.urls import urlpatterns as all_patterns

urlpatterns = [*all_patterns, path("accounts/", include(through_oidc))]
