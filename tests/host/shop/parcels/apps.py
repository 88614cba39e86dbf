"""The app's name and label."""

from django.apps import AppConfig


class ParcelsConfig(AppConfig):
    """Packs parcels."""

    name = "shop.parcels"
