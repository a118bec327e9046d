"""Settings from the environment; a value that cannot be meant stops the start and says so."""

import os
import re
import secrets
from pathlib import Path
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict


def text(name: str, default: str = "") -> str:
    """The value of NAME, or the content of the file that NAME_FILE names (for secrets)."""
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error
    return os.environ.get(name, default).strip()


def whole(name: str, default: int, *, least: int = 0, most: int = 2**31 - 1) -> int:
    """NAME as a whole number between two bounds."""
    value = text(name) or str(default)
    if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
        raise ImproperlyConfigured(f"{name} must be a whole number from {least} to {most}.")
    return int(value)


def truth(name: str, *, default: bool = False) -> bool:
    """NAME as yes or no: 1/0, true/false, yes/no, on/off."""
    value = text(name).lower()
    if value in ("", "1", "0", "true", "false", "yes", "no", "on", "off"):
        return value in ("1", "true", "yes", "on") if value else default
    raise ImproperlyConfigured(f"{name} must be 1 or 0.")


def words(name: str, default: str = "") -> list[str]:
    """NAME as a list, separated by commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    """NAME as one of a few words."""
    value = text(name).lower() or default
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of: {', '.join(allowed)}.")
    return value


def pairs(name: str) -> dict[str, str]:
    """NAME as a list of ``this=that``, separated by commas."""
    parts = [word.partition("=") for word in words(name)]
    if not all(left.strip() and right.strip() for left, _, right in parts):
        raise ImproperlyConfigured(f"{name} must be a list like this: theirs=ours, other=another.")
    return {left.strip(): right.strip() for left, _, right in parts}


def database_url(name: str) -> str:
    """NAME as a PostgreSQL URL, checked as far as it can be without connecting."""
    url = text(name)
    if not url:
        raise ImproperlyConfigured(
            f"{name} is not set. Give a PostgreSQL URL: postgresql://user:password@host:5432/name"
        )
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise ImproperlyConfigured(f"{name} is no PostgreSQL URL: {error}") from error
    return url


def django_database(url: str) -> dict[str, Any]:
    """The Django form of a PostgreSQL URL, with a pool of connections."""
    parts = {**conninfo_to_dict(url)}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "OPTIONS": {
            "connect_timeout": 5,
            **parts,
            # Under ASGI every request may run in a thread of its own, so connections are pooled.
            "pool": {"min_size": 0, "max_size": 8, "timeout": 5, "reconnect_timeout": 5},
        },
    }


def slug(name: str, default: str) -> str:
    """NAME as a short name that fits in a URL."""
    value = text(name, default)
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", value):
        raise ImproperlyConfigured(f"{name} must have 1 to 32 lower-case letters, digits, hyphens.")
    return value


def secret_key(name: str) -> str:
    """NAME, or a key made at the first start and kept in ``.run/`` beside the console.

    Several replicas must share one, so they are given it; a single console needs no care.
    """
    if value := text(name):
        return value
    path = Path.cwd() / ".run" / name.lower()
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()
