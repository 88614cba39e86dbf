"""The pages of what was not found, not allowed or not understood.

Django's own ask for the CSRF token first, so they read the body: one that cannot be read would make
each of them an internal error.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that the request cannot be understood: 400."""
    del exception
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that this is not allowed: 403."""
    del exception
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that there is no such page: 404."""
    del exception
    return render(request, "404.html", status=404)
