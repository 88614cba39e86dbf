"""Rules of alerts in Django's admin, to make, change and try; what has fired, to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from realtime import alert_trial, audit, permissions
from realtime.alert_checks import BadRule, check
from realtime.models import Alert, AlertDelivery, AlertRule

if TYPE_CHECKING:
    _RuleForm = forms.ModelForm[AlertRule]
    _RuleAdmin = admin.ModelAdmin[AlertRule]
    _AlertAdmin = admin.ModelAdmin[Alert]
    _Tabular = admin.TabularInline[AlertDelivery, Alert]
else:  # Django's own classes are generic only for type checkers.
    _RuleForm, _RuleAdmin, _AlertAdmin = forms.ModelForm, admin.ModelAdmin, admin.ModelAdmin
    _Tabular = admin.TabularInline


class RuleForm(_RuleForm):
    """A rule, held to what rules may say; its secret is taken, and never shown."""

    mails = forms.CharField(
        label=_("mail addresses"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One in a line."),
    )
    secret = forms.CharField(
        label=_("secret"),
        required=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("With what the webhook's requests are signed; empty keeps the one that is."),
    )
    language = forms.ChoiceField(
        label=_("language"),
        required=False,
        choices=[("", _("The project's own")), *settings.LANGUAGES],
    )

    def __init__(self, *values: Any, **named: Any) -> None:
        """Show the addresses by lines."""
        super().__init__(*values, **named)
        self._secret = self.instance.secret
        self.initial["mails"] = "\n".join(self.instance.mails)
        self.initial["secret"] = ""

    def clean_mails(self) -> list[str]:
        """Return the addresses."""
        return str(self.cleaned_data["mails"]).split()

    def clean_secret(self) -> str:
        """Return the secret, the one that is there where none is given."""
        return str(self.cleaned_data["secret"] or self._secret)

    def clean(self) -> dict[str, Any]:
        """Hold the rule to what can be."""
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return said
        rule = AlertRule(pk=self.instance.pk)
        for field, value in said.items():
            if field != "people":
                setattr(rule, field, value)
        try:
            check(rule, list(said.get("people") or ()))
        except BadRule as error:
            where = error.field if error.field in self.fields else None
            raise ValidationError({where or "__all__": str(error)}) from error
        return said


class RuleAdmin(_RuleAdmin):
    """Rules, for operators who may manage them, as over HTTP."""

    form = RuleForm
    list_display = ("name", "kind", "pattern", "enabled", "told_at")
    list_filter = ("kind", "enabled")
    search_fields = ("name", "pattern")
    filter_horizontal = ("people",)
    actions = ("try_out",)
    fields = (
        *("name", "enabled", "kind", "pattern", "count", "minutes"),
        *("mails", "url", "secret", "inbox", "people", "quiet", "language"),
    )

    @admin.action(description=_("Try the selected alert rules"))
    def try_out(self, request: HttpRequest, chosen: QuerySet[AlertRule]) -> None:
        """Send a test by every way of each, and say what became of it."""
        for rule in chosen:
            with audit.noted(request, "try_alert_rule", target=rule.name):
                tried = alert_trial.try_out(rule)
            for one in tried:
                sent = one.outcome == AlertDelivery.Outcome.SENT
                said = f"{rule.name}: {one.way} {one.to}: {one.outcome} {one.reason}".strip()
                self.message_user(request, said, messages.SUCCESS if sent else messages.ERROR)

    def save_model(self, request: HttpRequest, obj: AlertRule, form: Any, change: Any) -> None:
        """Keep it, and note who did."""
        action = "change_alert_rule" if change else "create_alert_rule"
        with audit.noted(request, action, target=obj.name, changed=sorted(form.changed_data)):
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: AlertRule) -> None:
        """Delete it, and note who did."""
        with audit.noted(request, "delete_alert_rule", target=obj.name):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[AlertRule]) -> None:
        """Delete several, each noted."""
        for rule in queryset:
            self.delete_model(request, rule)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show it to who may manage alerts."""
        return permissions.may_manage_alerts(request.user)

    def has_view_permission(self, request: HttpRequest, obj: AlertRule | None = None) -> bool:
        """Let them look."""
        del obj
        return permissions.may_manage_alerts(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let them make one."""
        return permissions.may_manage_alerts(request.user)

    has_change_permission = has_delete_permission = has_view_permission


class DeliveryInline(_Tabular):
    """What became of telling an alert."""

    model = AlertDelivery
    extra = 0
    can_delete = False
    fields = readonly_fields = ("event", "way", "to", "outcome", "tries", "reason", "done_at")

    def has_view_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        """Show it to who may manage alerts."""
        del obj
        return permissions.may_manage_alerts(request.user)

    def has_add_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        """Refuse: alerts add them."""
        del request, obj
        return False


class AlertAdmin(_AlertAdmin):
    """What has fired, to look at."""

    list_display = ("name", "kind", "since", "over_at", "told_at", "test")
    list_filter = ("kind", "test")
    search_fields = ("name",)
    inlines = (DeliveryInline,)
    fields = readonly_fields = (
        *("name", "kind", "since", "over_at", "told_at", "count", "subjects", "test"),
    )

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show it to who may manage alerts."""
        return permissions.may_manage_alerts(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        """Let them look."""
        del obj
        return permissions.may_manage_alerts(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: rules fire them."""
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        """Refuse: what happened is not edited."""
        del request, obj
        return False

    has_delete_permission = has_change_permission
