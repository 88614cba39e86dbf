"""One message, sent by a worker, or by the web process itself once it has answered."""

from contextlib import closing
from smtplib import SMTPRecipientsRefused

from asgiref.sync import sync_to_async
from celery import shared_task
from django.core.mail import EmailMessage, get_connection
from django.utils.translation import gettext as _

from realtime import JobError, progress

PATIENCE = 20
"""Seconds that the mail server has for each answer."""


@shared_task(name="core.jobs.note.send", ignore_result=True)
def send(to: str, subject: str, text: str) -> None:
    """Send a message with whatever the settings say that mail is sent with."""
    progress.stages([_("Connect"), _("Send")])
    message = EmailMessage(subject, text, to=[to])
    try:
        with progress.stage(_("Connect")):
            mail = get_connection(timeout=PATIENCE)
            mail.open()
        with closing(mail), progress.stage(_("Send")):
            mail.send_messages([message])
    except SMTPRecipientsRefused as fault:
        raise JobError(
            _("The mail server does not take messages for %(address)s.") % {"address": to}
        ) from fault
    except OSError as fault:
        raise JobError(_("The mail server cannot be reached, or refused the message.")) from fault
    progress.update(message=_("Sent to %(address)s") % {"address": to})


async def send_here(to: str, subject: str, text: str) -> None:
    """Send it in a thread, because Django's mail waits for the network; the calls are the same."""
    await sync_to_async(send)(to, subject, text)
