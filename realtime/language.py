"""The language in which a job was started: what we write of it by ourselves is written in it.

Workers and reporters serve no request, so nobody's language is spoken there; and a state is encoded
once for all who see it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from django.conf import settings
from django.utils import translation


def spoken() -> str:
    """Return the language that is spoken here, nothing where it is the project's own."""
    found = translation.get_language() or ""
    return "" if found == settings.LANGUAGE_CODE else found


def speaking(language: str) -> AbstractContextManager[None]:
    """Speak a job's language for a while."""
    return translation.override(language or settings.LANGUAGE_CODE)


def translated(text: str, language: str) -> str:
    """Return a sentence of ours in a job's language; of others' what it is."""
    if not text:
        return text  # By the empty text gettext keeps what is said of the catalogue.
    with speaking(language):
        return translation.gettext(text)
