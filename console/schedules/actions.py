"""Every write to a schedule: authorise → audit → client_core → audit → what to tell the person."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied

from client_core import Dialect, ScheduleDifference
from console import outcomes
from console.audit.acts import audited, audited_command
from console.outcomes import Outcome
from console.permissions import Action, can, record_refusal
from console.schedules.wishes import Applied, in_brief, told
from console.systems import System


def create(
    user: User,
    system: System,
    definition: dict[str, Any],
    dialect: Dialect | None,
    act_id: UUID | None = None,
) -> Outcome:
    """Create a schedule. Raises what :meth:`DBOSClient.create_schedule` raises."""
    name = definition["schedule_name"]
    parameters = {"create": True, **_without_context(definition)}
    with audited(user, system, Action.SCHEDULE_EDIT, name, parameters, act_id):
        system.client.create_schedule(**definition, dialect=dialect)
    return Outcome("success", "Created. Applications find it within seconds.")


def update(
    user: User,
    system: System,
    name: str,
    changes: dict[str, Any],
    dialect: Dialect | None,
    revision: str | None = None,
    act_id: UUID | None = None,
) -> Outcome:
    """Change a schedule that is as the person saw it.

    Raises what :meth:`DBOSClient.update_schedule` raises.
    """
    if not changes:
        return Outcome("warning", "It is as it was: nothing was changed.")
    parameters = _without_context(changes)
    wish = (Action.SCHEDULE_EDIT, name, parameters, act_id)
    with audited(user, system, *wish, repeats=True) as entry:
        before = system.client.get_schedule(name)
        after = system.client.update_schedule(name, **changes, dialect=dialect, revision=revision)
        entry.changed = outcomes.changed_fields(before, after, parameters)
    return Outcome("success", "Changed. Applications find it within seconds.")


def pause(user: User, system: System, name: str, act_id: UUID | None = None) -> Outcome:
    """Keep a schedule from firing. Raises :class:`NonExistentSchedule`."""
    wish = (Action.SCHEDULE_EDIT, name, {"pause": True}, act_id)
    with audited(user, system, *wish, repeats=True):
        system.client.pause_schedule(name)
    return Outcome("success", "Paused: it does not fire until it is resumed.")


def resume(user: User, system: System, name: str, act_id: UUID | None = None) -> Outcome:
    """Let a schedule fire again. Raises :class:`NonExistentSchedule`."""
    wish = (Action.SCHEDULE_EDIT, name, {"resume": True}, act_id)
    with audited(user, system, *wish, repeats=True):
        system.client.resume_schedule(name)
    return Outcome("success", "Resumed: it fires again at its next time.")


def set_paused(
    user: User,
    system: System,
    names: Sequence[str],
    act_id: UUID | None = None,
    *,
    paused: bool,
) -> Outcome:
    """Pause or resume several schedules, all at once, with an audit entry for each."""
    wish = {"pause" if paused else "resume": True, "together": len(names)}
    begun = []
    with ExitStack() as entries:
        for number, name in enumerate(names):
            # The first entry stands for the form, which may be sent twice.
            wanted = (Action.SCHEDULE_EDIT, name, wish, act_id if number == 0 else None)
            begun.append(entries.enter_context(audited(user, system, *wanted, repeats=True)))
        act = system.client.pause_schedules if paused else system.client.resume_schedules
        found = act(names)
        for entry in begun:
            if before := found.get(entry.target):
                entry.changed = {"status": [before, "PAUSED" if paused else "ACTIVE"]}
    changed = sum((before == "PAUSED") != paused for before in found.values())
    done, gone = "paused" if paused else "resumed", len(names) - len(found)
    told = [f"{changed:,} {done}"]
    told += [f"{len(found) - changed:,} {done} already"] if changed < len(found) else []
    told += [f"{gone:,} not there any more"] if gone else []
    return Outcome("success" if changed else "warning", f"{', '.join(told)}.")


def trigger(
    user: User,
    system: System,
    name: str,
    dialect: Dialect | None,
    act_id: UUID | None = None,
) -> Outcome:
    """Start a run now. Raises what :meth:`DBOSClient.trigger_schedule` raises."""
    with audited(user, system, Action.SCHEDULE_TRIGGER, name, {}, act_id) as entry:
        handle = system.client.trigger_schedule(name, dialect=dialect)
        entry.changed = {"workflow_id": handle.workflow_id, "is_new": handle.is_new}
    return Outcome("success", "Started now: this is its run.", handle.workflow_id)


def backfill(
    user: User,
    system: System,
    name: str,
    window: tuple[datetime, datetime],
    dialect: Dialect | None,
    act_id: UUID | None = None,
) -> Outcome:
    """Start what was due in a window. Raises what :meth:`DBOSClient.backfill_schedule` raises."""
    parameters = {"start": window[0].isoformat(), "end": window[1].isoformat()}
    wish = (Action.SCHEDULE_BACKFILL, name, parameters, act_id)
    with audited(user, system, *wish, repeats=True) as entry:
        handles = system.client.backfill_schedule(name, *window, dialect=dialect)
        new = sum(handle.is_new for handle in handles)
        entry.changed = {"enqueued": new, "existed": len(handles) - new}
    there = len(handles) - new
    told = f"; {outcomes.runs(there)} existed already" if there else ""
    return Outcome("success" if new else "warning", f"{outcomes.runs(new)} enqueued{told}.")


def preview_apply(system: System, wish: Applied) -> ScheduleDifference:
    """What applying a set would change. Raises what :meth:`DBOSClient.apply_schedules` raises."""
    return system.client.apply_schedules(**wish.arguments, dry_run=True)


def apply(
    user: User,
    system: System,
    wish: Applied,
    shown: ScheduleDifference,
    act_id: UUID | None = None,
) -> Outcome:
    """Make the schedules those of a set, if that changes what was shown.

    Raises what :meth:`DBOSClient.apply_schedules` raises.
    """
    if shown.deleted and not can(user, Action.SCHEDULE_DELETE, system):
        record_refusal(user, Action.SCHEDULE_DELETE, wish.target, system.name)
        raise PermissionDenied(Action.SCHEDULE_DELETE)
    wanted = (Action.SCHEDULE_APPLY, wish.target, in_brief(shown), act_id)
    with audited(user, system, *wanted, repeats=True):
        system.client.apply_schedules(**wish.arguments, revision=shown.revision)
    return Outcome("success", f"Applied: {told(shown)} Applications find it within seconds.")


def apply_by_command(who: str, system: System, wish: Applied, shown: ScheduleDifference) -> None:
    """The same for somebody at the command line of the console."""
    wanted = (Action.SCHEDULE_APPLY, wish.target, in_brief(shown))
    with audited_command(who, system, *wanted):
        system.client.apply_schedules(**wish.arguments, revision=shown.revision)


def delete(user: User, system: System, name: str, act_id: UUID | None = None) -> Outcome:
    """Delete a schedule; its runs stay."""
    with audited(user, system, Action.SCHEDULE_DELETE, name, {}, act_id, repeats=True):
        system.client.delete_schedule(name)
    return Outcome("success", f"The schedule {name} is deleted; its runs stay.")


def _without_context(given: dict[str, Any]) -> dict[str, Any]:
    """What an audit entry keeps: contexts are the applications' data."""
    return {name: value for name, value in given.items() if name != "context"}
