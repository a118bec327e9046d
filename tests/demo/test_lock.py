"""One demo a home."""

from pathlib import Path

import pytest

from demo.lock import HomeInUseError, locked


def test_second_demo_is_told_who_runs(tmp_path: Path) -> None:
    with locked(tmp_path) as lock:
        print("http://127.0.0.1:8000/", file=lock, flush=True)
        with (
            pytest.raises(HomeInUseError, match=r"process \d+, http://127.0.0.1:8000/"),
            locked(tmp_path),
        ):
            pass


def test_home_is_free_afterwards(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    with locked(home):
        pass
    with locked(home) as lock:
        assert lock.name == str(home / "lock")
