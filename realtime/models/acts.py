"""What people have asked for: who, when, from where."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Act(models.Model):
    """What somebody has asked of a job, a queue or a worker, and whether it was refused.

    It outlives its job, and its person's account.
    """

    at = models.DateTimeField(_("at"), default=timezone.now)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    name = models.CharField(_("name"), max_length=150)
    """What its person was called then."""
    token = models.CharField(max_length=100, blank=True)
    """The name of the API token that asked; "" where its person did."""
    address = models.CharField(_("address"), max_length=45, blank=True)
    """From where, as far as the server knows."""
    action = models.CharField(_("action"), max_length=32)
    job = models.UUIDField(null=True, db_index=True)
    target = models.CharField(max_length=500, blank=True)
    """What it was about, as people call it: a job's title, a queue, a worker."""
    detail = models.JSONField(default=dict)
    """What else was said."""
    refused = models.TextField(_("refused"), blank=True)
    """Why it was not done; "" where it was."""

    class Meta:
        verbose_name = _("act")
        verbose_name_plural = _("acts")
        ordering = ("-id",)

    def __str__(self) -> str:
        """Return who did what."""
        return f"{self.name}: {self.action} {self.target}"
