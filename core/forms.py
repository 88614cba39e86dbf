"""What people fill in to start a job."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.people.columns import FIELDS, mistake_in
from core.people.export import FORMS, Sought
from core.pictures.kinds import USABLE, WITH_AVIF

WIDTHS = (320, 800, 1600)
NARROWEST, WIDEST = 16, 8_000
MOST_WIDTHS = 5
FORMATS = (
    ("keep", gettext_lazy("As it was")),
    ("JPEG", "JPEG"),
    ("PNG", "PNG"),
    ("WEBP", "WebP"),
    *([("AVIF", "AVIF")] if WITH_AVIF else []),
)


class ManyFilesInput(forms.ClearableFileInput):
    """A file input that takes several files."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files, at least one."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[bytes]]":
        """Return the files that were chosen."""
        files = data if isinstance(data, list | tuple) else [data]
        clean_one = super().clean
        return [clean_one(file, initial) for file in files or [None]]


class PicturesForm(forms.Form):
    """Pictures, and what is to be made of them."""

    pictures = ManyFilesField(
        label=gettext_lazy("Pictures"),
        help_text=format_lazy(
            gettext_lazy("{formats}, 200 MB together; at most 2,000 pictures."), formats=USABLE
        ),
        allow_empty_file=True,
        error_messages={"required": gettext_lazy("Choose at least one picture or ZIP.")},
    )
    widths = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Widths"),
        choices=[(width, f"{width} px") for width in WIDTHS],
        coerce=int,
        initial=[320, 1600],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    own_widths = forms.CharField(
        label=gettext_lazy("Other widths"),
        required=False,
        max_length=100,
        help_text=format_lazy(
            gettext_lazy("In pixels, from {least} to {most}; several with commas."),
            least=NARROWEST,
            most=f"{WIDEST:,}",
        ),
    )
    format = forms.ChoiceField(label=gettext_lazy("Format"), choices=FORMATS, initial="keep")
    quality = forms.IntegerField(
        label=gettext_lazy("Quality"),
        min_value=40,
        max_value=95,
        initial=82,
        help_text=gettext_lazy("From 40 to 95, for all but PNG."),
    )

    def clean_own_widths(self) -> list[int]:
        """Return the numbers that were typed."""
        words = re.split(r"[\s,;]+", self.cleaned_data["own_widths"].strip())
        return [self._width(word) for word in words if word]

    def clean(self) -> dict[str, Any]:
        """Join the widths that were ticked with those that were typed."""
        found = super().clean() or self.cleaned_data
        if "own_widths" not in found:
            return found
        widths = sorted({*found.get("widths", []), *found["own_widths"]})
        if not widths:
            self.add_error("widths", _("Choose at least one width, or type one below."))
        if len(widths) > MOST_WIDTHS:
            self.add_error("widths", _("Choose at most %(most)d widths.") % {"most": MOST_WIDTHS})
        return {**found, "all_widths": widths}

    @staticmethod
    def _width(word: str) -> int:
        number = word.lower().removesuffix("px")
        if not (number.isascii() and number.isdecimal()) or len(number) > len(str(WIDEST)):
            raise forms.ValidationError(
                _("“%(word)s” is not a width: type a number such as 640.") % {"word": word}
            )
        if not NARROWEST <= int(number) <= WIDEST:
            raise forms.ValidationError(
                _("%(number)s is out of range: type a number from %(least)d to %(most)s.")
                % {"number": number, "least": NARROWEST, "most": f"{WIDEST:,}"}
            )
        return int(number)


ACCEPTED = ".csv,.txt,.tsv,.xlsx,.jsonl,.ndjson,text/csv,text/plain"
WAYS = (
    ("good", gettext_lazy("Import the good rows and hand back the others")),
    ("all", gettext_lazy("Import all rows or none")),
)


class ListForm(forms.Form):
    """The file with an address list."""

    file = forms.FileField(
        label=gettext_lazy("Address list"),
        allow_empty_file=True,
        error_messages={"required": gettext_lazy("Choose a CSV, XLSX or JSON Lines file.")},
        widget=forms.FileInput(attrs={"accept": ACCEPTED}),
    )


class NoteForm(forms.Form):
    """One message, and who sends it."""

    to = forms.EmailField(label=gettext_lazy("To"))
    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=100)
    text = forms.CharField(
        label=gettext_lazy("Message"), max_length=5_000, widget=forms.Textarea({"rows": 5})
    )
    by = forms.ChoiceField(
        label=gettext_lazy("Who sends it"),
        choices=[
            ("here", gettext_lazy("This web server, after its answer")),
            ("worker", gettext_lazy("A worker")),
        ],
        initial="here",
        required=False,
        widget=forms.RadioSelect,
    )

    def clean_subject(self) -> str:
        """Return one line: a second one would be another header."""
        return " ".join(self.cleaned_data["subject"].split())

    @property
    def words(self) -> tuple[str, str, str]:
        """Address, subject and text."""
        found = self.cleaned_data
        return found["to"], found["subject"], found["text"]


class ColumnsForm(forms.Form):
    """Which column of a list holds what, and how it is brought in."""

    way = forms.ChoiceField(
        label=gettext_lazy("When rows cannot be used"),
        choices=WAYS,
        initial="good",
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, columns: Sequence[str], *values: Any, **named: Any) -> None:
        """Take the columns that can be chosen."""
        super().__init__(*values, **named)
        choices = [
            ("", _("Not in the file")),
            *((str(at), name) for at, name in enumerate(columns)),
        ]
        for field in FIELDS:
            self.fields[field.key] = forms.ChoiceField(
                label=_(field.label), choices=choices, required=False
            )

    def chosen(self) -> dict[str, int]:
        """Return the column of each field that is in the file."""
        found = {field.key: self.cleaned_data.get(field.key) for field in FIELDS}
        return {key: int(at) for key, at in found.items() if at}

    def columns(self) -> list[forms.BoundField]:
        """Return the fields of the columns."""
        return [self[field.key] for field in FIELDS]

    def clean_way(self) -> str:
        """Return how it is brought in; the other button only tries."""
        return "try" if "try" in self.data else self.cleaned_data["way"] or "good"

    def clean(self) -> dict[str, Any]:
        """Refuse a choice that cannot be imported."""
        found = super().clean() or self.cleaned_data
        if mistake := mistake_in(self.chosen()):
            raise forms.ValidationError(mistake)
        return found


class ExportForm(forms.Form):
    """Which people are exported, and to what kind of file."""

    q = forms.CharField(
        label=gettext_lazy("Name or e-mail contains"), required=False, max_length=100
    )
    city = forms.CharField(label=gettext_lazy("City contains"), required=False, max_length=100)
    form = forms.ChoiceField(
        label=gettext_lazy("File"),
        choices=[(suffix, gettext_lazy(form.label)) for suffix, form in FORMS.items()],
        help_text=gettext_lazy("CSV and XLSX carry no formulas, whatever people are called."),
    )

    def sought(self) -> Sought:
        """Return who is wanted."""
        return Sought(self.cleaned_data["q"], self.cleaned_data["city"])
