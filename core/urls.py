"""Where the pages of the service are."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from core import start_views, views

urlpatterns = [
    path("", views.home, name="home"),
    path("jobs/<uuid:pk>/", views.job_page, name="job"),
    path("pictures/", start_views.pictures, name="pictures"),
    path("people/", views.people, name="people"),
    path("people/import/", start_views.import_list, name="import"),
    path("people/import/<uuid:pk>/", start_views.import_columns, name="import-columns"),
    path("sign-in/", LoginView.as_view(template_name="core/sign_in.html"), name="login"),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("headway/", include("realtime.urls")),
    path("admin/", admin.site.urls),
]
