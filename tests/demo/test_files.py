"""Secrets and logs in the demo's home."""

import stat
from pathlib import Path

import pytest

from demo import files
from demo.files import kept_secret, open_log, tail


def test_secret_is_made_once_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    secret = kept_secret(path)
    assert len(secret) == 24
    assert kept_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept_secret(tmp_path / "other") != secret


def test_secret_has_the_wanted_size(tmp_path: Path) -> None:
    assert len(kept_secret(tmp_path / "key", size=32)) == 64


def test_log_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "it.log"
    for line in (b"one\n", b"two\n"):
        with open_log(path) as log:
            log.write(line)
    assert path.read_bytes() == b"one\ntwo\n"


def test_long_log_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOG_BYTES", 10)
    path = tmp_path / "it.log"
    path.write_bytes(b"x" * 11)
    with open_log(path) as log:
        log.write(b"new\n")
    assert path.read_bytes() == b"new\n"


def test_tail_is_the_end_of_the_log(tmp_path: Path) -> None:
    path = tmp_path / "it.log"
    path.write_text("".join(f"line {number}\n" for number in range(30)))
    assert tail(path).splitlines() == [f"line {number}" for number in range(10, 30)]
    assert tail(path, lines=1) == "line 29"
    assert len(tail(path, lines=None).splitlines()) == 30
    assert tail(path, start=path.stat().st_size - len("line 29\n")) == "line 29"


def test_tail_of_a_missing_log_is_empty(tmp_path: Path) -> None:
    assert tail(tmp_path / "it.log") == ""
