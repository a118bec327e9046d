"""The console's settings, on the databases of the test run."""

import os

from tests.postgres import server_url

os.environ["CONSOLE_DATABASE_URL"] = server_url("console")
os.environ["DBOS_SYSTEM_DATABASE_URL"] = server_url("replaced-by-a-fixture")
os.environ["CONSOLE_SECRET_KEY"] = "only-for-tests"

from console.settings import *  # noqa: F403
from console.settings import DATABASES

DATABASES["default"]["OPTIONS"].pop("pool")
DATABASES["default"]["ENGINE"] = "tests.backend"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
# Else each of thousands of clients begins by reading all static files.
WHITENOISE_AUTOREFRESH = True
