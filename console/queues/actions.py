"""Every write to a queue: authorise → audit → client_core → audit → what to tell the person."""

from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from client_core import InvalidOption, QueueLimits
from console import outcomes
from console.audit.acts import audited
from console.outcomes import Outcome
from console.permissions import Action
from console.systems import System


def register(
    user: User,
    system: System,
    name: str,
    application_name: str | None,
    limits: QueueLimits,
    act_id: UUID | None = None,
) -> Outcome:
    """Register a queue; one of this name that has other limits is left as it is.

    Raises what :meth:`DBOSClient.register_queue` raises.
    """
    parameters = {"register": True, "application_name": application_name, **_kept(limits)}
    with audited(user, system, Action.QUEUE_EDIT, name, parameters, act_id, repeats=True):
        found = system.client.register_queue(
            name, on_conflict="never_update", application_name=application_name, **limits
        )
        if any(getattr(found, limit) != value for limit, value in limits.items()):
            raise InvalidOption({"name": "is the name of a queue that there is: edit that one"})
    return Outcome("success", "It is registered. Applications find it within seconds.")


def update(
    user: User, system: System, name: str, changes: QueueLimits, act_id: UUID | None = None
) -> Outcome:
    """Change limits of a queue. Raises what :meth:`DBOSClient.update_queue` raises."""
    if not changes:
        return Outcome("warning", "It is as it was: nothing was changed.")
    wish = (Action.QUEUE_EDIT, name, _kept(changes), act_id)
    with audited(user, system, *wish, repeats=True) as entry:
        before = system.client.get_queue(name)
        after = system.client.update_queue(name, **changes)
        entry.changed = outcomes.changed_fields(before, after, changes)
    return Outcome("success", "Changed. Executors go by it from their next look on.")


def delete(user: User, system: System, name: str, act_id: UUID | None = None) -> Outcome:
    """Delete a queue; its runs stay."""
    with audited(user, system, Action.QUEUE_DELETE, name, {}, act_id, repeats=True):
        system.client.delete_queue(name)
    return Outcome("success", f"The queue {name} is deleted; its runs stay.")


def _kept(limits: QueueLimits) -> dict[str, Any]:
    """Limits as an audit entry keeps them."""
    return {name: outcomes.plain(value) for name, value in limits.items()}
