"""Settings of the processes in fault scenarios: the tests' own, and what is to go wrong there.

The environment says what: HEADWAY_MORE (settings as JSON), and the variables of `sabotage`,
`steps`, `clock` and `lossy`. Nothing of this is read by the package.
"""

import json
import os

from tests.settings import *  # noqa: F403  What stands below is all that differs.
from tests.settings import HEADWAY, INSTALLED_APPS, REDIS_URL

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.apps.Faults"]
CHANNEL_LAYERS = {
    "lossy": {
        "BACKEND": "tests.faults.lossy.LossyLayer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": 30}], "prefix": "headway"},
    },
}
# A crowd here is one person at one address.
MANY = {"SOCKETS_PER_USER": 10_000, "SOCKETS_PER_ADDRESS": 10_000}
HEADWAY = {**MANY, **HEADWAY, **json.loads(os.environ.get("HEADWAY_MORE", "{}"))}

CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # Redis is away on purpose.
