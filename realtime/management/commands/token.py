"""`manage.py token`: makes an API token and prints it, once."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management import BaseCommand, CommandError
from django.utils import timezone

from realtime import tokens

MOST = 3_650
"""Days that a token may be good for."""


class Command(BaseCommand):
    """Print a new token alone, so that a script can take it."""

    help = "Make an API token for a user and print it; it is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whose it is, what uses it, what for and how long."""
        parser.add_argument("user", help="the user in whose name it asks")
        parser.add_argument("name", help="what uses it, for people who look through the list")
        parser.add_argument(
            "--scope",
            action="append",
            choices=tokens.SCOPES,
            help="what it may be used for, again for more (default: everything)",
        )
        parser.add_argument(
            "--days", type=int, default=tokens.LIFE.days, help="how long (default: %(default)s)"
        )

    def handle(self, *_: Any, **given: Any) -> None:
        """Make the token."""
        days = given["days"]
        if not 1 <= days <= MOST:
            raise CommandError(f"expected --days to be a number from 1 to {MOST}, got: {days}")
        expires_at = timezone.now() + timedelta(days=days)
        scopes = given["scope"] or tokens.SCOPES
        name = given["name"][:100]
        said = tokens.create(_user(given["user"]), name, dict.fromkeys(scopes), expires_at)[1]
        self.stderr.write("Keep it now: it is not shown again.")
        self.stdout.write(said)


def _user(name: str) -> Any:
    users: Any = get_user_model()
    try:
        return users._default_manager.get_by_natural_key(name)  # noqa: SLF001  Django's own way
    except users.DoesNotExist:
        raise CommandError(f"expected user to be the name of one, got: {name}") from None
