"""Addresses of leaflets."""

from django.urls import path

from renkei.publications.leaflets import rack_views, views

urlpatterns = [
    path("", views.leaflets, name="leaflets"),
    path("begin/", views.begin, name="leaflet_begin"),
    path("rack/", rack_views.rack_page, name="leaflet_rack"),
    path("rack/list.pdf", rack_views.rack_pdf, name="leaflet_rack_pdf"),
    path("rack/remove.pdf", rack_views.removal_pdf, name="leaflet_removal_pdf"),
    path("rack/stock/", rack_views.stock, name="leaflet_stock"),
    path("rack/bundle/", rack_views.bundle, name="leaflet_bundle"),
    path("rack/bundle/<uuid:uid>.pdf", rack_views.bundle_pdf, name="leaflet_bundle_pdf"),
    path("rack/<uuid:uid>/place/", rack_views.place, name="leaflet_place"),
    path("rack/<uuid:uid>/out/", rack_views.take_out, name="leaflet_take_out"),
    path("words/", rack_views.words, name="leaflet_words"),
    path("words/<uuid:uid>/end/", rack_views.end_word, name="leaflet_end_word"),
    path("public/<uuid:uid>/", rack_views.public, name="leaflet_public"),
    path("public/<uuid:uid>/photo/", rack_views.public_photo, name="leaflet_public_photo"),
    path("public/<uuid:uid>.pdf", rack_views.public_pdf, name="leaflet_public_pdf"),
    path("<uuid:uid>/", views.version, name="leaflet_version"),
    path("<uuid:uid>.pdf", views.version_pdf, name="leaflet_pdf"),
    path("<uuid:uid>/preview/", views.preview, name="leaflet_preview"),
    path("<uuid:uid>/picture/", views.picture, name="leaflet_picture"),
    path("<uuid:uid>/approve/", views.approve, name="leaflet_approve"),
    path("<uuid:uid>/return/", views.send_back, name="leaflet_return"),
    path("<uuid:uid>/next/", views.renew, name="leaflet_renew"),
]
