"""Pincite's settings over a data folder of the test run's own."""

import atexit
import os
import shutil
import tempfile

_data = tempfile.mkdtemp(prefix="pincite-test-")
atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.environ["PINCITE_DATA"] = _data
for _name in (
    *(
        "PINCITE_URL",
        "ANTHROPIC_API_KEY",
        "PINCITE_EMULATOR_URL",
        "PINCITE_MODEL",
        "PINCITE_ENCRYPTION_KEY",
    ),
    *("REDIS_URL", "CELERY_BROKER_URL"),
):
    os.environ.pop(_name, None)

from config.settings import *  # noqa: E402, F403

# a slow hash protects no one here
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {  # pages are rendered without collectstatic
    "default": STORAGES["default"],  # noqa: F405
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
