"""A project with tenants, for tests: an account of the group `tenants` sees the other groups'."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group


def reach(user: Any) -> set[str] | None:
    """Return the tags whose jobs an operator sees, None where they are no tenant's."""
    names = set(user.groups.values_list("name", flat=True))
    if "broken" in names:
        raise LookupError("nobody knows")
    return names - {"tenants"} if "tenants" in names else None


async def later(user: Any) -> None:
    """Be no function that can be asked."""
    del user


def join(user: Any, *names: str) -> None:
    """Let an account be of the tenants of these tags alone."""
    user.groups.set([Group.objects.get_or_create(name=name)[0] for name in ("tenants", *names)])
