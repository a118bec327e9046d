"""`manage.py check --deploy`: nothing where all is well, and a sentence of each mistake."""

import subprocess
import sys
from typing import Any

import psycopg
import pytest
from django.core.checks import run_checks
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier, Literal
from pytest_django.fixtures import Settings

from console import checks
from console.systems import System
from tests.console.test_serve import ROOT, environment
from tests.databases import create_database
from tests.proxy import Proxy

#: Their server has one role, which may do everything.
OF_THE_TESTS = ["console.W006", "console.W009"]


def found() -> list[str]:
    told = run_checks(tags=["console", "security"], include_deployment_checks=True)
    return [message.id or "" for message in told if not message.is_silenced()]


@pytest.fixture
def deployed(settings: Settings) -> Settings:
    """An installation with nothing to complain of but the role that tests have."""
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["console.example.org"]
    settings.SECRET_KEY = "a-key-of-more-than-fifty-characters-0123456789-abcdefghijk"
    settings.SECRET_KEY_WAS_MADE = False
    settings.HTTPS = True
    for name in ("SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"):
        setattr(settings, name, True)
    settings.SECURE_HSTS_SECONDS = 3_600
    return settings


@pytest.mark.usefixtures("deployed")
def test_a_good_configuration_is_clean_but_for_the_role_of_the_tests() -> None:
    assert sorted(found()) == OF_THE_TESTS


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ALLOWED_HOSTS", ["*"], "console.W001"),
        ("ALLOWED_HOSTS", ["localhost", "127.0.0.1"], "console.W002"),
        ("HTTPS", False, "console.W003"),
        ("SECRET_KEY_WAS_MADE", True, "console.W004"),
        ("CONSOLE_DATABASE_URL", "postgresql://db.example.org/console", "console.W005"),
        ("CONSOLE_DATABASE_URL", "postgresql://db/console?sslmode=prefer", "console.W005"),
        ("DEBUG", True, "security.W018"),
        ("SECRET_KEY", "short", "security.W009"),
        ("DBOS_SYSTEM_DATABASE_SCHEMA", "elsewhere", "console.W008"),
    ],
)
def test_each_mistake_is_told(deployed: Settings, name: str, value: Any, told: str) -> None:
    setattr(deployed, name, value)
    assert sorted(found()) == sorted([told, *OF_THE_TESTS])


@pytest.mark.parametrize(
    ("url", "is_protected"),
    [
        ("postgresql://db/console?sslmode=verify-full", True),
        ("postgresql://db/console?sslmode=require", True),
        ("postgresql:///console", True),
        ("postgresql://localhost/console", True),
        ("postgresql:///console?host=/run/postgresql", True),
        ("postgresql://10.0.0.7/console", False),
    ],
)
def test_a_connection_that_leaves_the_machine_must_be_encrypted(
    deployed: Settings, url: str, is_protected: bool
) -> None:
    deployed.CONSOLE_DATABASE_URL = url
    assert ("console.W005" in found()) != is_protected


def test_a_system_whose_database_is_away_is_named(deployed: Settings, system: System) -> None:
    with Proxy(system.url) as proxy:
        proxy.refuse()
        deployed.DBOS_SYSTEM_DATABASE_URL = proxy.url
        [told] = [one for one in checks.databases() if one.id == "console.W007"]
    assert "the system main does not answer" in told.msg


def test_a_console_database_that_is_away_is_an_error(system_url: str, worker_id: str) -> None:
    with Proxy(create_database(f"checked_{worker_id}")) as proxy:
        proxy.refuse()
        assert "console.E002" in said_of(proxy.url, system_url)


def test_a_role_of_its_own_has_nothing_to_complain_of(system_url: str, worker_id: str) -> None:
    role = f"console_{worker_id}"
    url = create_database(f"checked_{worker_id}")
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(SQL("DROP ROLE IF EXISTS {}").format(Identifier(role)))
        create = SQL("CREATE ROLE {} LOGIN PASSWORD {}")
        conn.execute(create.format(Identifier(role), Literal(role)))
    told = said_of(make_conninfo(url, user=role, password=role), system_url)
    assert "console.W003" in told
    assert "console.W006" not in told
    assert "console.E" not in told


def said_of(console_url: str, system_url: str) -> str:
    """What the command says."""
    settings = environment(CONSOLE_DATABASE_URL=console_url, DBOS_SYSTEM_DATABASE_URL=system_url)
    command = [sys.executable, "manage.py", "check", "--deploy"]
    run = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True)
    assert "Traceback" not in run.stderr
    return run.stderr
