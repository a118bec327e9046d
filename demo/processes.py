"""The programs that the demo runs: each in a session of its own, on a leash, with a log."""

import os
import signal
import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from demo.files import open_log, tail
from demo.leash import leashed

ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 8


class ProgramError(Exception):
    """A program has ended, or does not do what it was started for."""


class Program:
    """One program that has been started; it inherits the file descriptors of `inherit`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        logs: Path,
        *,
        inherit: Sequence[int] = (),
    ) -> None:
        self._name = name
        self._log = logs / f"{name}.log"
        with open_log(self._log) as log:
            self._log_start = log.seek(0, os.SEEK_END)
            self._process = subprocess.Popen(
                leashed(command, death_signal=signal.SIGTERM),
                cwd=ROOT,
                env=environment,
                pass_fds=inherit,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal reaches the supervisor alone, which knows the order.
                start_new_session=True,
            )

    @property
    def exit_code(self) -> int | None:
        """How the program ended; None while it runs."""
        return self._process.poll()

    def said(self, text: str) -> bool:
        """Whether the program has written this since it was started."""
        return text in tail(self._log, lines=None, start=self._log_start)

    def terminate(self) -> None:
        """Asks the program to stop."""
        self._process.terminate()

    def await_end(self) -> None:
        """Returns when the program has stopped; kills it, and all that it started, if need be."""
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def failure(self, what: str) -> ProgramError:
        """The error that says what happened and how the log ends."""
        lines = tail(self._log, start=self._log_start)
        return ProgramError(f"The program '{self._name}' {what}. The end of {self._log}:\n{lines}")


def stop_all(programs: Collection[Program]) -> None:
    """Stops programs side by side."""
    for program in programs:
        program.terminate()
    for program in programs:
        program.await_end()
