"""`python -m demo`: runs until Ctrl-C, and keeps its data for the next time.

PORT names the wanted port of the console (8000), DEMO_HOME the folder of the data (.demo).
"""

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TextIO

from demo.binaries import PostgresError
from demo.lock import HomeInUseError, locked
from demo.processes import ROOT, ProgramError
from demo.supervisor import Demo


class StopRequested(Exception):
    """Somebody wants the demo to stop."""


class StopSignals:
    """Takes note of the signals that mean "stop", for the demo to ask about where it waits.

    A handler that raised would do so between any two instructions, also inside of a lock that is
    needed for stopping.
    """

    def __init__(self) -> None:
        self._received = False
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # Started with nohup, the demo is meant to outlive its terminal.
            if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:
                signal.signal(signum, self._receive)

    def _receive(self, _signum: int, _frame: FrameType | None) -> None:
        self._received = True

    def go_on(self) -> None:
        """Returns, unless a signal has come."""
        if self._received:
            raise StopRequested


def main() -> int:
    """Runs the demo, and returns its exit code: stopping it is a good end."""
    home = Path(os.environ.get("DEMO_HOME") or ROOT / ".demo").resolve()
    port = os.environ.get("PORT") or "8000"
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        return fail(f"PORT is {port!r}, and should be a number from 1 to 65535.")
    stop_signals = StopSignals()
    try:
        with (
            locked(home) as lock,
            Demo(home, int(port), say=say, go_on=stop_signals.go_on) as demo,
        ):
            demo.start()
            print(demo.address, file=lock, flush=True)
            say(f"Ready: {demo.address} {demo.sign_in}")
            demo.watch()
    except StopRequested:
        say("Stopped. The data are kept, and the next start continues with them.")
        return 0
    except (HomeInUseError, PostgresError, ProgramError, OSError) as error:
        return fail(str(error))


def say(line: str, stream: TextIO = sys.stdout) -> None:
    """Prints a line at once; a terminal that has gone away is no reason to fail."""
    try:
        print(line, file=stream, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def fail(message: str) -> int:
    """Prints what went wrong."""
    say(message, sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
