"""Takes secrets out of what operators read: errors, tracebacks, arguments, what libraries log.

By the names that stand before values, and by their looks where a look is enough. No such list is
ever complete: owners are therefore shown none of these at all.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Any

from realtime.conf import conf

MASK = "[hidden]"
DEPTH = 20
"""Values within values that are looked into."""

# Each part is bounded, so that no text takes longer than its length.
_VALUE = r"""(?:"[^"\n]*"|'[^'\n]*'|(?:bearer|basic)\s{1,3}[^\s,;&)\]}"']+|[^\s,;&)\]}"']+)"""
_SCHEME = re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
_ADDRESS = re.compile(r"(://[^\s:/@]{0,100}:)[^\s/@]{1,200}(?=@)")
_CARD = re.compile(r"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d.-])")
_BETWEEN_WORDS = re.compile(r"[\s_.-]+")


def without_secrets(said: str) -> str:
    """Return a text with the values of `name=value` and `name: value` hidden where a name is one
    of REDACT, and with passwords in addresses, tokens after Bearer and card numbers hidden.
    """  # noqa: D205  one sentence is longer than a line
    found = _named(tuple(conf.REDACT)).sub(rf"\1{MASK}", said) if conf.REDACT else said
    found = _SCHEME.sub(rf"\1 {MASK}", found)
    found = _ADDRESS.sub(rf"\1{MASK}", found)
    return _CARD.sub(lambda card: MASK if _is_card(card[0]) else card[0], found)


def value_without_secrets(value: Any, depth: int = DEPTH) -> Any:
    """Return a value made of JSON's types with what names and texts tell of hidden."""
    if depth == 0:
        return MASK
    if isinstance(value, dict):
        return {
            name: MASK if is_secret(name) else value_without_secrets(one, depth - 1)
            for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [value_without_secrets(one, depth - 1) for one in value]
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # Which is no JSON for browsers.
    return MASK if type(value) is int and _is_card(str(value)) else value


def is_secret(name: object) -> bool:
    """Tell whether what has this name is hidden: `api_key`, `API-Key` and `userApiKey` are one."""
    plain = _BETWEEN_WORDS.sub("", str(name)).lower()
    return any(_BETWEEN_WORDS.sub("", word).lower() in plain for word in conf.REDACT)


@lru_cache(maxsize=4)
def _named(words: tuple[str, ...]) -> re.Pattern[str]:
    parts = (map(re.escape, _BETWEEN_WORDS.split(word)) for word in words)
    names = "|".join(r"[\s_.-]?".join(part) for part in parts)
    return re.compile(
        rf"""((?:{names})[\w.-]{{0,40}}["']?\s{{0,3}}(?:=>|[:=])\s{{0,3}}){_VALUE}""",
        re.IGNORECASE,
    )


def _is_card(said: str) -> bool:
    """Tell whether digits are a card's: 13 to 19 of them, and the last one checks (Luhn)."""
    digits = [int(one) for one in said if one.isdecimal()]
    if not 13 <= len(digits) <= 19:  # noqa: PLR2004  as ISO/IEC 7812 has them
        return False
    doubled = (sum(divmod(2 * one, 10)) for one in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
