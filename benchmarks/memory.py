"""What listing all runs page by page costs in memory: `python -m benchmarks.memory URL`.

In a process of its own, because a process's peak never falls. Prints the MiB by which the peak grew
after the first ten pages.
"""

import resource
import subprocess
import sys
from pathlib import Path

from client_core import DBOSClient

PAGE = 1_000
#: The pages after which the process has what it needs.
SETTLED = 10
_STATUS = Path("/proc/self/status")


def growth_mib(url: str) -> float:
    """Run this module on a database, and return what it prints."""
    command = [sys.executable, "-m", "benchmarks.memory", url]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _peak_mib() -> float:
    if sys.platform == "linux":
        # Not getrusage, which on Linux begins with the peak of the process that started this one.
        [line] = [line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _main(url: str) -> None:
    pages, settled = 0, 0.0
    with DBOSClient.create(url) as client:
        page = client.list_workflows(limit=PAGE, sort_desc=True)
        while page:
            pages += 1
            if pages <= SETTLED:
                settled = _peak_mib()
            page = client.list_workflows(limit=PAGE, sort_desc=True, after=page[-1].cursor)
    print(_peak_mib() - settled)


if __name__ == "__main__":
    _main(sys.argv[1])
