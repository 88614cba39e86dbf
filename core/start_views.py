"""The pages that start a job: a form, its uploads, and on to the job."""

from http import HTTPStatus
from itertools import chain, islice
from typing import cast
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.forms import Form
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from core import uploads
from core.forms import ColumnsForm, ExportForm, ListForm, NoteForm, PicturesForm
from core.models import Person, Upload
from core.people.columns import match_columns
from core.people.errors import BadTable
from core.people.opening import open_table
from core.people.table import Row, Table
from core.pictures.picture import Options
from core.receiving import LIMIT, TOO_LARGE, receives_files
from core.requests import SignedIn
from core.scenarios import SCENARIOS
from core.starting import (
    Busy,
    NotQueued,
    start_export,
    start_import,
    start_note,
    start_pictures,
)
from core.views import home_page

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
            way = form.cleaned_data["way"]
            return redirect("job", start_import(request.user, upload, form.chosen(), way).pk)
        except NotQueued as fault:
            form.add_error(None, str(fault))
    return render(request, "core/columns.html", _preview(upload, table, sample, form))


@page
@login_required
def export_people(request: SignedIn) -> HttpResponse:
    """Choose people and a kind of file, and start the export."""
    form = ExportForm(request.POST or None, initial={"q": request.GET.get("q", "")})
    if form.is_valid():
        try:
            job = start_export(request.user, form.sought(), form.cleaned_data["form"])
        except NotQueued as fault:
            form.add_error(None, str(fault))
        else:
            return redirect("job", job.pk)
    people = Person.objects.filter(owner=request.user).count()
    return render(request, "core/export.html", {"form": form, "people": people})


@page
@login_required
async def send(request: SignedIn) -> HttpResponse:
    """Send one message: the answer comes at once, the work goes on."""
    user = cast("User", await request.auser())
    sent = request.POST if request.method == "POST" else None
    form = NoteForm(sent, initial={"to": user.email})
    if not form.is_valid():
        return await sync_to_async(_form)(request, "core/send.html", form)
    try:
        here = form.cleaned_data["by"] != "worker"
        job = await start_note(user, form.words, here=here)
    except (NotQueued, Busy) as fault:
        answer = await sync_to_async(_form)(request, "core/send.html", form, str(fault))
        answer.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return answer
    return _go_on(request, reverse("job", args=[job]))


@require_POST
@login_required
def try_it(request: SignedIn, scenario: str) -> HttpResponse:
    """Start a kind of work on sample data, at one click."""
    if scenario not in SCENARIOS:
        raise Http404
    try:
        job = SCENARIOS[scenario](request.user)
    except NotQueued as fault:
        return home_page(request, str(fault))
    return redirect("job", job.pk)


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
