"""Addresses of indicators."""

from __future__ import annotations

from django.urls import path

from renkei.indicators import views, views_edit

app_name = "indicators"
urlpatterns = [
    path("", views.index, name="index"),
    path("file/", views.figures_file, name="file"),
    path("sources/", views.sources, name="sources"),
    path("import/", views_edit.upload, name="upload"),
    path("import/sample/<str:kind>/", views_edit.sample, name="sample"),
    path("import/<uuid:uid>/", views_edit.import_report, name="import"),
    path("import/<uuid:uid>/progress/", views_edit.import_progress, name="import_progress"),
    path("months/", views_edit.months, name="months"),
    path("months/close/", views_edit.close, name="close"),
    path("months/<uuid:uid>/reopen/", views_edit.reopen, name="reopen"),
    path("definitions/", views_edit.definitions, name="definitions"),
    path("reports/", views_edit.reports, name="reports"),
    path("reports/<uuid:uid>/", views_edit.report, name="report"),
    path("reports/<uuid:uid>/<str:kind>/", views_edit.report_file, name="report_file"),
    path("of/<str:key>/", views.show, name="show"),
    path("of/<str:key>/<str:letter>/", views.records, name="records"),
]
