"""What people fill in to start a job."""

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from core.people.columns import FIELDS, mistake_in

WIDTHS = (320, 800, 1600)
NARROWEST, WIDEST = 16, 8_000
MOST_WIDTHS = 5
FORMATS = (
    ("keep", "As it was"),
    ("JPEG", "JPEG"),
    ("PNG", "PNG"),
    ("WEBP", "WebP"),
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
        label="Pictures",
        allow_empty_file=True,
        error_messages={"required": "Choose at least one picture or ZIP."},
    )
    widths = forms.TypedMultipleChoiceField(
        label="Widths",
        choices=[(width, f"{width} px") for width in WIDTHS],
        coerce=int,
        initial=[320, 1600],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    own_widths = forms.CharField(
        label="Other widths",
        required=False,
        max_length=100,
        help_text=f"In pixels, from {NARROWEST} to {WIDEST:,}; several with commas.",
    )
    format = forms.ChoiceField(label="Format", choices=FORMATS, initial="keep")
    quality = forms.IntegerField(
        label="Quality",
        min_value=40,
        max_value=95,
        initial=82,
        help_text="From 40 to 95, for JPEG and WebP.",
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
            self.add_error("widths", "Choose at least one width, or type one below.")
        if len(widths) > MOST_WIDTHS:
            self.add_error("widths", f"Choose at most {MOST_WIDTHS} widths.")
        return {**found, "all_widths": widths}

    @staticmethod
    def _width(word: str) -> int:
        number = word.lower().removesuffix("px")
        if not (number.isascii() and number.isdecimal()) or len(number) > len(str(WIDEST)):
            raise forms.ValidationError(f"“{word}” is not a width: type a number such as 640.")
        if not NARROWEST <= int(number) <= WIDEST:
            raise forms.ValidationError(
                f"{number} is out of range: type a number from {NARROWEST} to {WIDEST:,}."
            )
        return int(number)


class ListForm(forms.Form):
    """The file with an address list."""

    file = forms.FileField(
        label="Address list",
        allow_empty_file=True,
        error_messages={"required": "Choose a CSV file."},
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
    )


class ColumnsForm(forms.Form):
    """Which column of a list holds what."""

    def __init__(self, columns: Sequence[str], *values: Any, **named: Any) -> None:
        """Take the columns that can be chosen."""
        super().__init__(*values, **named)
        choices = [("", "Not in the file"), *((str(at), name) for at, name in enumerate(columns))]
        for field in FIELDS:
            self.fields[field.key] = forms.ChoiceField(
                label=field.label, choices=choices, required=False
            )

    def chosen(self) -> dict[str, int]:
        """Return the column of each field that is in the file."""
        return {key: int(at) for key, at in self.cleaned_data.items() if at}

    def clean(self) -> dict[str, Any]:
        """Refuse a choice that cannot be imported."""
        found = super().clean() or self.cleaned_data
        if mistake := mistake_in(self.chosen()):
            raise forms.ValidationError(mistake)
        return found
