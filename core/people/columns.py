"""Which column of a file holds what, in the words of several languages."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.people.table import Row


@dataclass(frozen=True)
class Field:
    """Something that is known of a person."""

    key: str
    """The name that the program uses."""
    label: str
    """The name that people read, in English: gettext knows it."""
    synonyms: frozenset[str]
    """What columns are called that hold it, folded."""


def _field(key: str, label: str, synonyms: str) -> Field:
    return Field(key, label, frozenset({fold(word) for word in [label, *synonyms.split(",")]}))


def fold(text: str) -> str:
    """Return a name without case, accents, spaces and signs, to compare with."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).casefold()
    return "".join(sign for sign in plain if sign.isalnum())


FIELDS = (
    _field(
        "email",
        gettext_noop("E-mail"),
        "e-mail address,email,mail,mail address,primary email,contact email,e-mail-adresse,"
        "mailadresse,correo,correo electrónico,dirección de correo,courriel,邮箱,电子邮箱,"
        "电子邮件,邮件地址,電子郵件,信箱",
    ),
    _field(
        "name",
        gettext_noop("Name"),
        "full name,display name,contact,person,customer,vollständiger name,vor- und nachname,"
        "nombre completo,nombre y apellidos,nom complet,姓名,全名,名字,名称",
    ),
    _field(
        "first",
        gettext_noop("First name"),
        "given name,forename,first,vorname,rufname,nombre,nombre de pila,prénom,名",
    ),
    _field(
        "last",
        gettext_noop("Last name"),
        "surname,family name,last,nachname,familienname,zuname,apellido,apellidos,"
        "nom de famille,姓,姓氏",
    ),
    _field(
        "birthday",
        gettext_noop("Birthday"),
        "birth date,birthdate,date of birth,dob,born,born on,geburtstag,geburtsdatum,geboren,"
        "geboren am,fecha de nacimiento,nacimiento,cumpleaños,date de naissance,生日,出生日期,"
        "出生年月日,出生",
    ),
    _field(
        "city",
        gettext_noop("City"),
        "town,place,location,home town,ort,stadt,wohnort,ciudad,población,localidad,ville,"
        "城市,市,所在城市,居住地",
    ),
)
KEYS = tuple(field.key for field in FIELDS)


def match_columns(columns: Sequence[str], sample: Sequence[Row]) -> dict[str, int]:
    """Return the column of each field that is found; no column is used twice."""
    folded = [fold(name) for name in columns]
    found: dict[str, int] = {}
    for field in FIELDS:
        for at, name in enumerate(folded):
            if name in field.synonyms and at not in found.values():
                found[field.key] = at
                break
    if {"name", "first"} <= found.keys() and "last" not in found:
        found["last"] = found.pop("name")  # “Vorname; Name”: beside a first name it is the last.
    if "email" not in found:
        found |= _by_content(sample, set(found.values()))
    return found


def _by_content(sample: Sequence[Row], taken: set[int]) -> dict[str, int]:
    """Return the column whose cells mostly look like e-mail addresses."""
    counts: dict[int, int] = {}
    for row in sample:
        for at, cell in enumerate(row.cells):
            if "@" in cell and at not in taken:
                counts[at] = counts.get(at, 0) + 1
    best = max(counts, key=lambda at: counts[at], default=None)
    return {} if best is None or counts[best] * 2 < len(sample) else {"email": best}


def mistake_in(chosen: Mapping[str, int]) -> str:
    """Return what is wrong with a choice of columns as a sentence, or nothing."""
    if "email" not in chosen:
        return _("Choose the column with the e-mail addresses: they tell people apart.")
    twice = [key for key in chosen if list(chosen.values()).count(chosen[key]) > 1]
    if twice:
        labels = [_(field.label) for field in FIELDS if field.key in twice]
        said = _("%(fields)s use the same column: choose another one for each.")
        return said % {"fields": _(" and ").join(labels)}
    return ""
