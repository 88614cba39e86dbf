"""Settings of the service, from the environment (README: Configuration)."""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=True)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
EMBEDDED_REDIS = DATA_DIR / "redis.url"  # Written by `manage.py up` while its own Redis runs.


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
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "realtime",
    "core",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "core.middleware.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
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

EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)

CELERY_BROKER_URL = for_celery(env.str("CELERY_BROKER_URL", default="") or REDIS_URL)
CELERY_RESULT_BACKEND = for_celery(REDIS_URL)
# Without it a task that has done its work is called failed when Redis is away at its end.
CELERY_RESULT_BACKEND_ALWAYS_RETRY = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_TRACK_STARTED = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # LOGGING below is for workers too.

if not DEBUG:
    HTTPS = env.bool("HTTPS", default=True)
    SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
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

HEADWAY = {"REDIS_URL": REDIS_URL}
