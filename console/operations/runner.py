"""The runner: a thread that plans operations and carries them out, chunk by chunk.

Each process that serves the console has one. It takes an operation for a moment under a lease, so
that several take turns, and what a dead process held goes on elsewhere when its lease has run out.
"""

import logging
import threading
import time
import uuid

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from client_core import (
    DatabaseUnavailable,
    DBOSClientError,
    OutcomeUnknown,
    QueryTimeout,
)
from console import actions
from console.audit import chain
from console.models import Operation
from console.operations import chunks, control, plans
from console.operations.chunks import Acted, Chunk, LeaseLost
from console.operations.cleanup import clean_up
from console.operations.kinds import Kind
from console.systems import System, all_systems

logger = logging.getLogger("console")

State = Operation.State

#: How often a runner looks for what others planned or left behind.
POLL_SECONDS = 1.0
#: How often it looks for old results.
TIDY_SECONDS = 600.0
#: After so long another operation has its turn.
TURN_SECONDS = 1.0
#: A chunk that holds its rows for longer than this is made smaller.
LONG_SECONDS = 0.4
_LEAST_CHUNK = 100
#: So often a plan is tried whose search takes too long.
_MOST_TRIES = 5


class Runner:
    """Takes operations and carries them out."""

    def __init__(self) -> None:
        self.id = uuid.uuid4()
        self._stopped = threading.Event()
        #: When it next looks for results that are not to be kept.
        self._tidies_at = 0.0
        self._audit_end = chain.Head()
        #: Runs in one go, by operation, where the usual number took too long.
        self._sizes: dict[uuid.UUID, int] = {}

    def start(self) -> threading.Thread:
        """Work in a thread of its own, for as long as the process lives."""
        thread = threading.Thread(target=self.work, name="runner", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """Let the thread end after its turn."""
        self._stopped.set()
        chunks.wake.set()

    def work(self) -> None:
        """Take turns until stopped."""
        is_away = False
        while not self._stopped.is_set():
            chunks.wake.clear()
            try:
                worked, is_away = self.turn() or self._tidy(), False
            except (DatabaseError, InterfaceError) as error:
                if not is_away:
                    logger.warning("Operations wait for the console's database: %s", error)
                worked, is_away = False, True
            if not worked:
                connection.close()
                chunks.wake.wait(POLL_SECONDS)
        connection.close()

    def turn(self) -> bool:
        """Carry on with the operation that waits for longest; False if there is none."""
        operation = chunks.claim(self.id)
        if operation is None:
            return False
        try:
            self._carry_on(operation)
        except LeaseLost:
            logger.info("Operation %s is another runner's now", operation.pk)
        except (DatabaseError, InterfaceError):
            raise
        except Exception as error:
            logger.exception("Operation %s failed", operation.pk)
            control.end_operation(operation, State.FAILED, f"An error of the console: {error}")
        return True

    def _tidy(self) -> bool:
        """With nothing else to do, delete some old results; False if there are none."""
        if time.monotonic() < self._tidies_at:
            return False
        if clean_up(timezone.now()):
            return True
        self._note_end_of_audit()
        self._tidies_at = time.monotonic() + TIDY_SECONDS
        return False

    def _note_end_of_audit(self) -> None:
        """Say where the audit log ends, to where the console's own log is kept."""
        end = chain.head()
        if end != self._audit_end:
            logger.info("The audit log ends at %s", end)
        self._audit_end = end

    def _carry_on(self, operation: Operation) -> None:
        system = all_systems().get(operation.system)
        if system is None:
            note = f"This console has no system “{operation.system}” any more."
            control.end_operation(operation, State.FAILED, note)
            return
        until = time.monotonic() + TURN_SECONDS
        begun_to = operation.begun_to
        try:
            while time.monotonic() < until and not self._stopped.is_set():
                begun_to = operation.begun_to
                if not self._step(operation, system):
                    return
        except PermissionDenied:
            note = f"{operation.username or 'Its person'} may not do this any more."
            chunks.take_back(operation, begun_to)
            control.end_operation(operation, State.STOPPED, note)
        except (DatabaseUnavailable, QueryTimeout, OutcomeUnknown) as error:
            if isinstance(error, QueryTimeout) and _is_hopeless(operation):
                note = f"{error} Narrow the search, with a name or with a time such as created:<1d."
                control.end_operation(operation, State.FAILED, note)
                return
            if isinstance(error, OutcomeUnknown):
                begun_to = operation.begun_to
            self._sizes[operation.pk] = max(_LEAST_CHUNK, self._size(operation) // 2)
            chunks.postpone(operation, f"It waits and tries again: {error}", begun_to=begun_to)
        except DBOSClientError as error:
            chunks.take_back(operation, begun_to)
            control.end_operation(operation, State.FAILED, str(error))
        else:
            chunks.release(operation)

    def _step(self, operation: Operation, system: System) -> bool:
        """A page of the plan or a chunk of the work; False if nothing is left to do."""
        if operation.state == State.PLANNING:
            plans.plan_page(operation, system, self._size(operation))
            if operation.state == State.PLANNING:
                return True
            chunks.release(operation)
            return False
        kind = chunks.kind_of(operation)
        chunk = chunks.begin(operation, self._size(operation))
        if chunk is None:
            _end_or_release(operation)
            return False
        started = time.monotonic()
        acted = _act(operation, system, kind, chunk)
        took = time.monotonic() - started
        if took > LONG_SECONDS:
            self._sizes[operation.pk] = max(_LEAST_CHUNK, self._size(operation) // 2)
        chunks.complete(operation, chunk, acted)
        return True

    def _size(self, operation: Operation) -> int:
        is_plan = operation.state == State.PLANNING
        usual = plans.PAGE if is_plan else chunks.chunk_of(operation)
        return min(usual, self._sizes.get(operation.pk, usual))


def _act(operation: Operation, system: System, kind: Kind, chunk: Chunk) -> list[Acted]:
    """Act on the runs of a chunk that the plan does not leave alone."""
    left_alone = [
        Acted(workflow_id, status, chunks.Outcome.SKIPPED)
        for workflow_id, (_, status) in chunk.runs.items()
        if kind.skips(status, operation.parameters)
    ]
    skipped = {one.workflow_id for one in left_alone}
    chosen = [workflow_id for workflow_id in chunk.runs if workflow_id not in skipped]
    acted = actions.act_on_runs(operation.user, system, operation, chosen) if chosen else []
    return [*acted, *left_alone]


def _is_hopeless(operation: Operation) -> bool:
    """Whether the search is too slow, however few runs are asked for at once."""
    return operation.state == State.PLANNING and operation.failures >= _MOST_TRIES


def _end_or_release(operation: Operation) -> None:
    """There is no chunk to begin: all is done, or somebody wants it to pause or stop."""
    operation.refresh_from_db(
        fields=["state", "outcomes", "done_to", "begun_to", "total", "runner"]
    )
    if operation.state == State.STOPPING and operation.done_to < operation.total:
        chunks.give_up_chunk(operation)
        control.end_operation(operation, State.STOPPED, "")
    elif (
        operation.state in (State.RUNNING, State.STOPPING) and operation.done_to >= operation.total
    ):
        control.end_operation(operation, State.DONE)
    else:
        chunks.release(operation)
