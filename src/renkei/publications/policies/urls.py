"""Addresses of policy documents and of the alliance's public page."""

from django.urls import path

from renkei.publications.policies import views

urlpatterns = [
    path("policies/", views.documents, name="policies"),
    path("policies/new/", views.new, name="policy_new"),
    path("policies/compare/", views.compare_own, name="policy_compare"),
    path("policies/<uuid:uid>/", views.document, name="policy"),
    path("policies/<uuid:uid>/publish/", views.publish, name="policy_publish"),
    path("policies/<uuid:uid>/discard/", views.discard, name="policy_discard"),
    path("alliances/<uuid:uid>/", views.alliance, name="alliance"),
    path("alliances/<uuid:uid>/compare/", views.alliance_compare, name="alliance_compare"),
    path(
        "alliances/<uuid:uid>/documents/<uuid:document_uid>/",
        views.alliance_document,
        name="alliance_document",
    ),
]
