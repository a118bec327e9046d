"""`audit verify` and `audit export`: whether the audit log is whole, and what it says.

`verify` prints the end of the chain. Keep it where nobody who can write to the database can write:
`--expect` then finds that the end was cut off, which no chain shows by itself. Exit codes: 0 when
the chain is whole, 1 when it is not.
"""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from itertools import chain, islice
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from console.audit.chain import Broken, Head, verify
from console.audit.rows import command_line, record
from console.audit.search import COLUMNS, AuditSearch, pages
from console.permissions import Action

#: Entries that are read at once.
PAGE = 1_000


class Command(BaseCommand):
    """For cron jobs and auditors."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do, and with which entries."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        check = verbs.add_parser("verify", help="walk along the chain")
        check.add_argument(
            "--expect", type=_head, metavar="POSITION:HASH", help="an end that was printed before"
        )
        export = verbs.add_parser("export", help="print entries as JSON lines, the newest first")
        for name in ("username", "action", "system", "outcome", "target", "text"):
            export.add_argument(f"--{name}", help=f"of this {name} alone")
        export.add_argument("--since", help="such as 2026-11-23T07:04")
        export.add_argument("--until")
        export.add_argument("--limit", type=int, help="at most so many")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        """Do the one or the other."""
        if verb == "verify":
            self._verify(options["expect"])
        else:
            self._export(options)

    def _verify(self, expected: Head | None) -> None:
        try:
            head = verify(expected)
        except Broken as broken:
            self.stderr.write(f"The audit log is broken at {broken}.")
            sys.exit(1)
        self.stdout.write(f"The audit log is whole. Its end: {head}")

    def _export(self, options: dict[str, Any]) -> None:
        search = AuditSearch.of(options)
        if search.problems:
            raise CommandError(" ".join(search.problems))
        who, asked = command_line(), search.asked
        record(Action.AUDIT_EXPORT, username=who, target="audit", parameters=asked)
        found = chain.from_iterable(pages(search, PAGE))
        for entry in islice(found, options["limit"]):
            line = {name: value(entry) for name, value in COLUMNS.items()}
            self.stdout.write(json.dumps(line, ensure_ascii=False))


def _head(text: str) -> Head:
    position, _, digest = text.partition(":")
    if not (position.isdigit() and len(digest) == 64):
        raise ArgumentTypeError("an end is spelled POSITION:HASH, as verify prints it")
    return Head(int(position), digest)
