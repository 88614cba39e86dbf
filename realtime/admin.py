"""Jobs in Django's admin, to look at, not to change; API tokens, to make and to revoke."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from realtime import alert_admin, finding, permissions, tokens
from realtime.conf import conf
from realtime.confidential import confidential
from realtime.dashboard_page import page_of
from realtime.events import Status
from realtime.models import Alert, AlertRule, File, Job, Token
from realtime.reach import reaches

if TYPE_CHECKING:
    _Tabular = admin.TabularInline[File, Job]
    _ModelAdmin = admin.ModelAdmin[Job]
    _TokenAdmin = admin.ModelAdmin[Token]
    _TokenForm = forms.ModelForm[Token]
else:  # Django's own classes are generic only for type checkers.
    _Tabular, _ModelAdmin, _TokenAdmin = admin.TabularInline, admin.ModelAdmin, admin.ModelAdmin
    _TokenForm = forms.ModelForm


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
    """What SQL knows of jobs, with a live bar and the log."""

    change_form_template = "realtime/admin_job.html"
    change_list_template = "realtime/admin_jobs.html"
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

    def view_on_site(self, obj: Job) -> str:
        """Return where the dashboard shows it."""
        return page_of(str(obj.pk))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Return the jobs; where there is a REACH, those alone that the person sees."""
        found = super().get_queryset(request)
        reach = permissions.reach_of(request.user)
        if not conf.REACH or reach is None:
            return found
        return found.filter(finding.either(finding.theirs(request.user.pk, reach)))

    def get_changelist(self, request: HttpRequest, **named: Any) -> type[ChangeList]:
        """Return what makes the list."""
        del request, named
        return Changes

    def get_fields(self, request: HttpRequest, obj: Job | None = None) -> Any:
        """Return what operators see, or what those do who may only look at jobs."""
        fields = super().get_fields(request, obj)
        if obj and _role(request.user, obj) is permissions.Role.OPERATOR:
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
        role = _role(getattr(job, "viewer", AnonymousUser()), job)
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


class TokenForm(_TokenForm):
    """What a new token is for."""

    scopes = forms.MultipleChoiceField(
        label=_("scopes"),
        choices=[(scope, scope) for scope in tokens.SCOPES],
        initial=tokens.SCOPES,
        widget=forms.CheckboxSelectMultiple,
    )


@admin.register(Token)
class TokenAdmin(_TokenAdmin):
    """Tokens are made here, shown once, and revoked; nothing else of them changes."""

    form = TokenForm
    list_display = ("name", "user", "scopes", "expires_at", "last_used_on", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("name",)
    raw_id_fields = ("user",)
    fields = ("user", "name", "scopes", "expires_at")
    actions = ("revoke",)

    @admin.action(description=_("Revoke the selected API tokens"), permissions=["delete"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[Token]) -> None:
        """Let nobody ask with them any more."""
        count = chosen.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, _("Revoked: %(count)d") % {"count": count})

    def get_queryset(self, request: HttpRequest) -> QuerySet[Token]:
        """Return everybody's tokens to superusers, to others their own."""
        found = super().get_queryset(request)
        return found if is_superuser(request) else found.filter(user=request.user)  # type: ignore[misc]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Propose a token of one's own."""
        return {"user": request.user.pk, "expires_at": timezone.now() + tokens.LIFE}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **named: Any) -> Any:
        """Let nobody but superusers ask in somebody else's name."""
        field = super().formfield_for_foreignkey(db_field, request, **named)
        if field is not None and not is_superuser(request):
            field.queryset = field.queryset.filter(pk=request.user.pk)  # type: ignore[union-attr]
        return field

    def save_model(self, request: HttpRequest, obj: Token, form: Any, change: Any) -> None:
        """Keep the new token's digest, and show the token, this once."""
        del form, change
        said = tokens.keep(obj)
        told = _("Keep this token now, it is not shown again: %(token)s") % {"token": said}
        self.message_user(request, told, messages.WARNING)

    def has_change_permission(self, request: HttpRequest, obj: Token | None = None) -> bool:
        """Refuse: what a program relies on is not edited."""
        del request, obj
        return False


admin.site.register(AlertRule, alert_admin.RuleAdmin)
admin.site.register(Alert, alert_admin.AlertAdmin)


def _role(person: Any, job: Job) -> permissions.Role:
    """Return as what somebody sees a job who may look at it here."""
    is_theirs = reaches(permissions.reach_of(person), job.state())
    return permissions.Role.OPERATOR if is_theirs else permissions.Role.OWNER


def is_superuser(request: HttpRequest) -> bool:
    """Tell whether the person may ask in everybody's name."""
    return bool(getattr(request.user, "is_superuser", False))
