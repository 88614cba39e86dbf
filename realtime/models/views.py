"""The views of the list of jobs that people have saved for themselves."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SavedView(models.Model):
    """A search under a name, for one person."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        db_index=False,
        related_name="+",
    )
    name = models.CharField(_("name"), max_length=60)
    q = models.CharField(_("search"), max_length=500)
    """What is searched for, as the filter of the list takes it."""

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ("id",)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=("person", "name"), name="realtime_view_once"),
        )

    def __str__(self) -> str:
        """Return its name."""
        return self.name
