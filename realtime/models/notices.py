"""What people are told of jobs, by which ways, and the mails that carry it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from realtime.events import ALERT, NoticeKind, Way
from realtime.models.jobs import Job

USUAL = f"{Way.TOAST} {Way.INBOX}"
"""The ways of notices that were written before there was a choice."""


class Notice(models.Model):
    """What a person is told: that a job has finished or failed, or what it asks; or an alert."""

    job = models.ForeignKey(
        Job, null=True, on_delete=models.CASCADE, db_index=False, related_name="notices"
    )
    """None where it is an alert."""
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        db_index=False,
        related_name="+",
    )
    kind = models.CharField(
        _("kind"),
        max_length=8,
        choices=[*((kind.value, kind.value) for kind in NoticeKind), (ALERT, ALERT)],
    )
    about = models.CharField(max_length=32, editable=False)
    """What of its job it tells: the end, or the id of a question; each is told once."""
    ways = models.CharField(max_length=40, default=USUAL, db_default=USUAL, editable=False)
    """By which ways its person wanted to be told when it came about."""
    title = models.CharField(_("title"), max_length=500)
    text = models.TextField(_("text"), blank=True)
    at = models.DateTimeField(_("at"), db_index=True)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    """When its question was answered, or asked no more."""
    changed_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)
    """When anything of it last changed, by the database's clock."""

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("job", "about"), name="realtime_notice_once"),
        )
        indexes = (
            models.Index(fields=("person", "-id"), name="realtime_notice_newest"),
            models.Index(
                fields=("person",),
                name="realtime_notice_unread",
                condition=models.Q(read_at=None),
            ),
        )

    def __str__(self) -> str:
        """Return what it says."""
        return f"{self.title}: {self.text}"


class NoticeWays(models.Model):
    """By which ways a person wants to be told of one kind; without it the settings say."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        db_index=False,
        related_name="+",
    )
    kind = models.CharField(
        _("kind"), max_length=8, choices=[(kind.value, kind.value) for kind in NoticeKind]
    )
    ways = models.CharField(_("ways"), max_length=40, blank=True)
    """As those of a notice; none at all is nothing to tell."""

    class Meta:
        verbose_name = _("ways of notices")
        verbose_name_plural = _("ways of notices")
        constraints = (
            models.UniqueConstraint(fields=("person", "kind"), name="realtime_notice_ways_once"),
        )

    def __str__(self) -> str:
        """Return the kind and its ways."""
        return f"{self.kind}: {self.ways}"


class NoticeMail(models.Model):
    """A mail with notices to one person: sent once, or nobody knows whether it was."""

    class Outcome(models.TextChoices):
        """What became of it."""

        WAITING = "waiting"
        SENDING = "sending"
        SENT = "sent"
        FAILED = "failed"
        UNKNOWN = "unknown"
        LEFT_OUT = "left out"

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.WAITING)
    claim = models.CharField(max_length=32, blank=True)
    """Who is sending it."""
    tries = models.PositiveSmallIntegerField(default=0)
    """How often it was queued."""
    due_at = models.DateTimeField()
    """When it is to be queued again, or, claimed, when its sender has been silent for too long."""
    reason = models.CharField(max_length=200, blank=True)
    """What the server said, or what has happened."""

    class Meta:
        indexes = (
            models.Index(
                fields=("due_at",),
                name="realtime_notice_mail_due",
                condition=models.Q(outcome__in=("waiting", "sending")),
            ),
        )

    def __str__(self) -> str:
        """Return what became of it."""
        return f"{self.outcome}: {self.reason}" if self.reason else self.outcome


class MailedNotice(models.Model):
    """A notice that is to be mailed, for its person was away, or was put into a mail."""

    notice = models.OneToOneField(
        Notice, primary_key=True, on_delete=models.CASCADE, related_name="mailed"
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField()
    """When it is mailed, unless it is read before."""
    mail = models.ForeignKey(
        NoticeMail, null=True, on_delete=models.CASCADE, related_name="notices"
    )

    class Meta:
        indexes = (
            models.Index(
                fields=("due_at",),
                name="realtime_mailed_notice_due",
                condition=models.Q(mail=None),
            ),
        )

    def __str__(self) -> str:
        """Return which notice it is."""
        return f"{self.notice_id}"
