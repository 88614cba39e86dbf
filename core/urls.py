"""Where the pages of the service are."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("headway/", include("realtime.urls")),
]
