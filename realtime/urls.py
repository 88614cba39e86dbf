"""The routes below the include."""

from __future__ import annotations

from django.urls import path

from realtime import api, views

app_name = "realtime"
urlpatterns = [
    path("", views.index, name="index"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("api/jobs", api.jobs, name="jobs"),
    path("api/jobs/<uuid:job>", api.job, name="job"),
    path("api/jobs/<uuid:job>/log", api.log, name="log"),
    path("api/jobs/<uuid:job>/cancel", api.cancel, name="cancel"),
    path("api/jobs/<uuid:job>/files/<str:name>", api.file, name="file"),
]
