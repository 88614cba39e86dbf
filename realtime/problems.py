"""Refusals over HTTP: `application/problem+json`, with what was expected and what came.

Views are wrapped once, in `answers`: who asks, by which method, with the session's CSRF token or an
API token that may be used for this.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import DataError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.cache import never_cache
from kombu.exceptions import OperationalError as BrokerAway

from realtime import permissions, shares, tokens
from realtime.described import Described
from realtime.errors import Refused, StoreAway
from realtime.models import Token

View = Callable[..., HttpResponseBase]

# Told in the language of who asks, English where none is asked for.
SIGN_IN = gettext_noop("Sign in, or send an API token, then ask again.")
NO_JOB = gettext_noop("There is no such job, or it is not yours to see.")
GONE = gettext_noop("The file is no longer kept: run the job again.")
BAD_SHARE = gettext_noop("This link is no longer good: ask who has given it to you for a new one.")
BAD_TOKEN = gettext_noop("This API token is unknown, expired or revoked: ask for a new one.")
UNREADABLE = gettext_noop("The request cannot be read: look at its query and its body.")
BAD_REQUEST = gettext_noop("Bad request")
NOT_ALLOWED = gettext_noop("Not allowed")
ONLY_WHAT_IS_ASKED = gettext_noop("Send only what is asked for.")
TRY_AGAIN = gettext_noop("Try again")
OF_ALL = gettext_noop(
    "This tells of everybody's jobs, and you see a part of them: ask for the right to see all."
)


class Problem(Exception):
    """An answer that is a refusal."""

    def __init__(self, status: int, title: str, detail: str, **headers: str) -> None:
        """Take what the caller is told, and headers that belong to it."""
        super().__init__(detail)
        self.status, self.title, self.detail, self.headers = status, title, detail, headers

    def answer(self) -> HttpResponse:
        """Return the problem document."""
        said = {"title": _(self.title), "status": self.status, "detail": _(self.detail)}
        answer = JsonResponse(said, status=self.status, content_type="application/problem+json")
        for name, value in self.headers.items():
            answer[name.replace("_", "-")] = value
        return answer


class NotSignedIn(Problem):
    """Nobody is signed in: 401."""

    def __init__(self, detail: str = SIGN_IN) -> None:
        """Say so."""
        super().__init__(401, gettext_noop("Not signed in"), detail, WWW_Authenticate="Bearer")


class NotFound(Problem):
    """There is no such thing: 404."""

    def __init__(self, detail: str = NO_JOB) -> None:
        """Say the same of what is unknown and of what is forbidden."""
        super().__init__(404, gettext_noop("Not found"), detail)


class Gone(Problem):
    """There was such a file, and it is kept no longer: 410."""

    def __init__(self) -> None:
        """Say what can be done."""
        super().__init__(410, gettext_noop("Gone"), GONE)


class WrongMethod(Problem):
    """The address does not take this method: 405."""

    def __init__(self, allowed: list[str], got: str) -> None:
        """Take what it would take."""
        wanted = " or ".join(allowed)
        detail = f"expected {wanted}, got: {_short(got)}"
        super().__init__(405, gettext_noop("Method not allowed"), detail, Allow=", ".join(allowed))


def bad_request(what: str, wanted: str, got: str) -> Problem:
    """Return the refusal of something in a request that cannot be understood."""
    return Problem(400, BAD_REQUEST, f"expected {what} to be {wanted}, got: {_short(got)}")


def answers(
    method: str, *, signed_in: bool = True, scope: str | None = None, **described: Any
) -> Callable[[View], View]:
    """Let a view answer one method (HEAD, where it is GET), and turn its refusals into documents.

    What changes something needs the session's CSRF token, or an API token; they are looked at
    here, so that to be without is answered with a document, too. `scope` is what an API token
    must be for: by itself to read, or to act. `method` may be "any", which changes nothing.
    What is `shared` a guest may ask for too, with a share token as the query's `token`.
    What else is `described` is what the view takes and answers, see `Described`.
    """
    scope = scope or ("read" if method in {"GET", "any"} else "act")
    if not signed_in:
        scope = None

    def wrap(view: View) -> View:
        about = Described(method=method, scope=scope, view=view, **described)

        @wraps(view)
        def answer(request: HttpRequest, *values: Any, **named: Any) -> HttpResponseBase:
            try:
                request.headway_view = about  # type: ignore[attr-defined]
                _admit(request, about)
                return view(request, *values, **named)
            except Exception as error:
                if problem := _problem_of(error):
                    return problem.answer()
                raise

        answer.csrf_exempt = True  # type: ignore[attr-defined]
        answer.described = [about]  # type: ignore[attr-defined]
        return never_cache(answer)

    return wrap


def by_method(**views: View) -> View:
    """Let each method of an address have a view of its own."""

    @answers("any")
    def refuse(request: HttpRequest, **_: Any) -> HttpResponse:
        allowed = ["GET", "HEAD"] if "GET" in views else []
        raise WrongMethod([*allowed, *(views.keys() - {"GET"})], str(request.method))

    def answer(request: HttpRequest, **named: Any) -> HttpResponseBase:
        method = "GET" if request.method == "HEAD" else str(request.method)
        return views.get(method, refuse)(request, **named)

    answer.csrf_exempt = True  # type: ignore[attr-defined]
    answer.described = [one.described[0] for one in views.values()]  # type: ignore[attr-defined]
    return answer


def _admit(request: HttpRequest, about: Described) -> None:
    method, scope = about.method, about.scope
    if about.shared and (share := request.GET.get("token")):
        _let_in(request, share)
        scope = None
    token = _token_of(request) if scope else None
    if scope and not token and not _is_signed_in(request):
        raise NotSignedIn
    allowed = ["GET", "HEAD"] if method == "GET" else [method]
    if method != "any" and request.method not in allowed:
        raise WrongMethod(allowed, str(request.method))
    if token and scope not in token.scopes:
        raise Problem(403, NOT_ALLOWED, f"This token is not for this: it needs scope {scope}.")
    if not token and method not in {"GET", "any"}:
        _check_token(request)


def _let_in(request: HttpRequest, token: str) -> None:
    """Let a guest ask, as nobody but a guest, whoever is signed in besides."""
    shared = shares.shared([token]).get(token)
    if shared is None:
        raise NotSignedIn(BAD_SHARE)
    request.headway_shared = shared  # type: ignore[attr-defined]


def shared_with(request: HttpRequest) -> str:
    """Return the id of the job that is shown to the guest who asks, "" where none does."""
    return getattr(request, "headway_shared", "")


def _token_of(request: HttpRequest) -> Token | None:
    """Return the API token that a request brings, and let it ask in its user's name.

    One that is not good is refused, also where somebody is signed in: who brings a token needs no
    CSRF token.
    """
    said = tokens.brought(request)
    if said is None:
        return None
    token = tokens.known(said)
    if token is None:
        raise NotSignedIn(BAD_TOKEN)
    request.user = token.user
    request.headway_token = token.name  # type: ignore[attr-defined]
    return token


def _is_signed_in(request: HttpRequest) -> bool:
    try:
        return request.user.is_authenticated
    except DataError:  # A session's key with a NUL, for which PostgreSQL cannot be asked.
        return False


def check_sees_all(request: HttpRequest) -> None:
    """Refuse what tells of everybody's jobs to who sees only a part of them: 403."""
    if permissions.is_confined(request.user):
        raise Problem(403, NOT_ALLOWED, OF_ALL)


class _Check(CsrfViewMiddleware):
    """Django's own check, telling its reason instead of showing a page."""

    def _reject(self, request: HttpRequest, reason: str) -> Any:
        del request
        detail = "Send the session's CSRF token in the header X-CSRFToken, from a page of ours."
        raise Problem(403, gettext_noop("Not from our page"), f"{reason} {detail}")


def _check_token(request: HttpRequest) -> None:
    check = _Check(_unchecked)
    check.process_request(request)
    check.process_view(request, _unchecked, (), {})


def _unchecked(request: HttpRequest) -> HttpResponse:
    """Stand for a view that asks for the check."""
    del request
    return HttpResponse()


_PROBLEMS: tuple[tuple[tuple[type[Exception], ...], tuple[int, str, str]], ...] = (
    ((StoreAway,), (503, TRY_AGAIN, gettext_noop("Redis does not answer; try again soon."))),
    (
        (OperationalError, InterfaceError),
        (503, TRY_AGAIN, gettext_noop("The database does not answer; try again soon.")),
    ),
    ((BrokerAway,), (503, TRY_AGAIN, gettext_noop("The queue does not answer; try again soon."))),
    (
        (RequestDataTooBig,),
        (413, gettext_noop("Too large"), ONLY_WHAT_IS_ASKED),
    ),
    (
        (SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError),
        (400, BAD_REQUEST, UNREADABLE),
    ),
)
"""What is refused whichever view it happens in; the first that fits counts."""


def _problem_of(error: Exception) -> Problem | None:
    if isinstance(error, Problem):
        return error
    if isinstance(error, Refused):
        return Problem(409, gettext_noop("Not possible now"), str(error))
    return next((Problem(*said) for kinds, said in _PROBLEMS if isinstance(error, kinds)), None)


def _short(text: str) -> str:
    return ascii(text)[1:-1][:80]
