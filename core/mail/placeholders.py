"""What a text says to each recipient: `{{ name }}`, or `{{ name|friend }}` where it is empty.

Not Django's template language: who writes a campaign is no programmer of this service.
"""

import html
import re
from collections.abc import Callable, Iterable, Mapping

from django.utils.translation import gettext as _

_PLACE = re.compile(r"\{\{\s*(\w+)\s*(?:\|([^{}|]*))?\}\}")
_SHOWN = 40


def names_in(text: str) -> set[str]:
    """Return which placeholders a text has."""
    return {found[1].lower() for found in _PLACE.finditer(text)}


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a plain text with its placeholders filled."""
    return _filled(text, values, str)


def fill_html(text: str, values: Mapping[str, str]) -> str:
    """Return markup with its placeholders filled; no value can become markup."""
    return _filled(text, values, html.escape)


def mistake_in(text: str, known: Iterable[str]) -> str:
    """Return what is wrong with the placeholders of a text as a sentence, or nothing."""
    choice = ", ".join(f"{{{{ {name} }}}}" for name in sorted(known))
    for strange in sorted(names_in(text) - set(known)):
        return _("Nothing is known for {{ %(name)s }}: choose one of %(choice)s.") % {
            "name": strange,
            "choice": choice,
        }
    if "{{" in (rest := _PLACE.sub("", text)):
        at = rest.index("{{")
        return _("“%(text)s” is no placeholder: write it like %(choice)s.") % {
            "text": rest[at : at + _SHOWN].splitlines()[0],
            "choice": choice,
        }
    return ""


def _filled(text: str, values: Mapping[str, str], shown: Callable[[str], str]) -> str:
    def value(found: re.Match[str]) -> str:
        return shown(values.get(found[1].lower()) or (found[2] or "").strip())

    return _PLACE.sub(value, text)
