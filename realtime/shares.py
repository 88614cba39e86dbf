"""Which jobs are shown to who has no account: each by its key, which its tokens have in them."""

from __future__ import annotations

from collections.abc import Collection
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from realtime import share_tokens
from realtime.conf import conf
from realtime.errors import HeadwayError
from realtime.models import Job
from realtime.share_tokens import Claim

PART = 500
"""Keys in one query."""


def share(job: Any, *, seconds: float | None = None) -> str:
    """Let whoever has the token that is returned see a job and those that it has started.

    They see bars, read-only: neither logs nor files, arguments, items or notices. Give the token
    to a page in its address, and there to `{% job_progress job token=… %}`. `job` is a `Job` or
    its id; the token is good for `seconds`, SHARE_FOR unless it is said, or until `unshare`.
    Raises `HeadwayError` where there is no such job, `ValueError` when the time is not positive.
    """
    if seconds is not None and not seconds > 0:
        raise ValueError(f"expected seconds to be more than 0, got: {seconds!r}")
    pk = _key_of(job)
    # Where two do so at once the first one's key stays.
    Job.objects.filter(pk=pk, share_key="").update(share_key=token_urlsafe(16))
    key = Job.objects.filter(pk=pk).values_list("share_key", flat=True).first()
    if not key:
        raise HeadwayError(f"expected a job that is known, got: {job!r:.100}")
    return token_with(pk, key, seconds)


def token_with(job: UUID, key: str, seconds: float | None = None) -> str:
    """Return a new token of a job that is shared by this key; it changes nothing."""
    return share_tokens.sign(Claim(job, key), conf.SHARE_FOR if seconds is None else seconds)


def unshare(job: Any) -> None:
    """Let all tokens of a job be good no longer; who watches with one is told within seconds."""
    Job.objects.filter(pk=_key_of(job)).update(share_key="")


def shared(tokens: Collection[str]) -> dict[str, str]:
    """Return the ids of the jobs that tokens show; those that are not good are left out."""
    claims = {token: claim for token in tokens if (claim := share_tokens.read(token))}
    wanted = sorted({claim.job for claim in claims.values()})
    keys: dict[UUID, str] = {}
    for at in range(0, len(wanted), PART):
        found = Job.objects.filter(pk__in=wanted[at : at + PART]).exclude(share_key="")
        keys.update(found.values_list("pk", "share_key"))
    return {
        token: str(claim.job) for token, claim in claims.items() if keys.get(claim.job) == claim.key
    }


def _key_of(job: Any) -> UUID:
    """Return a job's primary key; raises `HeadwayError` for what can be none."""
    try:
        return UUID(str(getattr(job, "pk", job)))
    except ValueError as error:
        raise HeadwayError(f"expected a job or its id, got: {job!r:.100}") from error
