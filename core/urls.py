"""Where the pages of the service are."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.i18n import set_language

from core import faults, preferences, sharing, start_views, views
from core.gallery.views import gallery

handler400, handler403, handler404 = faults.bad_request, faults.forbidden, faults.not_found

urlpatterns = [
    path("", views.home, name="home"),
    path("jobs/<uuid:pk>/", views.job_page, name="job"),
    path("jobs/<uuid:pk>/share/", sharing.share, name="share"),
    path("shared/", sharing.shared_page, name="shared"),
    path("notices/", views.notices, name="notices"),
    path("notices/preferences/", preferences.preferences, name="notice-preferences"),
    path("try/<slug:scenario>/", start_views.try_it, name="try"),
    path("pictures/", start_views.pictures, name="pictures"),
    path("send", start_views.send, name="send"),
    path("mail/", include("core.mail.urls")),
    path("reports/", include("core.reports.urls")),
    path("people/", views.people, name="people"),
    path("people/export/", start_views.export_people, name="export"),
    path("people/import/", start_views.import_list, name="import"),
    path("people/import/<uuid:pk>/", start_views.import_columns, name="import-columns"),
    path("gallery/", gallery, name="gallery"),
    path("sign-in/", LoginView.as_view(template_name="core/sign_in.html"), name="login"),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("language/", set_language, name="set_language"),
    path("headway/", include("realtime.urls")),
    path("admin/", admin.site.urls),
]
