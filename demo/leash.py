"""Runs a program that cannot outlive the process that started it.

A supervisor that is killed with SIGKILL has no chance to tidy up, so its children must notice by
themselves. Linux can send a signal to a process when its parent dies, but forgets the wish when the
process changes its user, and Python warns about code between fork and exec in a program with
threads. So this file runs as a small program of its own: it gives up root's rights, asks for the
signal, and becomes the wanted program. Elsewhere it stays beside the program and watches.

Linux means the *thread* that started the child: start programs from a thread that stays.
"""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 0.5


def leashed(
    command: Sequence[str],
    *,
    death_signal: signal.Signals,
    user: pwd.struct_passwd | None = None,
) -> list[str]:
    """The command line that runs `command`, and signals it when the calling process dies."""
    ids = f"{user.pw_uid}:{user.pw_gid}" if user else "-"
    # -I and -S: nothing but the standard library, and a start in about twenty milliseconds.
    own = [sys.executable, "-I", "-S", os.path.abspath(__file__)]
    return [*own, str(os.getpid()), str(int(death_signal)), ids, *command]


def main(arguments: Sequence[str]) -> int:
    """Becomes the program on the command line; see `leashed` for the order of the arguments."""
    parent, death_signal = int(arguments[0]), signal.Signals(int(arguments[1]))
    ids, command = arguments[2], list(arguments[3:])
    if ids != "-":
        drop_rights(*map(int, ids.split(":")))
    if sys.platform != "linux":
        return watch(command, parent, death_signal)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() == parent:
        os.execv(command[0], command)  # noqa: S606
    return 1  # The parent died before we asked for the signal.


def drop_rights(user: int, group: int) -> None:
    """Leaves root for good, the groups first: afterwards there would be no right to do so."""
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)


def watch(command: Sequence[str], parent: int, death_signal: signal.Signals) -> int:
    """Runs the command, hands on the signals that stop it, and looks whether the parent lives."""
    child = subprocess.Popen(command, close_fds=False)  # What is inherited is meant for it.
    for signum in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(signum, lambda received, _frame: child.send_signal(received))
    while True:
        try:
            return child.wait(WATCH_SECONDS)
        except subprocess.TimeoutExpired:
            if os.getppid() != parent:
                child.send_signal(death_signal)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
