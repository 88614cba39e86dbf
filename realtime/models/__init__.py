"""The facts that outlive Redis: who started what, how it ended, its files; who asks; alerts."""

from realtime.models.acts import Act
from realtime.models.alerts import Alert, AlertDelivery, AlertRule
from realtime.models.jobs import File, Item, Job, LogPart
from realtime.models.notices import MailedNotice, Notice, NoticeMail, NoticeWays
from realtime.models.queues import PausedQueue
from realtime.models.series import Interval, Tally
from realtime.models.tags import Tag
from realtime.models.tokens import Token
from realtime.models.views import SavedView

__all__ = [
    "Act",
    "Alert",
    "AlertDelivery",
    "AlertRule",
    "File",
    "Interval",
    "Item",
    "Job",
    "LogPart",
    "MailedNotice",
    "Notice",
    "NoticeMail",
    "NoticeWays",
    "PausedQueue",
    "SavedView",
    "Tag",
    "Tally",
    "Token",
]
