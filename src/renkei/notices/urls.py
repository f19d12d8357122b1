"""Addresses of the notices."""

from django.urls import path

from renkei.notices import paper_views, views

app_name = "notices"
urlpatterns = [
    path("", views.notice_list, name="list"),
    path("read/", views.read_all, name="read_all"),
    path("outbox/", views.outbox, name="outbox"),
    path("outbox/<uuid:uid>/resend/", views.resend, name="resend"),
    path("papers/", paper_views.paper_list, name="papers"),
    path("papers/bulk/", paper_views.bulk, name="papers_bulk"),
    path("papers/fax/", paper_views.send_faxes, name="papers_fax"),
    path("papers/settings/", paper_views.fax_settings, name="fax_settings"),
    path("papers/<uuid:uid>.pdf", paper_views.paper_pdf, name="paper_pdf"),
    path("papers/<uuid:uid>/resend/", paper_views.resend, name="paper_resend"),
    path("papers/<uuid:uid>/cancel/", paper_views.cancel, name="paper_cancel"),
    path("<uuid:uid>/", views.open_notice, name="open"),
    path("<uuid:uid>/letter/", views.print_letter, name="letter"),
]
