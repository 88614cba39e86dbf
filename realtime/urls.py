"""The routes below the include."""

from __future__ import annotations

from django.urls import path, re_path

from realtime import actions, api, asyncapi, openapi, reports, views
from realtime.problems import by_method

app_name = "realtime"
urlpatterns = [
    path("", views.index, name="index"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    path("asyncapi.json", asyncapi.asyncapi, name="asyncapi"),
    path("api/openapi.json", openapi.openapi, name="openapi"),
    path("api/jobs", by_method(GET=api.jobs, POST=reports.create), name="jobs"),
    path("api/jobs/actions", actions.many, name="actions"),
    path("api/jobs/<str:job>", api.job, name="job"),
    path("api/jobs/<str:job>/tree", api.tree, name="tree"),
    path("api/jobs/<str:job>/log", api.log, name="log"),
    path("api/jobs/<str:job>/items", api.items, name="items"),
    path("api/jobs/<str:job>/report", reports.report, name="report"),
    path("api/jobs/<str:job>/cancel", actions.cancel, name="cancel"),
    path("api/jobs/<str:job>/pause", actions.pause, name="pause"),
    path("api/jobs/<str:job>/resume", actions.resume, name="resume"),
    path("api/jobs/<str:job>/answer", actions.answer, name="answer"),
    path("api/jobs/<str:job>/again", actions.again, name="again"),
    path("api/jobs/<str:job>/files/<str:name>", api.file, name="file"),
    re_path(r"^api(?:/[\s\S]*)?\Z", api.nothing),
]
