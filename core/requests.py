"""Requests of people who are signed in."""

from django.contrib.auth.models import User
from django.http import HttpRequest


class SignedIn(HttpRequest):
    """A request behind `login_required`."""

    user: User
