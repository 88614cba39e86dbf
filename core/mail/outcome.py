"""What can become of one recipient."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Outcome(TextChoices):
    """What became of one recipient so far; each step is written before the next one begins."""

    WAITING = "waiting", _("waiting")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    UNKNOWN = "unknown", _("unknown")
    LEFT_OUT = "left out", _("left out")


SETTLED = (Outcome.SENT, Outcome.FAILED, Outcome.UNKNOWN, Outcome.LEFT_OUT)
"""What is not tried again by itself."""
