"""What the shop's worker does."""

import time
from pathlib import Path

from celery import shared_task
from django.conf import settings

from realtime import progress

HALF = Path(settings.BASE_DIR) / "half"
"""Once this file is there, the second half may be packed."""


@shared_task
def pack(parcels: int) -> int:
    """Pack parcels one by one, and rest in the middle."""
    progress.log(f"{parcels} parcels are to be packed")
    for number in progress.track(range(parcels), unit="parcel"):
        progress.update(message=f"Parcel {number}")
        while number == parcels // 2 and not HALF.exists():
            progress.checkpoint()
            time.sleep(0.02)
    return parcels
