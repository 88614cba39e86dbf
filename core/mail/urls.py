"""Where the pages of campaigns are, and those of the messages that were caught."""

from django.urls import path

from core.mail import outcomes, reading, views

urlpatterns = [
    path("", views.campaigns, name="mail"),
    path("new/", views.write, name="mail-new"),
    path("caught/", reading.caught, name="mail-caught"),
    path("caught/<slug:name>/", reading.message, name="mail-message"),
    path("caught/<slug:name>/html/", reading.message_html, name="mail-message-html"),
    path("<uuid:pk>/", outcomes.campaign, name="mail-campaign"),
    path("<uuid:pk>/edit/", views.write, name="mail-edit"),
    path("<uuid:pk>/preview/<int:number>/", views.preview_html, name="mail-preview"),
    path("<uuid:pk>/test/", views.test, name="mail-test"),
    path("<uuid:pk>/send/", views.send, name="mail-send"),
    path("<uuid:pk>/again/", outcomes.again, name="mail-again"),
]
