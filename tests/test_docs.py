"""The documents tell the truth about the code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def test_every_setting_is_in_the_table() -> None:
    code = (ROOT / "console/settings.py").read_text()
    used = set(re.findall(r'env\.\w+\(\s*"(\w+)"', code))
    told = set(re.findall(r"`(\w+)`", re.sub(r"(?m)^(?!\|).*$", "", README)))
    assert len(used) > 8
    assert used <= told


@pytest.mark.parametrize("target", ["demo", "test", "run"])
def test_every_command_exists(target: str) -> None:
    assert f"make {target}" in README
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_every_link_within_the_project_leads_somewhere(name: str) -> None:
    for target in re.findall(r"\]\(((?!https?:)[^)#]+)\)", (ROOT / name).read_text()):
        assert (ROOT / target).exists(), target


def test_the_version_is_the_newest_in_the_changelog() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)
    newest = re.search(r"^## v(\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert version
    assert newest
    assert version[1] == newest[1]


def test_the_examples_of_the_client_run(system_url: str, sql: object, capsys: object) -> None:
    """Up to where it waits for a worker that this test does not have."""
    examples = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(examples) == 2
    for code in examples:
        code = code.replace("postgresql://app:secret@localhost/app_dbos_sys", system_url)
        code = code.replace("    print(handle.get_result(timeout_seconds=60))\n", "")
        exec(compile(code, "README.md", "exec"), {})
