"""`python -m benchmarks [ROWS]`: prints the table, and writes benchmarks/results.json.

BENCH_HOME names the folder of the database's data (.benchmarks), which are kept.
"""

import argparse
import os
import sys
from pathlib import Path

from benchmarks.cases import Scale
from benchmarks.report import table, write_json
from benchmarks.session import run
from demo.binaries import PostgresError
from demo.postgres import EmbeddedPostgres

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks/results.json"

#: A server as in production: what is committed is on the disk. It has some memory, and it does
#: nothing by itself in the middle of a measurement.
SETTINGS = {
    "shared_buffers": "512MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "autovacuum": "off",
}


def main() -> int:
    """Measure everything once, and say what came out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000, help="runs in the database")
    rows = parser.parse_args().rows
    home = Path(os.environ.get("BENCH_HOME") or ROOT / ".benchmarks")
    try:
        with EmbeddedPostgres(home, settings=SETTINGS) as postgres:
            results = run(postgres.url, Scale(rows, enqueues=min(rows, 10_000)), say)
    except PostgresError as error:
        say(str(error))
        return 1
    write_json(results, RESULTS)
    print(table(results))
    return 0


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
