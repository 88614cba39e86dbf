"""Words that go with a number, told to the browser by the categories of its language."""

from __future__ import annotations

from django.utils.translation import ngettext

FORMS = {"zero": 0, "one": 1, "two": 2, "few": 3, "many": 11}
"""A number of each of the categories that the browser's `Intl.PluralRules` knows beside `other`."""
OTHER = 100


class Plural:
    """A word that goes with a number."""

    def __init__(self, forms: tuple[str, str]) -> None:
        """Take it in the singular and the plural, in English."""
        self.one, self.other = forms

    def told(self) -> str | dict[str, str]:
        """Return its form for each category of the language that is spoken, as few as do."""
        other = ngettext(self.one, self.other, OTHER)
        found = {name: ngettext(self.one, self.other, n) for name, n in FORMS.items()}
        told = {name: form for name, form in found.items() if form != other}
        return {**told, "other": other} if told else other


def ngettext_noop(one: str, other: str) -> tuple[str, str]:
    """Mark both forms for translation."""
    return one, other
