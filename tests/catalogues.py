"""The catalogues of translations: what the sources mark, what is translated, what is compiled.

`python -m tests.catalogues` brings them up to what the sources mark, and compiles them. What is
translated stays; what is new is left empty, and `make check` names it until it is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).parent.parent
APPS = ("core", "realtime")
LANGUAGE = "zh_Hans"
NOT_READ = {"migrations", "locale", "static"}

# What Django calls gettext's functions, with the places of their arguments; "c" is a context.
MARKS: dict[str, tuple[int | tuple[int, int] | tuple[int, str], ...]] = {
    name + late: places
    for name, places in {
        "_": (1,),
        "gettext": (1,),
        "ngettext": (1, 2),
        "pgettext": ((1, "c"), 2),
        "npgettext": ((1, "c"), 2, 3),
    }.items()
    for late in ("", "_lazy", "_noop")
}
_HOLES = re.compile(r"%\(\w+\)[a-z]|\{\w+\}|%%")


def catalogue(app: str) -> Path:
    """Return where an app's translations are."""
    return ROOT / app / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"


def sources(app: str) -> Iterator[Path]:
    """Yield the files whose texts are marked."""
    for path in sorted((ROOT / app).rglob("*")):
        if path.suffix in {".py", ".html"} and not NOT_READ & set(path.parts):
            yield path


def marked(app: str) -> Catalog:
    """Return every text that an app marks."""
    found = Catalog()
    for path in sources(app):
        for line, function, said, _ in extract_python(_code_of(path), dict(MARKS), [], {}):
            for context, text in _texts(MARKS[str(function)], said):
                found.add(text, context=context, locations=[(str(path.relative_to(ROOT)), line)])
    return found


def written(app: str) -> Catalog:
    """Return the translations of an app, as people have written them."""
    path = catalogue(app)
    if not path.exists():
        return Catalog(locale=LANGUAGE, project="Headway", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def compiled(app: str) -> Catalog:
    """Return the translations of an app, as programs read them."""
    path = catalogue(app).with_suffix(".mo")
    if not path.exists():
        return Catalog(locale=LANGUAGE)
    with path.open("rb") as file:
        return read_mo(file)


def faults(app: str) -> list[str]:
    """Return all that is wrong with an app's translations, each as a sentence."""
    wanted, found = _by_key(marked(app)), _by_key(written(app))
    where = catalogue(app).relative_to(ROOT)
    return [
        *(f"expected {where} to have {_said(key)}: make translations" for key in wanted - found),
        *(
            f"expected {where} to be without {_said(key)}, which nothing marks any more: "
            "make translations"
            for key in found - wanted
        ),
        *(f"{where}: {fault}" for message in written(app) for fault in _faults_of(message)),
        *_faults_of_compiled(app),
    ]


def update(app: str) -> None:
    """Bring an app's translations up to what it marks, and compile them."""
    found, path = written(app), catalogue(app)
    found.update(marked(app), no_fuzzy_matching=True, update_creation_date=False)
    found.obsolete.clear()
    found.fuzzy = False
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, found, width=100, include_lineno=False, sort_by_file=True)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, written(app))


def _faults_of_compiled(app: str) -> Iterator[str]:
    if _strings(compiled(app)) != _strings(written(app)):
        where = catalogue(app).relative_to(ROOT)
        yield f"expected {where.with_suffix('.mo')} to be what {where.name} says: make translations"


def _code_of(path: Path) -> BytesIO:
    """Return a source as Python; of a template its marks alone, a line each."""
    text = path.read_text()
    if path.suffix == ".html":
        text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
    return BytesIO(text.encode())


def _texts(
    places: Sequence[object], said: object
) -> Iterator[tuple[str | None, str | tuple[str, str]]]:
    """Yield the context and the text of one mark; of a text that is computed nothing."""
    given = list(forms(said))
    context = given.pop(0) if isinstance(places[0], tuple) else None
    texts = [text for text in given[: len(places) - (context is not None)] if text]
    if texts:
        yield context, (texts[0], texts[1]) if len(texts) > 1 else texts[0]


def _faults_of(message: Message) -> Iterator[str]:
    if not message.id:
        return
    found = forms(message.string)
    if not all(found):
        yield f"{_said(_key(message))} is not translated"
        return
    if message.fuzzy:
        yield f"{_said(_key(message))} is fuzzy: look at it and take the mark away"
    asked = _holes(forms(message.id))
    if _holes(found) - asked or (asked - _holes(found) and not message.pluralizable):
        yield f"expected the translation of {_said(_key(message))} to have {sorted(asked)}"


def _holes(texts: Iterable[str]) -> set[str]:
    return {hole for text in texts for hole in _HOLES.findall(text)}


def forms(said: Any) -> tuple[str, ...]:
    """Return the forms of a text: Babel has one, a tuple or, from a compiled file, a list."""
    return tuple(said) if isinstance(said, list | tuple) else (said,)


def _key(message: Message) -> tuple[str, str]:
    return message.context or "", forms(message.id)[0]


def _by_key(catalog: Catalog) -> set[tuple[str, str]]:
    return {_key(message) for message in catalog if message.id}


def _strings(catalog: Catalog) -> dict[tuple[str, str], tuple[str, ...]]:
    return {
        _key(message): forms(message.string)
        for message in catalog
        if message.id and any(forms(message.string))
    }


def _said(key: tuple[str, str]) -> str:
    context, text = key
    return f"“{text}”" + (f" ({context})" if context else "")


if __name__ == "__main__":
    for one in APPS:
        update(one)
        print(f"{catalogue(one).relative_to(ROOT)}: {len(faults(one))} to do")  # noqa: T201  That is what it is asked for.
        for fault in faults(one):
            print(f"  {fault}")  # noqa: T201  The same.
