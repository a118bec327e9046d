"""What goes wrong with queues, versions and schedules: things that have a name and an owner."""

from typing import TYPE_CHECKING

from client_core.errors import DBOSClientError

if TYPE_CHECKING:
    from client_core.records import ScheduleDifference


class OwnedByAnotherApplication(DBOSClientError):
    """The name is taken by another application; names are unique in a system database."""

    def __init__(self, kind: str, name: str, owner: str, application_name: str) -> None:
        #: “queue”, “schedule” or “application version”.
        self.kind = kind
        self.name = name
        #: The application that has it.
        self.owner = owner
        #: The application that the call was for.
        self.application_name = application_name
        super().__init__(
            f"The {kind} {name!r} belongs to the application {owner!r}, not to "
            f"{application_name!r}: choose another name."
        )


class NonExistentQueue(DBOSClientError, LookupError):
    """No queue with this name is registered in the system database."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"There is no queue with the name {name!r}.")


class NonExistentVersion(DBOSClientError, LookupError):
    """No application has registered a version with this name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"There is no application version with the name {name!r}.")


class NonExistentSchedule(DBOSClientError, LookupError):
    """No schedule with this name is in the system database."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"There is no schedule with the name {name!r}.")


class ScheduleExists(DBOSClientError):
    """A schedule with this name exists already, of the same application or of none."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"There is already a schedule with the name {name!r}.")


class ScheduleChanged(DBOSClientError):
    """Somebody changed the schedule since the caller looked; nothing was written."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"The schedule {name!r} was changed meanwhile; nothing was written.")


class SchedulesChanged(DBOSClientError):
    """Applying the list would change other things than the caller saw; nothing was written.

    ``difference`` is what it would change now.
    """

    def __init__(self, difference: "ScheduleDifference") -> None:
        self.difference = difference
        super().__init__(
            "The schedules were changed meanwhile, so this would change other things than it did "
            "before; nothing was written."
        )


class DialectUnknown(DBOSClientError):
    """Nothing tells in which language the application is written; ``dialect`` has to say it."""

    def __init__(self, application_name: str | None, found: frozenset[str]) -> None:
        self.application_name = application_name
        #: The languages of which there are traces: none, or more than one.
        self.found = found
        whose = f"the application {application_name!r}" if application_name else "the application"
        traces = f"has traces of {' and '.join(sorted(found))}" if found else "does not tell"
        super().__init__(
            f"The system database {traces}, so the language of {whose} is unknown: "
            "set dialect to “python” or “typescript”, on the call or on the client."
        )
