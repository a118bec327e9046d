"""What listing all runs page by page costs in memory: `python -m benchmarks.memory URL`.

In a process of its own, because a process's peak never falls. Prints the MiB by which the peak grew
after the first ten pages.
"""

import resource
import subprocess
import sys

from client_core import DBOSClient

PAGE = 1_000
#: The pages after which the process has what it needs.
SETTLED = 10


def growth_mib(url: str) -> float:
    """Run this module on a database, and return what it prints."""
    command = [sys.executable, "-m", "benchmarks.memory", url]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


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
