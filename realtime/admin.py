"""Jobs in Django's admin: to look at, not to change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from realtime import permissions
from realtime.confidential import confidential
from realtime.events import Status
from realtime.models import File, Job

if TYPE_CHECKING:
    _Tabular = admin.TabularInline[File, Job]
    _ModelAdmin = admin.ModelAdmin[Job]
else:  # Django's own classes are generic only for type checkers.
    _Tabular, _ModelAdmin = admin.TabularInline, admin.ModelAdmin


class Changes(ChangeList):
    """A list that leads back to itself when its address holds what no database can be asked."""

    def get_filters(self, request: HttpRequest) -> Any:
        """Return the filters, told by Django's own refusal where they cannot be."""
        if any("\x00" in value for _, values in request.GET.lists() for value in values):
            raise IncorrectLookupParameters
        try:
            return super().get_filters(request)
        except OverflowError as error:
            raise IncorrectLookupParameters from error


class FileInline(_Tabular):
    """The files of a job."""

    model = File
    extra = 0
    can_delete = False
    fields = readonly_fields = ("name", "size", "content_type", "created_at")

    def has_add_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        """Refuse: only jobs add files."""
        del request, obj
        return False


@admin.register(Job)
class JobAdmin(_ModelAdmin):
    """What SQL knows of jobs, with a live bar."""

    change_form_template = "realtime/admin_job.html"
    list_display = ("title", "name", "outcome", "owner", "queued_at", "finished_at")
    list_filter = ("status", "name")
    search_fields = ("title", "name", "id")
    list_select_related = ("owner",)
    date_hierarchy = "queued_at"
    inlines = (FileInline,)
    fields = readonly_fields = (
        "live",
        "id",
        "name",
        "title",
        "owner",
        "outcome",
        "attempt",
        "root",
        "parent",
        "queued_at",
        "started_at",
        "finished_at",
        "last_state",
        "traceback",
        "arguments",
    )
    operators_only = ("traceback", "arguments")

    def get_changelist(self, request: HttpRequest, **named: Any) -> type[ChangeList]:
        """Return what makes the list."""
        del request, named
        return Changes

    def get_fields(self, request: HttpRequest, obj: Job | None = None) -> Any:
        """Return what operators see, or what those do who may only look at jobs."""
        fields = super().get_fields(request, obj)
        if permissions.is_operator(request.user):
            return fields
        return [name for name in fields if name not in self.operators_only]

    @admin.display(description=_("status"), ordering="status")
    def outcome(self, job: Job) -> str:
        """Return the status, and whether a success has items that failed."""
        if job.status == Status.SUCCEEDED and job.last.get("failed"):
            return str(_("succeeded with warnings"))
        return job.status

    @admin.display(description=_("last state"))
    def last_state(self, job: Job) -> str:
        """Return the state when the row was written, as its viewer may see it."""
        operator = permissions.is_operator(getattr(job, "viewer", AnonymousUser()))
        role = permissions.Role.OPERATOR if operator else permissions.Role.OWNER
        return json.dumps(permissions.view(job.state(), role), ensure_ascii=False, indent=1)

    @admin.display(description=_("traceback"))
    def traceback(self, job: Job) -> str:
        """Return where the job's error came from."""
        return str(confidential(job.state())["traceback"] or "")

    @admin.display(description=_("arguments"))
    def arguments(self, job: Job) -> str:
        """Return what the task was called with, without secrets."""
        told = json.dumps(confidential(job.state())["arguments"], ensure_ascii=False, indent=1)
        return told.encode(errors="replace").decode()  # Half a character is none for a page.

    @admin.display(description=_("progress"))
    def live(self, job: Job) -> SafeString:
        """Return a live bar."""
        viewer = getattr(job, "viewer", None)
        return render_to_string("realtime/admin_bar.html", {"job": job, "user": viewer})

    def get_object(self, request: HttpRequest, *values: object, **named: object) -> Job | None:
        """Return the job, and remember who looks at it."""
        found = super().get_object(request, *values, **named)  # type: ignore[arg-type]
        if found is not None:
            found.viewer = request.user  # type: ignore[attr-defined]
        return found

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: jobs come from tasks."""
        del request
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        """Refuse: its files would stay in the storage, and a running job would write it anew."""
        del request, obj
        return False

    def has_change_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        """Refuse: what happened is not edited."""
        del request, obj
        return False
