"""`manage.py schedules`: a set applied and exported at the command line."""

import getpass
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from client_core import DBOSClient
from console.management.commands.schedules import DIFFERS
from console.models import AuditEntry
from console.schedules.sets import MOST_BYTES
from tests.console.test_schedule_apply import entry, there, typed
from tests.console.test_schedules import create
from tests.console.test_serve import environment

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "set.json"


def run(*arguments: Any, **options: Any) -> str:
    """What the command prints."""
    out = io.StringIO()
    call_command("schedules", *map(str, arguments), stdout=out, stderr=out, **options)
    return out.getvalue()


def test_a_dry_run_shows_it_and_apply_does_it(client: DBOSClient, file: Path) -> None:
    create(client, "a")
    create(client, "gone")
    file.write_text(typed(entry("a", schedule="30 4 * * *"), entry("new", queue_name="q")))
    given = ("apply", file, "--dialect", "python", "--prune")
    out = io.StringIO()
    with pytest.raises(SystemExit) as caught:
        call_command("schedules", *map(str, given), "--dry-run", stdout=out)
    assert caught.value.code == DIFFERS
    told = out.getvalue()
    assert "- gone\n" in told
    assert "~ a\n    schedule: 0 3 * * * → 30 4 * * *\n    next, before: " in told
    assert "+ new\n" in told
    assert "It would be 1 created, 1 changed, 1 deleted." in told
    assert there(client) == {"a": "0 3 * * *", "gone": "0 3 * * *"}
    assert not AuditEntry.objects.exists()
    assert "Applied: 1 created, 1 changed, 1 deleted." in run(*given)
    assert there(client) == {"a": "30 4 * * *", "new": "0 3 * * *"}
    noted = AuditEntry.objects.get()
    assert noted.username == f"{getpass.getuser()} (command line)"
    assert (noted.user, noted.action, noted.outcome) == (None, "schedule.apply", "done")
    assert noted.parameters["deleted"] == ["gone"]
    assert "Nothing to do: 2 left as they were." in run(*given, "--dry-run")
    assert AuditEntry.objects.count() == 1


def test_what_is_left_out_stays_unless_it_is_pruned(client: DBOSClient, file: Path) -> None:
    create(client, "a")
    file.write_text(typed(entry("b")))
    run("apply", file, "--no-prune")
    run("apply", file)
    assert sorted(there(client)) == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "This is no JSON"),
        (b"\xff\xfe", "no text in UTF-8"),
        (b"x" * (MOST_BYTES + 1), "at most 2,097,152 bytes"),
        (typed({"schedule_name": "a"}).encode(), "schedules[0].schedule: is missing."),
        (typed(entry("a", schedule="61 * * * *")).encode(), "schedules[0].schedule: is refused"),
        (typed(application_name="billing").encode(), "of the application billing"),
    ],
)
def test_a_wrong_set_is_refused(client: DBOSClient, file: Path, content: bytes, told: str) -> None:
    file.write_bytes(content)
    with pytest.raises(CommandError) as caught:
        run("apply", file, "--dialect", "python", "--application", "shop")
    assert told in str(caught.value)
    assert caught.value.returncode == 1
    assert there(client) == {}


def test_what_is_not_there_is_told(client: DBOSClient, file: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        run("apply", file)
    with pytest.raises(CommandError, match="one of: main"):
        run("export", "--system", "other")


def test_an_export_is_what_apply_takes(client: DBOSClient, file: Path) -> None:
    create(client, "a", context={"days": 3}, application_name="shop")
    create(client, "odd", context={1: 2})
    assert "odd: its context is left out" in run("export", "--output", file)
    assert "Nothing to do" in run("apply", file, "--prune", "--dry-run", "--system", "main")
    found = json.loads(run("export", "--application", "shop"))
    assert found["application_name"] == "shop"
    assert [one["schedule_name"] for one in found["schedules"]] == ["a"]


def test_standard_input_and_exit_codes(client: DBOSClient, system_url: str) -> None:
    """As a pipeline runs it; nothing is written, so the console's own database is not needed."""
    create(client, "a")
    command = [sys.executable, str(ROOT / "manage.py"), "schedules", "apply", "-", "--dry-run"]
    settings = environment(
        DBOS_SYSTEM_DATABASE_URL=system_url, CONSOLE_DATABASE_URL="postgresql://127.0.0.1:1/none"
    )

    def code(document: str) -> int:
        ran = subprocess.run(
            command, input=document.encode(), env=settings, capture_output=True, check=False
        )
        return ran.returncode

    codes = [code(one) for one in (typed(entry("a")), typed(entry("b")), "{")]
    assert codes == [0, DIFFERS, 1]
