"""`schedules export` and `schedules apply FILE`: schedules as a set outside the database.

Exit codes of apply: 0 when everything is as the set says, 1 when it was refused, 2 when a dry run
shows that something would change.
"""

import sys
from argparse import ArgumentParser, BooleanOptionalAction
from pathlib import Path
from typing import Any, cast

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from client_core import DBOSClientError, Dialect, InvalidOption, ScheduleDefinition
from console.audit.rows import command_line
from console.schedules import actions, sets
from console.schedules.differences import FieldChange, ShownChange, shown
from console.schedules.sets import MOST_BYTES, WrongSet
from console.schedules.wishes import Applied, told
from console.systems import System, all_systems

_SIGNS = {"created": "+", "updated": "~", "deleted": "-"}
#: Of a dry run: something would change.
DIFFERS = 2


class Command(BaseCommand):
    """The same as the pages, for pipelines."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to do, and where."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        apply = verbs.add_parser("apply", help="make the schedules those of a set")
        apply.add_argument("file", help="the set as JSON; - reads it from standard input")
        apply.add_argument(
            "--dry-run", action="store_true", help="show what changes; write nothing"
        )
        apply.add_argument(
            "--prune", action=BooleanOptionalAction, default=False, help="delete what is left out"
        )
        apply.add_argument("--dialect", choices=["python", "typescript"], help="its language")
        export = verbs.add_parser("export", help="print the schedules as a set")
        export.add_argument("--output", help="a file to write instead")
        for verb in (apply, export):
            verb.add_argument("--system", help="the name of the system, where there are several")
            verb.add_argument("--application", default="", help="of one application alone")

    def handle(self, *args: Any, verb: str, system: str | None, **options: Any) -> None:
        """Find the system, then do it; what the client refuses is told in sentences."""
        found = _system(system)
        try:
            if verb == "export":
                self._export(found, **options)
            else:
                self._apply(found, **options)
        except InvalidOption as error:
            raise CommandError("\n".join(sets.with_paths(error.problems))) from error
        except (WrongSet, DBOSClientError) as error:
            raise CommandError(str(error)) from error

    def _export(self, system: System, *, application: str, output: str | None, **_: Any) -> None:
        owner = application or None
        exported = system.client.export_schedules(application_name=owner)
        for one in exported:
            if one.gap:
                name = one.definition["schedule_name"]
                self.stderr.write(f"{name}: its context is left out. {one.gap}")
        text = sets.written(exported, application)
        if output:
            Path(output).write_text(text, encoding="utf-8")
        else:
            self.stdout.write(text, ending="")

    def _apply(
        self,
        system: System,
        *,
        file: str,
        application: str,
        prune: bool,
        dialect: Dialect | None,
        dry_run: bool,
        **_: Any,
    ) -> None:
        found = sets.read(_text_of(file))
        sets.with_secrets(found.schedules, system.client.list_schedules())
        schedules = cast(list[ScheduleDefinition], found.schedules)
        wish = Applied(schedules, found.owner(application), prune, dialect)
        difference = actions.preview_apply(system, wish)
        for change in shown(difference, dialect, timezone.now()):
            self._tell(change)
        if not difference.changes:
            self.stdout.write(f"Nothing to do: {told(difference)}")
        elif dry_run:
            self.stdout.write(f"It would be {told(difference)}")
            sys.exit(DIFFERS)
        else:
            actions.apply_by_command(command_line(), system, wish, difference)
            self.stdout.write(f"Applied: {told(difference)}")

    def _tell(self, change: ShownChange) -> None:
        self.stdout.write(f"{_SIGNS[change.action]} {change.name}")
        for one in change.fields:
            self.stdout.write(f"    {one.name}: {_told(change, one)}")
        times = ("next, before", change.fires_before), ("next", change.fires_after)
        for label, fires in times if change.action != "deleted" else ():
            if fires:
                self.stdout.write(f"    {label}: {', '.join(fire.local for fire in fires)}")


def _told(change: ShownChange, field: FieldChange) -> str:
    before, after = (value or "nothing" for value in (field.before, field.after))
    return {"created": after, "deleted": before}.get(change.action, f"{before} → {after}")


def _text_of(file: str) -> str:
    """A file or standard input, read no further than a set may go."""
    try:
        if file == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                data = opened.read(MOST_BYTES + 1)
        return data.decode("utf-8-sig")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is no text in UTF-8: {error.reason}.") from error


def _system(name: str | None) -> System:
    systems = all_systems()
    if name is None and len(systems) == 1:
        return next(iter(systems.values()))
    if name not in systems:
        raise CommandError(f"Say --system with one of: {', '.join(systems)}.")
    return systems[name]
