"""Queues from which nobody takes for now."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class PausedQueue(models.Model):
    """A queue from which no worker takes until it is resumed, whichever restarts meanwhile."""

    name = models.CharField(_("queue"), max_length=255, primary_key=True)
    paused_at = models.DateTimeField(_("paused"), default=timezone.now)
    by = models.CharField(_("by"), max_length=150, blank=True)
    """What who has paused it was called then."""

    class Meta:
        verbose_name = _("paused queue")
        verbose_name_plural = _("paused queues")
        ordering = ("name",)
        default_permissions = ()
        permissions = (("control_workers", _("Can pause queues, and stop and resize workers")),)

    def __str__(self) -> str:
        """Return the queue's name."""
        return self.name
