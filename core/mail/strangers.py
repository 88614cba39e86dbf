"""Markup that others have written, shown where it can do nothing."""

from django.http import HttpResponse

from core.middleware import HEADER, policy

POLICY = policy(
    {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
        "sandbox": "",
    }
)
"""No script, no form, no request to anywhere, not even for a picture that counts its readers."""


def framed(markup: str) -> HttpResponse:
    """Return markup as a page for a frame of ours."""
    answer = HttpResponse(markup, content_type="text/html; charset=utf-8")
    answer[HEADER] = POLICY
    answer["X-Frame-Options"] = "SAMEORIGIN"
    answer["Referrer-Policy"] = "no-referrer"
    return answer
