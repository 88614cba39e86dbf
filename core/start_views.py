"""The pages that start a job: a form, its uploads, and on to the job."""

from http import HTTPStatus
from itertools import chain, islice
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from core import uploads
from core.forms import ColumnsForm, ListForm, PicturesForm
from core.models import Upload
from core.people.columns import match_columns
from core.people.errors import BadTable
from core.people.table import Row, Table, open_table
from core.pictures.picture import Options
from core.receiving import LIMIT, TOO_LARGE, receives_files
from core.requests import SignedIn
from core.starting import NotQueued, start_import, start_pictures

PREVIEW = 5
SAMPLE = 50

page = require_http_methods(["GET", "HEAD", "POST"])


@page
@login_required
@receives_files
def pictures(request: SignedIn, refused: str) -> HttpResponse:
    """Take pictures and start to make them smaller."""
    if request.method != "POST" or refused:
        return _form(request, "core/pictures.html", PicturesForm(), refused)
    form = PicturesForm(request.POST, request.FILES)
    if not form.is_valid():
        return _form(request, "core/pictures.html", form)
    asked = form.cleaned_data
    kept = uploads.keep(request.user, asked["pictures"])
    options = Options(tuple(asked["all_widths"]), asked["format"], asked["quality"])
    try:
        job = start_pictures(request.user, kept, options)
    except NotQueued as fault:
        uploads.forget([upload.pk for upload in kept])
        return _form(request, "core/pictures.html", form, str(fault))
    return _go_on(request, reverse("job", args=[job.pk]))


@page
@login_required
@receives_files
def import_list(request: SignedIn, refused: str) -> HttpResponse:
    """Take an address list and go on to its columns."""
    if request.method != "POST" or refused:
        return _form(request, "core/import.html", ListForm(), refused)
    form = ListForm(request.POST, request.FILES)
    if form.is_valid():
        (kept,) = uploads.keep(request.user, [form.cleaned_data["file"]])
        try:
            open_table(kept.path)
        except BadTable as fault:
            uploads.forget([kept.pk])
            form.add_error("file", str(fault))
        else:
            return _go_on(request, reverse("import-columns", args=[kept.pk]))
    return _form(request, "core/import.html", form)


@page
@login_required
def import_columns(request: SignedIn, pk: UUID) -> HttpResponse:
    """Show how the columns were understood, and start the import."""
    upload = get_object_or_404(Upload, pk=pk, owner=request.user)
    try:
        table = open_table(upload.path)
        sample = list(islice(table.rows(), SAMPLE))
    except (BadTable, FileNotFoundError):
        return redirect("import")
    matched = match_columns(table.columns, sample)
    form = ColumnsForm(table.columns, request.POST or None, initial=matched)
    if form.is_valid():
        try:
            return redirect("job", start_import(request.user, upload, form.chosen()).pk)
        except NotQueued as fault:
            form.add_error(None, str(fault))
    return render(request, "core/columns.html", _preview(upload, table, sample, form))


def _preview(upload: Upload, table: Table, sample: list[Row], form: Form) -> dict[str, object]:
    rows = [row.cells for row in sample[:PREVIEW]]
    return {"upload": upload, "table": table, "rows": rows, "form": form}


def _form(request: SignedIn, template: str, form: Form, refused: str = "") -> HttpResponse:
    """Show a form with what is wrong; a script is told as JSON."""
    if _asks_for_json(request) and (refused or form.errors):
        wrong = [refused] if refused else [str(text) for text in chain(*form.errors.values())]
        return JsonResponse({"errors": wrong}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    context = {"form": form, "refused": refused, "limit": LIMIT, "too_large": TOO_LARGE}
    return render(request, template, context)


def _go_on(request: SignedIn, address: str) -> HttpResponse:
    return JsonResponse({"next": address}) if _asks_for_json(request) else redirect(address)


def _asks_for_json(request: SignedIn) -> bool:
    return request.headers.get("Accept") == "application/json"
