"""The shop's customers, who are no `auth.User`."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class Customer(AbstractUser):
    """Somebody who may sign in; the key is no number."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
