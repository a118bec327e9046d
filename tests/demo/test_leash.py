"""Programs that end with the process that started them."""

import os
import pwd
import signal
import subprocess
import sys

import pytest

from demo.leash import leashed
from tests.demo.conftest import as_root

SLEEPER = "import time; print('up', flush=True); time.sleep(3600)"

ON_A_LEASH = f"""
import signal, subprocess, sys
from demo.leash import leashed
command = [sys.executable, "-c", {SLEEPER!r}]
subprocess.run(leashed(command, death_signal=signal.SIGTERM))
"""

WATCHED = f"""
import subprocess, sys
watcher = "import os, sys; from demo import leash; "
watcher += "leash.watch([sys.executable, '-c', sys.argv[1]], os.getppid(), leash.signal.SIGTERM)"
subprocess.run([sys.executable, "-c", watcher, {SLEEPER!r}])
"""


@pytest.mark.parametrize("script", [ON_A_LEASH, WATCHED], ids=["by the kernel", "by looking"])
def test_program_ends_when_its_parent_is_killed(script: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        parent.kill()
        # The pipe ends when the last of those who could write into it has gone.
        assert parent.communicate(timeout=20)[0] == ""


def test_watcher_hands_on_the_request_to_stop() -> None:
    watcher = "import os, sys; from demo import leash; "
    watcher += "sys.exit(leash.watch(sys.argv[1:], os.getppid(), leash.signal.SIGTERM))"
    command = [sys.executable, "-c", watcher, sys.executable, "-c", SLEEPER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.terminate()
        assert process.communicate(timeout=20)[0] == ""


def test_program_is_replaced_not_wrapped() -> None:
    command = [sys.executable, "-c", "import os; print(os.getpid())"]
    with subprocess.Popen(
        leashed(command, death_signal=signal.SIGTERM), stdout=subprocess.PIPE, text=True
    ) as process:
        output, _ = process.communicate(timeout=20)
    if sys.platform == "linux":
        assert int(output) == process.pid


def test_program_of_a_dead_parent_does_not_start() -> None:
    command = leashed(["/bin/echo", "started"], death_signal=signal.SIGTERM)
    position = command.index(str(os.getpid()))
    command[position] = "1"
    ended = subprocess.run(command, capture_output=True)
    if sys.platform == "linux":
        assert (ended.returncode, ended.stdout) == (1, b"")


@as_root
def test_rights_of_root_are_given_up() -> None:
    nobody = pwd.getpwnam("nobody")
    script = "id -u; id -g; id -G"
    command = leashed(["/bin/sh", "-c", script], death_signal=signal.SIGTERM, user=nobody)
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert output == [str(nobody.pw_uid), str(nobody.pw_gid), str(nobody.pw_gid)]
