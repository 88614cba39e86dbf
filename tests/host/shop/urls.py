"""The shop's addresses, with Headway's under a name of the shop's own."""

from django.contrib.auth.views import LoginView
from django.urls import include, path

from .parcels import views  # noqa: TID252  It lies elsewhere when it runs.

urlpatterns = [
    path("", views.home, name="home"),
    path("pack/", views.start, name="start"),
    path("packing/<uuid:job_id>/", views.packing, name="packing"),
    path("packing/<uuid:job_id>/steer/", views.steering, name="steering"),
    path("sign-in/", LoginView.as_view(template_name="parcels/sign_in.html"), name="login"),
    path("progress/", include("realtime.urls")),
]
