"""All settings, read once from the environment (and from ``.env`` beside ``manage.py``).

The defaults run the hub on a laptop: SQLite, local files, Celery on a SQLite queue. Every setting stands in
``.env.example`` with a sentence; a test keeps the two together. A constant is not a setting.
"""

import base64
import contextlib
import functools
import os
import re
import secrets
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from datahub.broker import register_sqlite_transport
from datahub.mail import mail_settings

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

# Where everything that the hub keeps on disk lies.
DATA_DIR = Path(env.str("HUB_DATA_DIR", str(BASE_DIR / "var"))).resolve()
STORE_DIR = DATA_DIR / "store"  # Parquet parts, named by digest
INDEX_DIR = DATA_DIR / "index"  # serving indexes, always disposable
FILE_DIR = DATA_DIR / "files"  # whole-snapshot files and exports, always disposable
RAW_DIR = DATA_DIR / "raw"  # raw answers, kept for a time
INBOX_DIR = DATA_DIR / "inbox"  # messages that platforms pushed, until a run has published them
SPOOL_DIR = DATA_DIR / "spool"  # staging and spill files, always disposable
FILE_ROOTS = [Path(root).resolve() for root in env.list("HUB_FILE_ROOTS", default=[])]

DEBUG = env.bool("HUB_DEBUG", default=False)
ALLOWED_HOSTS = env.list("HUB_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("HUB_TRUSTED_ORIGINS", default=[])
BASE_URL = env.str("HUB_BASE_URL", default="").rstrip("/")  # permanent addresses; empty: as the request came
USE_HTTPS = env.bool("HUB_HTTPS", default=False)


def secret_key() -> str:
    """Return the given key, else one made once and kept readable by the owner alone in the data folder."""
    return env.str("HUB_SECRET_KEY", default="") or made_once("secret_key", secrets.token_urlsafe(50))


def encryption_keys() -> list[str]:
    """Return the keys that stored secrets are encrypted with; without any, one is made and kept as the other key is."""
    made = functools.partial(made_once, "encryption_key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    keys = [key.strip() for key in env.list("HUB_ENCRYPTION_KEYS", default=[]) if key.strip()] or [made()]
    for place, key in enumerate(keys, start=1):
        if not re.fullmatch(r"[A-Za-z0-9_-]{43}=", key):  # 32 bytes
            raise ImproperlyConfigured(
                f"Key {place} of HUB_ENCRYPTION_KEYS is not 32 bytes in URL-safe base64; docs/operations.md tells how to "
                f"make one. {place}번째 암호화 키가 32바이트의 URL-safe base64가 아닙니다."
            )
    return keys


def made_once(name: str, fresh: str) -> str:
    """Return what the file of the data folder holds; of several processes that start at once one writes it."""
    kept = DATA_DIR / name
    if not kept.is_file():
        try:
            DATA_DIR.mkdir(parents=True, exist_ok=True)
            written = DATA_DIR / f"{name}.{secrets.token_hex(8)}"
            with os.fdopen(
                os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii"
            ) as file:
                file.write(fresh)
            with contextlib.suppress(FileExistsError):  # another process of the same start made it
                kept.hardlink_to(written)  # appears complete or not at all
            written.unlink()
        except OSError as error:
            raise ImproperlyConfigured(
                f"The data folder {DATA_DIR} cannot be written ({error.strerror}); set HUB_DATA_DIR to a folder that can. "
                f"데이터 폴더에 쓸 수 없습니다. HUB_DATA_DIR에 쓸 수 있는 폴더를 지정하십시오."
            ) from error
    return kept.read_text(encoding="ascii")


SECRET_KEY = secret_key()
ENCRYPTION_KEYS = encryption_keys()  # the first encrypts, all decrypt

INSTALLED_APPS = [
    "catalog.apps.AdminSite",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "catalog.apps.CatalogConfig",
    "ingest.apps.IngestConfig",
    "datahub.apps.DatahubConfig",
]

MIDDLEWARE = [
    "ingest.platform.door.receive_directly",
    "catalog.api.direct.answer_directly",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "catalog.api.cors.allow_other_origins",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "catalog.api.quota.limit_callers",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "datahub.urls"
WSGI_APPLICATION = "datahub.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "catalog" / door / "templates" for door in ("portal", "admin", "api")],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ],
        },
    }
]

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'hub.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

LANGUAGE_CODE = "ko"
LANGUAGES = [("ko", _("Korean")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "datahub" / "locale"]
TIME_ZONE = "Asia/Seoul"
USE_TZ = True
FORMAT_MODULE_PATH = "datahub.formats"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "catalog" / "portal" / "static"]
WHITENOISE_USE_FINDERS = True  # static files are served from the packages, nothing is collected

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = USE_HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if USE_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "catalog.api.authentication.KeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["catalog.api.rendering.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "catalog.api.rendering.OneRenderer",
    "EXCEPTION_HANDLER": "catalog.api.errors.problem_response",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Urban Data Hub API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SCHEMA_PATH_PREFIX_INSERT": "",
    "SERVERS": [{"url": "/"}],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "tryItOutEnabled": True,
        "displayRequestDuration": True,
        "validatorUrl": None,
    },
    "SWAGGER_UI_FAVICON_HREF": "/static/portal/icon.svg",
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "PREPROCESSING_HOOKS": ["catalog.api.documentation.only_version_one"],
    "POSTPROCESSING_HOOKS": ["catalog.api.documentation.introduce"],
}

# Records: caps of one query; small machines are the default.
QUERY_MEMORY_MIB = env.int("HUB_QUERY_MEMORY_MIB", default=512)
QUERY_SECONDS = env.int("HUB_QUERY_SECONDS", default=60)
INDEX_RECORDS = env.int("HUB_INDEX_RECORDS", default=5000)  # from so many records on; 0 builds no serving indexes
BOUNDARIES = env.str("HUB_BOUNDARIES", default="")  # the dataset whose shapes are the districts of questions
ANSWERS_MIB = env.int("HUB_ANSWERS_MIB", default=64)  # answers that each web process keeps; 0 keeps none
WEB_THREADS = 4  # of each web process; heavy questions get half of them (catalog/storage.py)
AUDIT_DAYS = env.int("HUB_AUDIT_DAYS", default=1095)  # how long it is told who did what
SNAPSHOT_DAYS = env.int("HUB_SNAPSHOT_DAYS", default=30)  # how long a replaced snapshot stays readable

# Whole-snapshot files and exports: written by the workers, beside the pulls.
FILE_RECORDS = env.int("HUB_FILE_RECORDS", default=5000000)  # larger snapshots are written when somebody asks
FILE_MIB = env.int("HUB_FILE_MIB", default=20480)  # the room for all of them; exports get half of it at most
FILE_WRITERS = env.int("HUB_FILE_WRITERS", default=1)  # how many are written at once, so that pulls go on
EXPORT_HOURS = env.int("HUB_EXPORT_HOURS", default=24)
EXPORTS_EACH = env.int("HUB_EXPORTS_EACH", default=5)

# How much a caller of the API may ask; 0 is without a limit. A key may have limits of its own.
ANONYMOUS_PER_MINUTE = env.int("HUB_ANONYMOUS_PER_MINUTE", default=600)
KEY_PER_MINUTE = env.int("HUB_KEY_PER_MINUTE", default=6000)
KEY_PER_DAY = env.int("HUB_KEY_PER_DAY", default=1000000)
TRUSTED_PROXIES = env.int("HUB_TRUSTED_PROXIES", default=0)  # how many proxies in a row write X-Forwarded-For

# Alerts: what stewards are told of sources that fail, by e-mail and webhooks (admin: alert channels).
ALERT_MINUTES = env.int("HUB_ALERT_MINUTES", default=10)  # a channel gets one message in so long at most
MAIL = mail_settings(env.str("HUB_EMAIL_URL", default=""))
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = MAIL.backend, MAIL.host, MAIL.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL.user, MAIL.password
EMAIL_USE_TLS, EMAIL_USE_SSL = MAIL.starts_tls, MAIL.speaks_tls
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("HUB_EMAIL_FROM", default="") or MAIL.user

# Celery: messages are only hints, the database is the queue of record (docs/decisions/0003).
register_sqlite_transport()
CELERY_BROKER_URL = env.str("HUB_BROKER_URL", default=f"sqlitelease:///{DATA_DIR / 'broker.sqlite3'}")
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_TASK_TIME_LIMIT = 900
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_POOL_ACQUIRE_TIMEOUT = 30
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": 1800,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "socket_timeout": 30,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 25,
    }
    if CELERY_BROKER_URL.startswith("redis")
    else {"longest_drain": 0.5}  # the worker looks for signals in between
)
CELERY_WORKER_POOL = "datahub.pool:TaskPool"
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 600_000  # KiB
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = (
    20.0  # one that is told to stop at once ends what it does first; the supervisor waits for 30 s
)
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_ETA_TASK_LIMIT = 100
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {
    "tick": {"task": "ingest.tasks.tick", "schedule": 10.0, "options": {"expires": 10}},
    "take_platform_messages": {
        "task": "ingest.tasks.take_platform_messages",
        "schedule": 2.0,
        "options": {"expires": 2},
    },
    "tell_platforms": {"task": "ingest.tasks.tell_platforms", "schedule": 5.0, "options": {"expires": 5}},
    "erase_platform_data": {
        "task": "ingest.tasks.erase_platform_data",
        "schedule": 1800.0,
        "options": {"expires": 1800},
    },
    "erase_records": {"task": "ingest.tasks.erase_records", "schedule": 10.0, "options": {"expires": 10}},
    "sync_hubs": {"task": "ingest.tasks.sync_hubs", "schedule": 15.0, "options": {"expires": 15}},
    "harvest_due": {"task": "ingest.tasks.harvest_due", "schedule": 60.0, "options": {"expires": 60}},
    "check_links": {"task": "ingest.tasks.check_links", "schedule": 3600.0, "options": {"expires": 600}},
    "assess": {"task": "ingest.tasks.assess", "schedule": 600.0, "options": {"expires": 300}},
    "build_indexes": {"task": "catalog.tasks.build_indexes", "schedule": 15.0, "options": {"expires": 15}},
    "write_file": {"task": "catalog.tasks.write_file", "schedule": 10.0, "options": {"expires": 10}},
    "tidy_files": {"task": "catalog.tasks.tidy_files", "schedule": 600.0, "options": {"expires": 300}},
    "tidy": {"task": "ingest.tasks.tidy", "schedule": 3600.0, "options": {"expires": 600}},
    "deliver_alerts": {"task": "ingest.tasks.deliver_alerts", "schedule": 30.0, "options": {"expires": 30}},
}
FETCH_SECONDS = env.int("HUB_FETCH_SECONDS", default=300)  # one answer of a source, with all its repetitions
FETCH_MIB = env.int("HUB_FETCH_MIB", default=512)  # one answer, unpacked
RUN_LEASE_SECONDS = env.int("HUB_RUN_LEASE_SECONDS", default=45)
HOST_PER_SECOND = env.int("HUB_HOST_PER_SECOND", default=10)  # requests; 0 is without a limit
HOST_RUNS = env.int("HUB_HOST_RUNS", default=2)  # at a time; fewer than the worker has hands; 0 is without a limit
INBOX_MIB = env.int("HUB_INBOX_MIB", default=1024)  # of each source; what is pushed beyond is refused

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("HUB_LOG_LEVEL", default="INFO")},
    # What a caller does wrong is answered to the caller; a line of the log for each would let anybody fill the disk.
    # What goes over the wire, keys among it, is in httpcore2's own lines of DEBUG.
    "loggers": {"django.request": {"level": "ERROR"}, "httpcore2": {"level": "INFO"}},
}
