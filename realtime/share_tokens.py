"""Share tokens: signed, good for a while and for one job; whoever has one can read what it says."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID

from django.core.signing import BadSignature, Signer

SALT = "realtime.share"
LONGEST = 200
"""Characters of a token; what is longer is none."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a token says; whether that still holds only the job knows."""

    job: UUID
    key: str
    """The job's share key: with another one it is no longer shared by this token."""


def sign(claim: Claim, seconds: float) -> str:
    """Return a token that is good for so many seconds."""
    until = int(time.time() + seconds)
    return Signer(salt=SALT).sign(f"{claim.job.hex}.{claim.key}.{until}")


def read(token: str) -> Claim | None:
    """Return what a token says, None where it is none of ours, or no longer good."""
    try:
        said = Signer(salt=SALT).unsign(token) if len(token) <= LONGEST else ""
    except BadSignature:
        return None
    job, _, rest = said.partition(".")
    key, _, until = rest.partition(".")
    return Claim(UUID(job), key) if until and int(until) > time.time() else None
