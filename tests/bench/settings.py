"""Settings of the benches: the tests' own, with the layers that the peers use."""

import os

from tests.settings import *  # noqa: F403  The benches differ in what stands below alone.
from tests.settings import HEADWAY, INSTALLED_APPS, LOGGING, REDIS_URL

# redis-py 8 closes connections that are idle for 5 s and allows 100 of them: with its defaults
# the core layer would lose most of its 500 consumers, and the comparison would mean nothing.
_HOSTS = [{"address": REDIS_URL, "socket_timeout": 30, "max_connections": 5_000}]

CHANNEL_LAYERS = {
    "core": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": _HOSTS}},
    "pubsub": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": _HOSTS},
    },
}
CHANNEL_LAYERS["default"] = CHANNEL_LAYERS[os.environ.get("BENCH_LAYER", "core")]

# All viewers are a few people at one address.
HEADWAY = {**HEADWAY, "SOCKETS_PER_USER": 10_000, "SOCKETS_PER_ADDRESS": 10_000}

if os.environ.get("BENCH_TRACKING") == "ignored":
    HEADWAY = {**HEADWAY, "IGNORE": ["*"]}
if os.environ.get("BENCH_TRACKING") == "absent":
    INSTALLED_APPS = [
        "tests.bench.absent.Absent" if app == "realtime" else app for app in INSTALLED_APPS
    ]

# A line for each task would be the larger part of what an empty task costs.
LOGGING = {**LOGGING, "root": {"handlers": ["console"], "level": "WARNING"}}
