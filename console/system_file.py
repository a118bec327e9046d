"""The file that describes several systems: TOML, read strictly.

What is wrong is told with the key and its rule; what a secret is, never.
"""

import os
import re
import string
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from client_core import Dialect

COLOURS = ("red", "amber", "green", "blue", "purple", "grey")
#: What a link to logs or traces may name of a run.
PLACES = (
    "workflow_id",
    "name",
    "application_name",
    "application_version",
    "executor_id",
    "queue_name",
    "created_at_ms",
)
_MOST_LINKS = 8


class Described(TypedDict, total=False):
    """What the file says of a system."""

    title: str
    environment: str
    colour: str
    database_url: str
    read_database_url: str
    schema: str
    read_only: bool
    statement_timeout_ms: int
    masked_keys: list[str]
    dialect: Dialect
    links: dict[str, str]


Rule = Callable[[Any], str]


def _text(most: int) -> Rule:
    def rule(value: Any) -> str:
        fits = isinstance(value, str) and 0 < len(value) <= most
        return "" if fits else f"must be a text of 1 to {most} characters"

    return rule


def _one_of(*words: str) -> Rule:
    def rule(value: Any) -> str:
        return "" if value in words else f"must be one of {', '.join(words)}"

    return rule


def _truth(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _slug(value: Any) -> str:
    fits = isinstance(value, str) and re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", value)
    return "" if fits else "must have 1 to 32 lower-case letters, digits and hyphens"


def _milliseconds(value: Any) -> str:
    fits = type(value) is int and 100 <= value < 2**31
    return "" if fits else "must be a whole number from 100 on"


def _keys(value: Any) -> str:
    fits = isinstance(value, list) and all(isinstance(one, str) for one in value)
    return "" if fits else 'must be a list of patterns, such as ["*password*"]'


def _links(value: Any) -> str:
    if not isinstance(value, dict) or len(value) > _MOST_LINKS:
        return f"must have titles and addresses, {_MOST_LINKS} at most"
    for title, address in value.items():
        if wrong := _link(address):
            return f"has “{title}”, which {wrong}"
    return ""


def _link(address: Any) -> str:
    if not isinstance(address, str):
        return "must be an address"
    try:
        parts = urlsplit(address)
        named = [name for _, name, *how in string.Formatter().parse(address) if name is not None]
        how = [one for _, name, *rest in string.Formatter().parse(address) for one in rest if one]
    except ValueError:
        return "is no address"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "must begin with https:// or http:// and a host"
    if "{" in parts.netloc:
        return "must not take its host from a run"
    if how or not set(named) <= set(PLACES):
        return f"may name {', '.join(f'{{{name}}}' for name in PLACES)}"
    return ""


_RULES: dict[str, Rule] = {
    "title": _text(40),
    "environment": _slug,
    "colour": _one_of(*COLOURS),
    "schema": _text(63),
    "read_only": _truth,
    "statement_timeout_ms": _milliseconds,
    "masked_keys": _keys,
    "dialect": _one_of("python", "typescript"),
    "links": _links,
}
#: Each is given by an environment variable or a file, and never by itself.
_ADDRESSES = ("database_url", "read_database_url")


def read(text: str) -> tuple[dict[str, Described], list[str]]:
    """The systems by name, in their order, and what is wrong with the file."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return {}, [f"CONSOLE_SYSTEMS is no TOML: {error}."]
    systems = content.pop("systems", None)
    problems = [f"{key}: unknown; systems stand under [systems.NAME]." for key in content]
    if not isinstance(systems, dict) or not systems:
        return {}, [*problems, "systems: name at least one, as [systems.NAME]."]
    found: dict[str, Described] = {}
    for name, given in systems.items():
        one, wrong = _read_one(name, given)
        found[name] = one
        problems += [f"systems.{name}{problem}." for problem in wrong]
    return found, problems


def _read_one(name: str, given: Any) -> tuple[Described, list[str]]:
    if wrong := _slug(name):
        return {}, [f": its name {wrong}"]
    if not isinstance(given, dict):
        return {}, [": must be a table"]
    given = dict(given)
    one, problems = Described(), []
    for key in _ADDRESSES:
        url, wrong = _address(given, key)
        if url:
            one[key] = url  # type: ignore[literal-required]
        elif wrong or key == "database_url":
            problems.append(wrong or f".{key}_env: name the variable, or a file by {key}_file")
    for key, value in given.items():
        if wrong := _wrong(key, value):
            problems.append(f".{key}: {wrong}")
        else:
            one[key] = value  # type: ignore[literal-required]
    return one, problems


def _wrong(key: str, value: Any) -> str:
    if key in _ADDRESSES:
        return f"passwords do not belong here; use {key}_env or {key}_file"
    if key not in _RULES:
        return f"unknown; there are {', '.join(sorted(_RULES))}"
    return _RULES[key](value)


def _address(given: dict[str, Any], key: str) -> tuple[str, str]:
    """A database's URL and what is wrong; its keys are taken out. The URL itself is never told."""
    variable, path = given.pop(f"{key}_env", None), given.pop(f"{key}_file", None)
    if variable is None and path is None:
        return "", ""
    if variable is not None and path is not None:
        return "", f".{key}_file: give this or {key}_env, not both"
    where = f"{key}_env" if path is None else f"{key}_file"
    if not isinstance(variable or path, str):
        return "", f".{where}: must be a text"
    if path is None:
        url = os.environ.get(variable, "").strip()
        if not url:
            return "", f".{where}: the variable {variable} is not set"
    else:
        try:
            url = Path(path).read_text().strip()
        except (OSError, UnicodeDecodeError):
            return "", f".{where}: the file {path} cannot be read"
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # What is wrong may hold the password.
        return "", f".{where}: what it names is no PostgreSQL URL"
    return url, ""
