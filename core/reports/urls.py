"""Where the pages of reports are."""

from django.urls import path

from core.reports import views

urlpatterns = [
    path("", views.plans, name="reports"),
    path("new/", views.write, name="report-new"),
    path("<uuid:pk>/", views.plan, name="report"),
    path("<uuid:pk>/edit/", views.write, name="report-edit"),
    path("<uuid:pk>/run/", views.run, name="report-run"),
    path("<uuid:pk>/switch/", views.switch, name="report-switch"),
    path("<uuid:pk>/delete/", views.delete, name="report-delete"),
]
