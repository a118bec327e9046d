"""Schedules, and the runs of them that somebody asks for."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.contract.matrix.model import PLAIN, Difference, Given, Method, camel, missing, same
from tests.contract.rows import Scene, nothing

NAMES = {"schedule_name": "nightly", "workflow_name": "clean", "schedule": "30 2 * * *"}
NAMES_TS = {"scheduleName": "nightly", "workflowName": "clean", "schedule": "30 2 * * *"}
#: Over the end of summer time, in which a night has an hour twice.
START, END = datetime(2026, 10, 23, tzinfo=UTC), datetime(2026, 10, 28, tzinfo=UTC)
TOKEN = Difference(
    "creator_xid", False, True, "A token by which a repeated call knows the runs that it started."
)
#: What TypeScript keeps in an object of its own.
_APART = ("automaticBackfill", "cronTimezone", "queueName")

DEFINITION = [
    PLAIN,
    same(schedule_name="monthly"),
    same(workflow_name="pack"),
    same(schedule="*/10 0 3 * * 1-5"),
    same(context={"days": [30, None, 1.5], "ok": True}),
    same(workflow_class_name="Shop"),
    same(automatic_backfill=True),
    same(cron_timezone="Europe/Berlin"),
    same(queue_name="orders"),
    same(application_name="shop"),
]


def create(scene: Scene, given: Given) -> object:
    """A schedule by our client."""
    definition: Any = {**NAMES, **given}
    return scene.client.create_schedule(**definition)


def create_typescript(client: Any, given: Given) -> object:
    """The same schedule by the official client."""
    apart = {name: value for name, value in given.items() if name in _APART}
    return client.createSchedule({**NAMES_TS, **given, "options": apart})


def scheduled(**given: Any) -> Any:
    """A schedule, a paused one beside it, and a version of the application."""

    def arrange(scene: Scene) -> None:
        create(scene, given)
        create(scene, {**given, "schedule_name": "other"})
        scene.client.pause_schedule("other")
        scene.sql.execute("INSERT INTO dbos.application_versions VALUES ('v', 'v7', 1, 1, NULL)")

    arrange.__name__ = next(iter(given), "scheduled")
    return arrange


def apply(scene: Scene, given: Given) -> object:
    """One that is there, with something changed, and a new one."""
    new: Any = {**NAMES, "schedule_name": "new", "application_name": "shop"}
    changed: Any = {**NAMES, **given}
    return scene.client.apply_schedules([changed, new], prune=False)


def apply_python(client: Any, given: Given) -> object:
    """The same list by the official client."""
    new = {**NAMES, "schedule_name": "new", "application_name": "shop"}
    return client.apply_schedules([{**NAMES, **given}, new])


def apply_typescript(client: Any, given: Given) -> object:
    """The same list by the official client."""
    new = {**NAMES_TS, "scheduleName": "new", "applicationName": "shop"}
    return client.applySchedules([{**NAMES_TS, **given}, new])


def by_name(method: str, name: str) -> Method:
    """A method that takes the name of a schedule and nothing else."""
    return Method(
        method,
        [PLAIN],
        lambda scene, _: getattr(scene.client, method)(name),
        lambda client, _: getattr(client, method)(name),
        lambda client, _: getattr(client, camel(method))(name),
        given=(scheduled(),),
    )


def several(verb: str) -> Method:
    """The SDKs do it one by one."""

    def python(client: Any, _: Given) -> None:
        for name in ("nightly", "other"):
            getattr(client, f"{verb}_schedule")(name)

    def typescript(client: Any, _: Given) -> None:
        for name in ("nightly", "other"):
            getattr(client, f"{verb}Schedule")(name)

    return Method(
        f"{verb}_schedules",
        [PLAIN],
        lambda scene, _: getattr(scene.client, f"{verb}_schedules")(["nightly", "other"]),
        python,
        typescript,
        given=(scheduled(),),
    )


UNKNOWN = replace(PLAIN, given=nothing, refused=True)
RUN_STATES = (
    scheduled(),
    scheduled(context={"days": 3}),
    scheduled(cron_timezone="Europe/Berlin"),
    scheduled(queue_name="orders"),
    scheduled(workflow_class_name="Shop"),
    scheduled(application_name="shop"),
)
METHODS = [
    Method(
        "create_schedule",
        [
            *DEFINITION,
            replace(PLAIN, given=scheduled(), refused=True),
            replace(
                same(application_name="other"),
                given=scheduled(application_name="shop"),
                refused=True,
            ),
            replace(same(schedule="61 * * * *"), refused=True),
            replace(same(cron_timezone="Mars/Base"), refused=True),
        ],
        create,
        lambda client, given: client.create_schedule(**{**NAMES, **given}),
        create_typescript,
    ),
    *(by_name(f"{verb}_schedule", "nightly") for verb in ("pause", "resume", "delete")),
    by_name("resume_schedule", "other"),
    *(several(verb) for verb in ("pause", "resume")),
    Method(
        "update_schedule",
        [
            same(schedule="*/10 0 3 * * 1-5"),
            same(context={"days": 3}),
            same(automatic_backfill=True),
            same(cron_timezone="Europe/Berlin"),
            same(cron_timezone=None),
            same(queue_name="orders"),
            same(queue_name=None),
            replace(same(queue_name="q"), given=nothing, refused=True),
            missing("workflow_name", "The SDK changes times, context and queue alone."),
            missing("workflow_class_name", "The SDK changes times, context and queue alone."),
        ],
        lambda scene, given: scene.client.update_schedule("nightly", **given),
        "The client of the SDK has no such method.",
        lambda client, given: client.updateSchedule("nightly", given),
        given=(scheduled(context={"days": 1}, cron_timezone="UTC", queue_name="q"),),
    ),
    Method(
        "apply_schedules",
        [option for option in DEFINITION if option.name != "schedule_name"],
        apply,
        apply_python,
        apply_typescript,
        given=(scheduled(), scheduled(context={"days": 1})),
    ),
    Method(
        "backfill_schedule",
        [PLAIN, UNKNOWN],
        lambda scene, _: scene.client.backfill_schedule("nightly", START, END),
        lambda client, _: client.backfill_schedule("nightly", START, END),
        lambda client, _: client.backfillSchedule("nightly", START, END),
        given=RUN_STATES,
        differs=(TOKEN,),
    ),
    Method(
        "trigger_schedule",
        [PLAIN, UNKNOWN],
        lambda scene, _: scene.client.trigger_schedule("nightly"),
        lambda client, _: client.trigger_schedule("nightly"),
        lambda client, _: client.triggerSchedule("nightly"),
        given=RUN_STATES,
        differs=(TOKEN,),
    ),
]
