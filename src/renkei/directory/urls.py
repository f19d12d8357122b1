"""Addresses of the directory."""

from django.urls import include, path

from renkei.directory import views, views_edit

app_name = "directory"
urlpatterns = [
    path("", views.facility_list, name="list"),
    path("suggest/", views.suggest, name="suggest"),
    path("export.csv", views.export, name="export"),
    path("import/", include("renkei.directory.imports.urls")),
    path("new/", views_edit.add, name="add"),
    path("", include("renkei.directory.corporations.urls")),
    path("<uuid:uid>/", views.facility_page, name="facility"),
    path("<uuid:uid>/map/", views.map_picture, name="map"),
    path("<uuid:uid>/edit/", views_edit.edit, name="edit"),
    path("<uuid:uid>/hours/", views_edit.hours, name="hours"),
    path("<uuid:uid>/departments/new/", views_edit.department, name="add_department"),
    path("<uuid:uid>/departments/<int:department_id>/", views_edit.department, name="department"),
    path("<uuid:uid>/posts/new/", views_edit.post, name="add_post"),
    path("<uuid:uid>/posts/<int:post_id>/speaker/", views_edit.speaker, name="speaker"),
    path("<uuid:uid>/posts/<int:post_id>/end/", views_edit.end_post, name="end_post"),
    path("<uuid:uid>/close/", views_edit.close, name="close"),
    path("<uuid:uid>/relations/", views_edit.relation, name="relation"),
    path("<uuid:uid>/join/", views_edit.join, name="join"),
    path("<uuid:uid>/picture/", views_edit.picture, name="picture"),
    path("<uuid:uid>/", include("renkei.directory.profiles.urls")),
    path("<uuid:uid>/settings/", views.settings, name="settings"),
    path("<uuid:uid>/settings/<str:code>/", views_edit.rule, name="rule"),
]
