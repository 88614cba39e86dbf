"""Two accounts to try the service with: one person and one operator."""

import secrets

from django.contrib.auth import get_user_model
from django.db import connections

PEOPLE = {
    "demo": {},
    "operator": {"is_staff": True, "is_superuser": True},
}


def sign_ins(*, private: bool) -> str:
    """See to the accounts and return the sentence that tells how to sign in.

    Where only this machine can reach the service, the passwords are the names. Elsewhere they are
    random and said once, and an account that still has its name as password gets a new one.
    """
    try:
        known = {name: _password(name, private=private) for name in PEOPLE}
    finally:
        connections.close_all()
    said = ", ".join(f"{name} / {password}" for name, password in known.items() if password)
    return f"sign in as {said}" if said else "sign in with the passwords that you were given"


def _password(name: str, *, private: bool) -> str | None:
    """Return the password, or None where it was chosen by somebody or said before."""
    user, is_new = get_user_model().objects.get_or_create(username=name, defaults=PEOPLE[name])
    is_known = not is_new and user.check_password(name)
    if is_known and private:
        return name
    if not (is_new or is_known):
        return None
    password = name if private else secrets.token_urlsafe(12)
    user.set_password(password)
    user.save()
    return password
