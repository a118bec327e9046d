"""Programs with a log, which stop when they are told to."""

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from demo import processes
from demo.processes import Program, stop_all
from demo.waiting import wait_until

PATIENT = "import time; print('up', flush=True); time.sleep(3600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {PATIENT}"


def start(code: str, logs: Path) -> Program:
    return Program("shop", [sys.executable, "-c", code], os.environ, logs)


def is_up(program: Program) -> bool:
    return wait_until(lambda: program.said("up"), 20)


def test_programs_stop_side_by_side(tmp_path: Path) -> None:
    programs = [start(PATIENT, tmp_path / name) for name in "ab"]
    assert all(is_up(program) for program in programs)
    assert [program.exit_code for program in programs] == [None, None]
    stop_all(programs)
    assert [program.exit_code for program in programs] == [-signal.SIGTERM] * 2


def test_program_that_does_not_listen_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.2)
    program = start(STUBBORN, tmp_path)
    assert is_up(program)
    stop_all([program])
    assert program.exit_code == -signal.SIGKILL


def test_program_that_has_ended_may_be_stopped(tmp_path: Path) -> None:
    program = start("pass", tmp_path)
    assert wait_until(lambda: program.exit_code == 0, 20)
    stop_all([program])


def test_failure_shows_the_end_of_this_run_alone(tmp_path: Path) -> None:
    (tmp_path / "shop.log").write_text("an earlier run\n")
    program = start("import sys; print('first', flush=True); sys.exit('no more mugs')", tmp_path)
    assert wait_until(lambda: program.exit_code == 1, 20)
    message = str(program.failure("has stopped"))
    assert re.fullmatch(
        r"The program 'shop' has stopped\. The end of .*/shop\.log:\nfirst\nno more mugs", message
    )


def test_program_does_not_hear_the_terminal(tmp_path: Path) -> None:
    program = start("import os; print(os.getsid(0) == os.getpid())", tmp_path)
    assert wait_until(lambda: program.exit_code == 0, 20)
    assert program.said("True")
