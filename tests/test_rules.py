"""The house rules, held by machine: sizes, colours, templates, and where writes may stand."""

import ast
import re
import statistics
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.db.migrations import operations

from client_core import DBOSClient

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("benchmarks", "client_core", "console", "demo")
MODULES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts
)
#: The last migration before anybody ran the console in several replicas.
FIRST_RELEASE = "0006"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static").rglob("*.js"))
STYLES = sorted((ROOT / "static").rglob("*.css"))
#: The client's methods that change a system database.
WRITES = {
    "enqueue",
    "enqueue_many",
    "send",
    "send_many",
    "cancel_workflow",
    "cancel_workflows",
    "resume_workflow",
    "resume_workflows",
    "delete_workflow",
    "delete_workflows",
    "fork_workflow",
    "set_workflow_delay",
    "set_workflow_priority",
    "debounce_workflow",
    "register_queue",
    "update_queue",
    "delete_queue",
    "set_latest_application_version",
    "create_schedule",
    "update_schedule",
    "delete_schedule",
    "pause_schedule",
    "resume_schedule",
    "pause_schedules",
    "resume_schedules",
    "apply_schedules",
    "trigger_schedule",
    "backfill_schedule",
}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions() -> Iterator[tuple[str, int]]:
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno
                yield f"{name(path)}:{node.name}", node.end_lineno - node.lineno + 1


def test_modules_stay_small() -> None:
    lengths = {name(path): len(path.read_text().splitlines()) for path in MODULES}
    assert {path: length for path, length in lengths.items() if length > 400} == {}
    assert statistics.median(lengths.values()) <= 100


def test_functions_stay_small() -> None:
    lengths = dict(functions())
    assert {path: length for path, length in lengths.items() if length > 60} == {}
    short = sum(length <= 30 for length in lengths.values())
    assert short / len(lengths) >= 0.9


def test_templates_stay_small() -> None:
    lengths = {name(path): len(path.read_text().splitlines()) for path in TEMPLATES}
    assert {path: length for path, length in lengths.items() if length > 150} == {}


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_templates_hold_no_code_no_style_and_no_foreign_address(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=|hx-on|javascript:", text)
    assert not re.search(r"""(src|href|action)=["'](https?:)?//""", text)
    assert "|safe" not in text
    assert "autoescape" not in text


@pytest.mark.parametrize("path", [*SCRIPTS, *STYLES], ids=name)
def test_scripts_and_styles_ask_nobody_else(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"https?://|@import|url\(|\beval\(|innerHTML|document\.write", text)


@pytest.mark.parametrize("path", [path for path in STYLES if path.name != "tokens.css"], ids=name)
def test_colours_stand_in_the_tokens_alone(path: Path) -> None:
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(", path.read_text())


def test_every_colour_token_is_used() -> None:
    tokens = set(re.findall(r"^  (--[\w-]+):", (ROOT / "static/css/tokens.css").read_text(), re.M))
    used = set(re.findall(r"var\((--[\w-]+)\)", "".join(path.read_text() for path in STYLES)))
    assert used <= tokens
    assert tokens <= used


def test_every_class_has_one_sheet() -> None:
    """What belongs to a class, which its selectors begin with, is found in one place."""
    homes: dict[str, set[str]] = {}
    for path in STYLES:
        bare = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        for selectors in re.findall(r"(?:^|[{}])([^{}@]+)\{", bare):
            for selector in re.split(r",(?![^(]*\))", selectors):
                if first := re.match(r"\s*\w*\.([\w-]+)", selector):
                    homes.setdefault(first[1], set()).add(path.name)
    assert len(homes) > 100
    assert {name: sheets for name, sheets in homes.items() if len(sheets) > 1} == {}


def test_every_icon_that_is_used_exists() -> None:
    icons = set(re.findall(r'<symbol id="([\w]+)"', (ROOT / "static/icons.svg").read_text()))
    used = {
        icon for path in TEMPLATES for icon in re.findall(r'{% icon "(\w+)" %}', path.read_text())
    }
    assert used <= icons


def test_writes_stand_in_the_actions_alone() -> None:
    """A permission check and an audit entry cannot be forgotten where nobody else may write."""
    for method in WRITES:
        assert hasattr(DBOSClient, method), method
    for path in (ROOT / "console").rglob("*.py"):
        called = {
            node.func.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and not (isinstance(node.func.value, ast.Name) and node.func.value.id == "actions")
        }
        if path.name != "actions.py":
            assert not called & WRITES, name(path)


def test_every_public_function_and_class_says_what_it_means() -> None:
    silent = [
        f"{name(path)}:{node.name}"
        for path in MODULES
        if path.parts[-2] != "commands"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        and not node.name.startswith("_")
        and node.name != "Meta"
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_locked_requirements_carry_hashes_and_name_no_host() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|--index|--find-links", text), path.name


@pytest.mark.parametrize("path", sorted((ROOT / "console/migrations").glob("0*.py")), ids=name)
def test_migrations_leave_the_release_before_at_work(path: Path) -> None:
    """While replicas are replaced one by one, old ones run on the new tables."""
    migration = import_module(f"console.migrations.{path.stem}").Migration
    takes_away = (
        operations.DeleteModel,
        operations.RemoveField,
        operations.RenameField,
        operations.RenameModel,
        operations.AlterModelTable,
    )
    for operation in migration.operations:
        assert not isinstance(operation, takes_away), operation.describe()
        if isinstance(operation, operations.AddField) and path.stem[:4] > FIRST_RELEASE:
            # It does not know of the column, so that PostgreSQL must have a value for it.
            field = operation.field
            assert field.null or field.has_db_default(), operation.describe()
