"""The routes below the include."""

from __future__ import annotations

from django.urls import path, re_path

from realtime import api, views

app_name = "realtime"
urlpatterns = [
    path("", views.index, name="index"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("api/jobs", api.jobs, name="jobs"),
    path("api/jobs/<str:job>", api.job, name="job"),
    path("api/jobs/<str:job>/log", api.log, name="log"),
    path("api/jobs/<str:job>/items", api.items, name="items"),
    path("api/jobs/<str:job>/cancel", api.cancel, name="cancel"),
    path("api/jobs/<str:job>/again", api.again, name="again"),
    path("api/jobs/<str:job>/files/<str:name>", api.file, name="file"),
    re_path(r"^api(?:/[\s\S]*)?\Z", api.nothing),
]
