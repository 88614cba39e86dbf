"""What every answer of the service carries."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

_FAULTS = {HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR}
HEADER = "Content-Security-Policy"

STRICT = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self' ws: wss:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
}
"""Nothing that is written into a page can become a script, a style or a request elsewhere."""

ADMIN = {
    **{name: value for name, value in STRICT.items() if name != "require-trusted-types-for"},
    "style-src": "'self' 'unsafe-inline'",
}
"""Django's admin brings jQuery, which writes markup and styles."""


def policy(sources: dict[str, str]) -> str:
    """Return a policy as a header says it; one that ends with a space uvicorn would not send."""
    return "; ".join(f"{name} {value}".strip() for name, value in sources.items())


class ContentSecurityPolicyMiddleware:
    """Tells the browser what a page may do; an answer that has a policy of its own keeps it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        """Take what answers the request."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add the policy to the answer."""
        answer = self.get_response(request)
        if not _is_djangos_own_page(answer):
            match = request.resolver_match
            in_admin = match is not None and match.app_name == "admin"
            answer.headers.setdefault(HEADER, policy(ADMIN if in_admin else STRICT))
        return answer


def _is_djangos_own_page(answer: HttpResponseBase) -> bool:
    """Tell whether it may be the page that shows a developer what went wrong."""
    return settings.DEBUG and answer.status_code in _FAULTS
