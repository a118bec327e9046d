"""Every action in plain words: what somebody does by it, and what to know before granting it."""

from typing import NamedTuple


class Words(NamedTuple):
    """An action as people say it."""

    #: After “your role does not include”.
    doing: str
    meaning: str
    #: Under which heading a list of actions has it.
    group: str = "Runs"


#: By the name of the action.
WORDS: dict[str, Words] = {
    "console.use": Words("using the console", "Sign in and see the system in the menu.", "Console"),
    "workflow.read": Words(
        "looking at runs", "See runs, errors, schedules and queues, with their secrets masked."
    ),
    "workflow.export": Words("exporting lists", "Take lists away as files."),
    "workflow.enqueue": Words("starting runs", "Enqueue a workflow, or start one like another."),
    "workflow.debounce": Words("debouncing", "Start a workflow once after a burst of calls."),
    "workflow.send": Words("sending messages", "Send a message to a run that may wait for it."),
    "workflow.cancel": Words("cancelling runs", "Stop runs at their next step."),
    "workflow.resume": Words("resuming runs", "Put runs on their queue again."),
    "workflow.fork": Words("forking runs", "Run a workflow again from one of its steps."),
    "workflow.delay": Words("changing delays", "Change when a delayed run starts."),
    "workflow.priority": Words("changing priorities", "Change the turn of runs that wait."),
    "workflow.delete": Words("deleting runs", "Delete runs for good: there is no way back."),
    "workflow.bulk": Words(
        "acting on many runs",
        "Cancel, resume, fork or delete many runs at once, as far as the role has the act itself.",
    ),
    "payload.reveal": Words(
        "revealing secrets", "See masked values; each look leaves an audit entry."
    ),
    "schedule.edit": Words(
        "editing schedules", "Create, change, pause and resume schedules.", "Schedules and queues"
    ),
    "schedule.trigger": Words(
        "starting a schedule's run", "Start a run of a schedule now.", "Schedules and queues"
    ),
    "schedule.backfill": Words(
        "backfilling", "Start the runs that a schedule missed.", "Schedules and queues"
    ),
    "schedule.apply": Words(
        "applying sets of schedules", "Make the schedules those of a file.", "Schedules and queues"
    ),
    "schedule.delete": Words(
        "deleting schedules", "Delete schedules, also by applying a set.", "Schedules and queues"
    ),
    "queue.edit": Words(
        "editing queues", "Register queues and change their limits.", "Schedules and queues"
    ),
    "queue.delete": Words(
        "deleting queues", "Delete a queue; what waits on it waits on.", "Schedules and queues"
    ),
    "view.save": Words("saving views", "Keep a search under a name.", "Views"),
    "view.share": Words("sharing views", "Show a saved view to everybody.", "Views"),
    "view.forget": Words("forgetting others' views", "Remove what others shared.", "Views"),
    "audit.read": Words("reading the audit log", "See who did what.", "Console"),
    "audit.export": Words("exporting the audit log", "Take the audit log away.", "Console"),
    "people.manage": Words(
        "managing people",
        "Make and end accounts, and reset how people sign in. Only on all systems.",
        "Console",
    ),
    "role.manage": Words(
        "managing roles", "Make, change and delete roles. Only on all systems.", "Console"
    ),
    "grant.manage": Words(
        "granting roles",
        "Give and take roles that hold no more than one has oneself. Only on all systems.",
        "Console",
    ),
}
