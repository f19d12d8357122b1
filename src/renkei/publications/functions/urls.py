"""Addresses of the function reports."""

from django.urls import path

from renkei.publications.functions import views, views_area

urlpatterns = [
    path("", views.reports, name="function_reports"),
    path("start/", views.start, name="function_start"),
    path("area/", views_area.area, name="function_area"),
    path("area/reports/", views_area.area_reports, name="function_area_reports"),
    path("area/xlsx/", views_area.area_file, name="function_area_file"),
    path("area/figures/", views_area.figures, name="function_figures"),
    path("measures/new/", views_area.add_measure, name="function_add_measure"),
    path("measures/<uuid:uid>/", views_area.measure, name="function_measure"),
    path("forms/<int:year>/", views_area.year_form, name="function_form"),
    path("cases/", views_area.cases, name="function_cases"),
    path("cases/<uuid:uid>/", views_area.edit_case, name="function_case"),
    path("<uuid:uid>/", views.report, name="function_report"),
    path("<uuid:uid>/part/<int:number>/", views.part, name="function_part"),
    path("<uuid:uid>/submit/", views.submit, name="function_submit"),
    path("<uuid:uid>/take-back/", views.take_back, name="function_take_back"),
    path("<uuid:uid>/clear/", views.clear_part_two, name="function_clear"),
    path("<uuid:uid>/confirm/", views.confirm, name="function_confirm"),
    path("<uuid:uid>/return/", views.give_back, name="function_return"),
    path("<uuid:uid>/xlsx/", views.report_file, name="function_file"),
]
