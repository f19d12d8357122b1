"""Addresses of the notices."""

from django.urls import path

from renkei.notices import views

app_name = "notices"
urlpatterns = [
    path("", views.notice_list, name="list"),
    path("read/", views.read_all, name="read_all"),
    path("outbox/", views.outbox, name="outbox"),
    path("outbox/<uuid:uid>/resend/", views.resend, name="resend"),
    path("<uuid:uid>/", views.open_notice, name="open"),
    path("<uuid:uid>/letter/", views.print_letter, name="letter"),
]
