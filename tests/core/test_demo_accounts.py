"""Who may sign in to a service that was just tried out."""

import pytest
from django.contrib.auth import get_user_model

from core.demo_accounts import sign_ins
from core.settings import for_celery

pytestmark = pytest.mark.django_db(transaction=True)


def password_is(name: str, password: str) -> bool:
    """Say whether one can sign in so."""
    return get_user_model().objects.get(username=name).check_password(password)


def test_on_a_private_address_the_names_are_the_passwords() -> None:
    """Nothing to look up when one tries it out."""
    assert sign_ins(private=True) == "sign in as demo / demo, operator / operator"
    assert sign_ins(private=True) == "sign in as demo / demo, operator / operator"
    assert password_is("demo", "demo")
    assert get_user_model().objects.get(username="operator").is_superuser
    assert not get_user_model().objects.get(username="demo").is_staff


def test_on_an_open_address_nobody_can_guess_them() -> None:
    """Accounts from private days get new passwords too, and those are said once."""
    sign_ins(private=True)
    said = sign_ins(private=False)
    _, _, password = said.removeprefix("sign in as ").split(", ")[0].split()

    assert password_is("demo", password)
    assert not password_is("demo", "demo")
    assert not password_is("operator", "operator")
    assert sign_ins(private=False) == "sign in with the passwords that you were given"


def test_a_password_that_was_chosen_stays() -> None:
    """Nobody's own password is taken away or told."""
    sign_ins(private=True)
    user = get_user_model().objects.get(username="demo")
    user.set_password("chosen by hand")
    user.save()

    assert sign_ins(private=True) == "sign in as operator / operator"
    assert password_is("demo", "chosen by hand")


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("redis://:pw@localhost:6379/1", "redis://:pw@localhost:6379/1"),
        ("amqp://guest@localhost//", "amqp://guest@localhost//"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
        ("unix:///run/redis.sock?db=2", "redis+socket:///run/redis.sock?virtual_host=2"),
    ],
)
def test_celery_gets_addresses_in_its_own_words(given: str, understood: str) -> None:
    """One REDIS_URL is enough, also for a Unix socket."""
    assert for_celery(given) == understood
