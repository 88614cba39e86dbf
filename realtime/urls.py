"""The routes below the include."""

from __future__ import annotations

from django.urls import path, re_path

from realtime import (
    actions,
    alert_views,
    api,
    asyncapi,
    audit,
    dashboard,
    dashboard_page,
    notice_views,
    openapi,
    reports,
    saved_views,
    schedule_views,
    views,
    worker_views,
)
from realtime.problems import by_method

app_name = "realtime"
urlpatterns = [
    path("", views.index, name="index"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics, name="metrics"),
    re_path(r"^dashboard/", dashboard_page.dashboard, name="dashboard"),
    path("asyncapi.json", asyncapi.asyncapi, name="asyncapi"),
    path("api/openapi.json", openapi.openapi, name="openapi"),
    path("api/jobs", by_method(GET=api.jobs, POST=reports.create), name="jobs"),
    path("api/jobs/count", api.count, name="count"),
    path("api/jobs/words", api.words, name="words"),
    path("api/jobs/actions", actions.many, name="actions"),
    path("api/acts", audit.acts, name="acts"),
    path("api/notices", notice_views.notices, name="notices"),
    path("api/notices/read", notice_views.read, name="read"),
    path(
        "api/notices/preferences",
        by_method(GET=notice_views.preferences, PUT=notice_views.prefer),
        name="preferences",
    ),
    path("api/views", by_method(GET=saved_views.views, POST=saved_views.save), name="views"),
    path("api/views/<str:view>", saved_views.delete, name="view"),
    path("api/metrics/series", dashboard.series, name="series"),
    path("api/metrics/tasks", dashboard.tasks, name="tasks"),
    path("api/metrics/now", dashboard.now, name="now"),
    path("api/schedule", schedule_views.schedule, name="schedule"),
    path("api/alerts", alert_views.alerts, name="alerts"),
    path(
        "api/alerts/rules",
        by_method(GET=alert_views.rules, POST=alert_views.create_rule),
        name="alert-rules",
    ),
    path(
        "api/alerts/rules/<int:rule>",
        by_method(PATCH=alert_views.change_rule, DELETE=alert_views.delete_rule),
        name="alert-rule",
    ),
    path("api/alerts/rules/<int:rule>/try", alert_views.try_rule, name="alert-rule-try"),
    path("api/workers", worker_views.workers, name="workers"),
    path("api/workers/<path:name>/stop", worker_views.stop_worker, name="worker-stop"),
    path("api/workers/<path:name>/concurrency", worker_views.resize_worker, name="worker-resize"),
    path("api/queues/<path:name>/pause", worker_views.pause_queue, name="queue-pause"),
    path("api/queues/<path:name>/resume", worker_views.resume_queue, name="queue-resume"),
    path("api/jobs/<str:job>", api.job, name="job"),
    path("api/jobs/<str:job>/tree", api.tree, name="tree"),
    path("api/jobs/<str:job>/log", api.log, name="log"),
    path("api/jobs/<str:job>/items", api.items, name="items"),
    path("api/jobs/<str:job>/acts", audit.of_job, name="job-acts"),
    path("api/jobs/<str:job>/report", reports.report, name="report"),
    path("api/jobs/<str:job>/cancel", actions.cancel, name="cancel"),
    path("api/jobs/<str:job>/pause", actions.pause, name="pause"),
    path("api/jobs/<str:job>/resume", actions.resume, name="resume"),
    path("api/jobs/<str:job>/answer", actions.answer, name="answer"),
    path("api/jobs/<str:job>/again", actions.again, name="again"),
    path("api/jobs/<str:job>/files/<str:name>", api.file, name="file"),
    re_path(r"^api(?:/[\s\S]*)?\Z", api.nothing),
]
