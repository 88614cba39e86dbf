"""`manage.py demo`: one of the shipped jobs on shipped sample data."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from core.scenarios import SCENARIOS


class Command(BaseCommand):
    """Starts a job and tells where it can be watched."""

    help = "Starts one of the shipped jobs on sample data and prints its id and address."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        choices = ", ".join(SCENARIOS)
        parser.add_argument("scenario", nargs="?", default="pictures", help=f"one of: {choices}")
        parser.add_argument("--user", default="demo", help="whose job it is (%(default)s)")
        parser.add_argument(
            "--base",
            default="http://127.0.0.1:8000",
            help="where the service is (%(default)s)",
        )

    def handle(self, *, scenario: str, user: str, base: str, **_: Any) -> None:
        """Start the scenario."""
        if scenario not in SCENARIOS:
            choices = ", ".join(SCENARIOS)
            raise CommandError(f"expected the scenario to be one of {choices}, got: {scenario}")
        job = SCENARIOS[scenario](self._owner(user))
        self.stdout.write(str(job.pk))
        self.stdout.write(base.rstrip("/") + reverse("job", args=[job.pk]))

    @staticmethod
    def _owner(name: str) -> User:
        owner = User.objects.filter(username=name).first()
        if owner is None:
            raise CommandError(
                f"There is no user {name}: start `manage.py up` once, which makes demo, "
                "or name somebody with --user."
            )
        return owner
