"""Every setting of Pincite, by topic. Deployment choices come from the environment (README)."""

import os
from pathlib import Path

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from django.utils.translation import gettext_lazy as _
from kombu import Exchange, Queue

from config import env

BASE_DIR = Path(__file__).resolve().parent.parent

# Where everything that is not code lives -----------------------------------------------------

DATA = env.folder(
    "PINCITE_DATA", BASE_DIR / "var", _("Database, uploads, queue, stream logs, secret key.")
)
FILES = DATA / "files"
PICTURES = DATA / "pictures"
INCOMING = DATA / "incoming"
STREAMS = DATA / "streams"
QUEUE = DATA / "queue"
for _path in (DATA, FILES, INCOMING, PICTURES, STREAMS, QUEUE, DATA / "static"):
    _path.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    """The key from the environment, else the one made once for this data folder."""
    given = env.text("PINCITE_SECRET_KEY", "", _("Signs sessions; made once if unset."), True)
    path = DATA / "secret_key"
    if given:
        return given
    try:
        # O_EXCL: of two processes that start together, one writes and the other reads
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip() or get_random_secret_key()
    with os.fdopen(handle, "w") as file:
        key = get_random_secret_key()
        file.write(key)
    return key


SECRET_KEY = _secret_key()

# Where it is reached -------------------------------------------------------------------------

URL = env.https_url("PINCITE_URL", _("The public https address. Unset: this machine only."))
LOCAL = not URL
PORT = env.whole("PINCITE_PORT", 8000, _("Port of the web server on loopback."), 1, 65535)
DEBUG = env.switch("PINCITE_DEBUG", False, _("Django's debug pages. Never in production."))

ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
if URL:
    ALLOWED_HOSTS = [URL.removeprefix("https://").split(":")[0], "127.0.0.1", "localhost"]
    CSRF_TRUSTED_ORIGINS = [URL]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# A name of our own, with the port: cookies do not tell ports apart, and two local runs must not
# sign each other out.
SESSION_COOKIE_NAME = "pincite" if URL else f"pincite_{PORT}"
CSRF_COOKIE_NAME = f"{SESSION_COOKIE_NAME}_csrf"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

# What it is made of --------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "csp",
    "django_htmx",
    "config",
    "accounts",
    "documents",
    "qa",
    "reviews",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.fragments.vary",
    "accounts.middleware.time_zone",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.csp.nonce",
            ],
        },
    }
]

# Database ------------------------------------------------------------------------------------

_sqlite = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATA / "pincite.sqlite3",
    "OPTIONS": {
        # DEFERRED transactions meet locks under load, IMMEDIATE ones queue for them
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
    },
    # a file, so that threads and processes of a test share it
    "TEST": {"NAME": str(DATA / "test.sqlite3")},
}
_database_url = env.text(
    "DATABASE_URL",
    "",
    _("postgres://user:password@host/name. Unset: SQLite in PINCITE_DATA."),
    True,
)
try:
    DATABASES = {"default": dj_database_url.parse(_database_url) if _database_url else _sqlite}
except (ValueError, KeyError, dj_database_url.UnknownSchemeError) as error:
    raise ImproperlyConfigured(f"DATABASE_URL is not usable: {error}.") from error
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "accounts:signin"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "accounts:signin"
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

# Language and time ---------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Static files --------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = DATA / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": FILES},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Streams of running answers ------------------------------------------------------------------

REDIS_URL = env.redis_url(
    "REDIS_URL", _("redis://host:6379/0, for stream logs. Unset: files in PINCITE_DATA.")
)

# Uploads and reading -------------------------------------------------------------------------

MAX_UPLOAD_MB = env.whole("PINCITE_MAX_UPLOAD_MB", 100, _("Largest file accepted, in MB."), 1)
UNFINISHED_MB = env.whole(
    "PINCITE_UNFINISHED_MB", 2000, _("Room for one person's unfinished uploads, in MB."), 1
)
MAX_PAGES = env.whole("PINCITE_MAX_PAGES", 5000, _("Longest document accepted, in pages."), 1)
READER_MEMORY_MB = env.whole(
    "PINCITE_READER_MEMORY_MB", 1536, _("Memory limit of the process that reads files."), 256
)
READER_SECONDS = env.whole(
    "PINCITE_READER_SECONDS", 120, _("Time limit for reading one document."), 1
)
TRASH_DAYS = env.whole(
    "PINCITE_TRASH_DAYS", 30, _("Days a deleted document can be restored."), 0, 3650
)
PICTURES_MB = env.whole(
    "PINCITE_PICTURES_MB", 500, _("Room for pictures of pages that were looked at, in MB."), 0
)
OCR_LANGUAGES = env.names(
    "PINCITE_OCR_LANGUAGES", "eng", _("Tesseract's names of the languages of scans.")
)
OCR_MINUTES = env.whole(
    "PINCITE_OCR_MINUTES", 240, _("Time limit for recognising the text of one document."), 1
)
# files above this size are streamed to disk, not held in memory
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_000_000
DATA_UPLOAD_MAX_NUMBER_FILES = 500

# Claude --------------------------------------------------------------------------------------

ANTHROPIC_API_KEY = env.text("ANTHROPIC_API_KEY", "", _("Unset: answers are extracts."), True)
ANTHROPIC_BASE_URL = env.text(
    "ANTHROPIC_BASE_URL", "https://api.anthropic.com", _("Where Claude is reached with a key.")
)
ENCRYPTION_KEYS = env.encryption_keys(
    "PINCITE_ENCRYPTION_KEY", _("Seals the API keys of workspaces in the database.")
)
EMULATOR_PORT = env.whole(
    "PINCITE_EMULATOR_PORT", 0, _("Port of the emulator; 0 takes a free one."), 0, 65535
)
EMULATOR_URL = env.text(
    "PINCITE_EMULATOR_URL", "", _("Where the emulator listens; `make run` sets it.")
)
DEFAULT_MODEL = env.text("PINCITE_MODEL", "claude-sonnet-5-5", _("Model of a new question."))
ANSWER_THREADS = env.whole(
    "PINCITE_ANSWER_THREADS", 16, _("Answers one worker writes at the same time."), 1, 1000
)
SEARCH_REQUESTS = env.whole(
    "PINCITE_SEARCH_REQUESTS", 10, _("Requests of one answer that searches, at most."), 2, 50
)
SEARCH_TOKENS = env.whole(
    "PINCITE_SEARCH_TOKENS", 500_000, _("Tokens of one answer that searches, at most."), 20_000
)
SEARCH_USD = env.whole(
    "PINCITE_SEARCH_USD", 2, _("US dollars that one answer that searches costs, at most."), 1
)
LEASE_SECONDS = env.whole(
    "PINCITE_LEASE_SECONDS",
    15,
    _("Silence of a worker, in seconds, after which another takes its answers over."),
    3,
    3600,
)
RETRY_SECONDS = env.whole(
    "PINCITE_RETRY_SECONDS",
    2,
    _("Seconds before a failed request is first sent again; doubled each time."),
    1,
    60,
)
FILE_DAYS = env.whole(
    "PINCITE_FILE_DAYS", 30, _("Days a text stays with the Files API before it is renewed."), 1, 90
)

PREWARM = env.switch(
    "PINCITE_PREWARM", True, _("Whether documents of an opened conversation are read beforehand.")
)
PREWARM_USD = env.whole(
    "PINCITE_PREWARM_USD",
    1,
    _("US dollars that reading documents beforehand costs for one conversation, at most."),
    0,
)
SUGGEST = env.switch(
    "PINCITE_SUGGEST", True, _("Whether first questions about chosen documents are suggested.")
)

# Work in the background ----------------------------------------------------------------------

CELERY_BROKER_URL = env.text(
    "CELERY_BROKER_URL", "", _("redis://… or amqp://… Unset: a folder in PINCITE_DATA."), True
)
if not CELERY_BROKER_URL:
    CELERY_BROKER_URL = "folder://localhost"
    CELERY_BROKER_TRANSPORT_OPTIONS = {"folder": str(QUEUE)}
QUEUE_PREFIX = env.text(
    "PINCITE_QUEUE_PREFIX", "", _("Before the queues' names, where a broker is shared.")
)
# the alias is what routes and workers call it
CELERY_TASK_QUEUES = [
    Queue(
        f"{QUEUE_PREFIX}{name}",
        Exchange(f"{QUEUE_PREFIX}{name}"),
        f"{QUEUE_PREFIX}{name}",
        alias=name,
    )
    for name in ("answers", "ingest", "ocr", "default")
]
CELERY_TASK_DEFAULT_QUEUE = "default"
# a message is only a hint: nobody who asks waits long for a broker that is away
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}
CELERY_BROKER_CONNECTION_TIMEOUT = 2.0
CELERY_TASK_ROUTES = {
    "documents.tasks.ingest": {"queue": "ingest"},
    "documents.tasks.recognise": {"queue": "ocr"},
    "qa.tasks.write_answer": {"queue": "answers"},
}
CELERY_IMPORTS = ["config.pulse"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
SWEEP_SECONDS = 3
CELERY_BEAT_SCHEDULE = {
    "sweep-documents": {"task": "documents.tasks.sweep", "schedule": SWEEP_SECONDS},
    "sweep-answers": {"task": "qa.tasks.sweep", "schedule": SWEEP_SECONDS},
    "sweep-reviews": {"task": "reviews.tasks.sweep", "schedule": SWEEP_SECONDS},
    "tidy-remote-files": {"task": "qa.tasks.tidy_remote_files", "schedule": 24 * 3600},
    "tidy-uploads": {"task": "documents.tasks.tidy_uploads", "schedule": 3600},
    "close-days": {"task": "qa.tasks.close_days", "schedule": 3600},
    "tidy-streams": {"task": "qa.tasks.tidy_streams", "schedule": 3600},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA / "beat")

# Logs ----------------------------------------------------------------------------------------

LOG_LEVEL = env.text("PINCITE_LOG_LEVEL", "INFO", _("DEBUG, INFO, WARNING or ERROR.")).upper()
if LOG_LEVEL not in ("DEBUG", "INFO", "WARNING", "ERROR"):
    raise ImproperlyConfigured("PINCITE_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # one line a request to Claude, with its address, is what the ledger is for
        # a 404 or 403 is an answer, not an incident
        "django.request": {"level": "ERROR"},
        # every message received is one line more than anybody reads
        "celery": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "httpcore2": {"level": "WARNING"},
        "anthropic": {"level": "WARNING"},
    },
}
