"""The service's own tables in Django's admin."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from core.models import Campaign, Person, Upload

if TYPE_CHECKING:
    _CampaignAdmin = admin.ModelAdmin[Campaign]
    _PersonAdmin = admin.ModelAdmin[Person]
    _UploadAdmin = admin.ModelAdmin[Upload]
else:  # Django's own classes are generic only for type checkers.
    _CampaignAdmin = _PersonAdmin = _UploadAdmin = admin.ModelAdmin


@admin.register(Person)
class PersonAdmin(_PersonAdmin):
    """Everybody's people."""

    list_display = ("name", "email", "city", "birthday", "owner", "changed_at")
    search_fields = ("name", "email")
    list_filter = ("owner",)
    list_select_related = ("owner",)
    readonly_fields = ("source", "added_at", "changed_at")


@admin.register(Upload)
class UploadAdmin(_UploadAdmin):
    """What waits for a job; to look at, its bytes are not shown."""

    list_display = ("name", "size", "owner", "created_at")
    list_select_related = ("owner",)
    fields = readonly_fields = ("id", "name", "size", "owner", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: uploads come through the pages."""
        del request
        return False


@admin.register(Campaign)
class CampaignAdmin(_CampaignAdmin):
    """Everybody's campaigns, to look at: they are written and sent on the pages."""

    list_display = ("subject", "owner", "created_at")
    list_select_related = ("owner",)
    fields = readonly_fields = ("subject", "sender", "text", "html", "owner", "job", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a campaign needs its recipients."""
        del request
        return False
