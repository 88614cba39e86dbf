"""Uploads are kept until a moment of their own; those that wait already, for a day as before."""

from datetime import timedelta
from typing import Any

from django.db import migrations, models
from django.db.models import F


def expire_as_before(apps: Any, _: Any) -> None:
    """Give those that are there the moment at which they would have been swept."""
    uploads = apps.get_model("core", "Upload").objects
    uploads.update(expires_at=F("created_at") + timedelta(days=1))


class Migration(migrations.Migration):
    """See above."""

    dependencies = [("core", "0002_mail")]

    operations = [
        migrations.AddField(
            "upload",
            "expires_at",
            models.DateTimeField(db_index=True, help_text="Until when it is kept.", null=True),
        ),
        migrations.AlterField("upload", "created_at", models.DateTimeField(auto_now_add=True)),
        migrations.RunPython(expire_as_before, migrations.RunPython.noop),
    ]
