"""API tokens: who asks with one, and what for. Only a digest of each is kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from realtime.models import Token

SCOPES = ("read", "act", "report")
"""To look at jobs; to steer them; to tell of jobs that run outside Celery."""
LIFE = timedelta(days=90)
"""How long a token is good for unless somebody says otherwise."""
PREFIX = "headway_"
"""By which people, and programs that look for leaked secrets, know what it is."""


def create(
    user: Any, name: str, scopes: Iterable[str] = SCOPES, expires_at: datetime | None = None
) -> tuple[Token, str]:
    """Keep a new token; returns it with its text, which nobody can read again."""
    token = Token(user=user, name=name, scopes=list(scopes))
    token.expires_at = expires_at or timezone.now() + LIFE
    return token, keep(token)


def keep(token: Token) -> str:
    """Give a new token its text, keep the digest, and return the text."""
    said = PREFIX + token_urlsafe(32)
    token.digest = _digest(said)
    token.save(force_insert=True)
    return said


def brought(request: HttpRequest) -> str | None:
    """Return what a request has after `Authorization: Bearer`, None when it has no such header."""
    scheme, _, said = request.headers.get("Authorization", "").partition(" ")
    return said.strip() if scheme.lower() == "bearer" else None


def known(said: str) -> Token | None:
    """Return a token that is good now, and note the day; None for any other text."""
    token = Token.objects.select_related("user").filter(digest=_digest(said)).first()
    if token is None or token.revoked_at or token.expires_at <= timezone.now():
        return None
    if not token.user.is_active:
        return None
    _note_use(token)
    return token


def _note_use(token: Token) -> None:
    """Note the day, with the first request of each."""
    today = timezone.now().date()
    if token.last_used_on != today:
        Token.objects.filter(pk=token.pk).update(last_used_on=today)


def _digest(said: str) -> str:
    """Return what is kept of a token: 256 random bits need neither salt nor many rounds."""
    return sha256(said.encode(errors="replace")).hexdigest()
