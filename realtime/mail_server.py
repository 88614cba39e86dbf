"""The mail server of the project: reached with patience, and what it says when it refuses."""

from __future__ import annotations

import smtplib
from typing import Any

from django.core import mail as mailing

PATIENCE = 60.0
"""Seconds that a server has for each reply, where the project's settings do not say."""
PERMANENT = 500
"""SMTP's refusals for good begin here."""


def opened(patience: float = PATIENCE) -> Any:
    """Return a connection to where the project's mail goes."""
    mailers = getattr(mailing, "mailers", None)  # From Django 6.1 on, in place of the other.
    connection: Any = mailers.default if mailers else mailing.get_connection()
    if getattr(connection, "timeout", 0) is None:
        connection.timeout = patience
    connection.open()
    return connection


def refusal(error: Exception) -> smtplib.SMTPResponseException | None:
    """Return the reply with which one recipient, or all of a message, was refused."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, told = next(iter(error.recipients.values()))
        return smtplib.SMTPResponseException(code, told)
    return error if isinstance(error, smtplib.SMTPResponseException) else None


def said(error: Exception) -> str:
    """Return what the server, or the network, said, on one line."""
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        words = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
        return f"{error.smtp_code} {' '.join(words.split())}"
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
