"""Settings of the service, from the environment (README: Configuration)."""

from pathlib import Path

import environ
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

from core import queues

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=True)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
EMBEDDED_REDIS = DATA_DIR / "redis.url"  # Written by `manage.py up` while its own Redis runs.
EMBEDDED_SINK = DATA_DIR / "mail.url"  # The same of its own mail server, which sends nothing on.


def required(name: str, example: str) -> str:
    """Return a variable that production must set; development has a default of its own."""
    value: str = env.str(name, default="")
    if not value:
        raise ImproperlyConfigured(
            f"expected the environment variable {name} to be set while DEBUG is off, "
            f"got: nothing. Set it, for example {name}={example}, or set DEBUG=1 to try things out."
        )
    return value


def one_of(name: str, *choices: str) -> str:
    """Return a variable that knows only a few words; the first is the default."""
    value: str = env.str(name, default=choices[0])
    if value not in choices:
        raise ImproperlyConfigured(
            f"expected the environment variable {name} to be {' or '.join(choices)}, got: {value}"
        )
    return value


def for_celery(url: str) -> str:
    """Return the address in Celery's words, which has its own for Unix sockets."""
    if not url.startswith("unix://"):
        return url
    return url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=")


if DEBUG:
    SECRET_KEY = env.str("SECRET_KEY", default="development-only-" + "0" * 40)
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
else:
    SECRET_KEY = required("SECRET_KEY", "$(openssl rand -base64 48)")
    ALLOWED_HOSTS = [host.strip() for host in required("ALLOWED_HOSTS", "example.org").split(",")]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

SERVER = one_of("SERVER", "daphne", "uvicorn")
LOG_FORMAT = one_of("LOG_FORMAT", "text", "json")
REDIS_URL = env.str("REDIS_URL", default="") or (
    EMBEDDED_REDIS.read_text() if EMBEDDED_REDIS.exists() else "redis://127.0.0.1:6379/0"
)

INSTALLED_APPS = [
    "daphne",
    # Of what is said by several, the first one's translation is shown.
    "realtime",
    "core",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "django_celery_beat",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "core.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "realtime.middleware.OwnerMiddleware",
]
ROOT_URLCONF = "core.urls"
ASGI_APPLICATION = "core.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Web and workers write at once: readers do not block the writer in WAL mode, writers wait
    # for each other instead of failing, and take the lock when they begin (no upgrade deadlock).
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    DATA_DIR.mkdir(parents=True, exist_ok=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "Simplified Chinese")]
FORMAT_MODULE_PATH = ["core.formats"]
LANGUAGE_COOKIE_AGE = 365 * 86400  # What somebody has chosen holds for a year.
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(DATA_DIR / "static"))
MEDIA_ROOT = DATA_DIR / "media"
DATA_UPLOAD_MAX_NUMBER_FILES = 500
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

MAIL_IS_CAUGHT = not env.str("EMAIL_URL", default="") and EMBEDDED_SINK.exists()
EMAIL_CONFIG = env.email_url_config(
    env.str("EMAIL_URL", default="")
    or (EMBEDDED_SINK.read_text() if MAIL_IS_CAUGHT else "consolemail://")
)
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default="Headway <headway@localhost>")
MAIL_RATE = env.float("MAIL_RATE", default=20)
"""Messages a second of one campaign, unless its owner chooses fewer; 0 is no limit."""
MAIL_BACKOFF = env.float("MAIL_BACKOFF", default=30)
"""Seconds until a campaign tries again what the server refuses for now; doubled each time."""
REPORT_FONT = env.str("REPORT_FONT", default="")
"""A TrueType file with Chinese, Japanese and Korean letters, for the PDFs of reports."""
MAIL_FOLDER = DATA_DIR / "mail"

CELERY_BROKER_URL = for_celery(env.str("CELERY_BROKER_URL", default="") or REDIS_URL)
CELERY_RESULT_BACKEND = for_celery(REDIS_URL)
# Without it a task that has done its work is called failed when Redis is away at its end.
CELERY_RESULT_BACKEND_ALWAYS_RETRY = True
CELERY_RESULT_EXPIRES = 7 * 86400  # How long a chord may be paused: no results are kept else.
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_TRACK_STARTED = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_QUEUES = queues.declared()
CELERY_TASK_ROUTES = queues.routes(CELERY_BROKER_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = queues.transport_options(CELERY_BROKER_URL)
# What a worker has taken and does not run yet is overtaken by nothing: as little as there can be.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = not queues.is_rabbit(CELERY_BROKER_URL)
CELERY_BEAT_SCHEDULER = "core.reports.beat:Scheduler"
CELERY_BEAT_SCHEDULE = {
    "Look which reports are due": {"task": "core.jobs.reports.look", "schedule": crontab()},
}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # LOGGING below is for workers too.

if not DEBUG:
    HTTPS = env.bool("HTTPS", default=True)
    SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
    LANGUAGE_COOKIE_SECURE = HTTPS
    SECURE_REDIRECT_EXEMPT = [r"^headway/(healthz|readyz)$"]  # Probes come from inside.
    SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=30 * 86400) if HTTPS else 0
    if env.bool("TRUST_PROXY", default=False):
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    # Whether other hosts of the domain speak HTTPS is not for this service to say.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "core.logs.JsonFormatter"},
    },
    "filters": {"refusals": {"()": "core.logs.NoTracebackOfRefusals"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["refusals"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "daphne": {"level": "WARNING"},
        "django": {"handlers": [], "level": "INFO"},  # Its own handler would repeat each line.
    },
}

HEADWAY = {
    "REDIS_URL": REDIS_URL,
    "SITE_URL": env.str("SITE_URL", default=""),
    "ALERT_PRIVATE_ADDRESSES": env.bool("ALERT_PRIVATE_ADDRESSES", default=False),
    "JOB_PAGE": "/jobs/00000000-0000-0000-0000-000000000000/",
    "PREFERENCES_PAGE": "/notices/preferences/",
    # A picture is a part of its job, which is run again as a whole.
    "KEEP_ARGUMENTS": ["core.jobs.[!i]*", "core.jobs.images.resize"],
    # Nobody waits for a look, and nobody sees a report come that is made while they sleep.
    "IGNORE": ["celery.*", "core.jobs.reports.look"],
    "NOTICE_ALWAYS": ["core.jobs.reports.make"],
}
