"""Addresses of patients."""

from django.urls import path

from renkei.patients import views, views_edit

app_name = "patients"
urlpatterns = [
    path("", views.index, name="index"),
    path("", views.index, name="list"),
    path("new/", views_edit.add, name="add"),
    path("candidates/", views_edit.candidates, name="candidates"),
    path("<uuid:uid>/", views.show, name="show"),
    path("<uuid:uid>/edit/", views_edit.edit, name="edit"),
    path("<uuid:uid>/insured/", views_edit.insured, name="insured"),
    path("<uuid:uid>/contacts/", views_edit.contact, name="contact"),
    path("<uuid:uid>/contacts/<int:contact_id>/end/", views_edit.end_contact, name="end_contact"),
    path("<uuid:uid>/link/", views.link, name="link"),
    path("<uuid:uid>/unlink/", views.unlink, name="unlink"),
    path("<uuid:uid>/access/", views.access, name="access"),
]
