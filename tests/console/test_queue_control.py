"""Acting on queues: register them, edit their limits, delete them."""

import uuid
from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client

from client_core import DBOSClient, Queue, RateLimit
from console.models import AuditEntry
from tests.console.browsing import form_on
from tests.console.conftest import Insert
from tests.console.test_queues import LIST, ONE
from tests.console.test_schedule_control import errors
from tests.console.test_workflows import text

NEW = f"{LIST}register/"
EDIT = f"{ONE}edit/"
DELETE = f"{ONE}delete/"
EFFECT = f"{LIST}effect/"


def fields(**given: str) -> dict[str, str]:
    return {
        "name": "orders",
        "polling_interval_seconds": "1",
        "form_id": str(uuid.uuid4()),
        **given,
    }


def only(client: DBOSClient) -> Queue:
    [queue] = client.list_queues()
    return queue


class TestRegister:
    def test_with_its_limits(self, operator: Client, client: DBOSClient) -> None:
        wanted = fields(
            application_name="shop",
            global_concurrency="10",
            worker_concurrency="2",
            limiter="100",
            limiter_period="60",
            partition_concurrency="1",
            partition_limiter="5",
            partition_limiter_period="1.5",
            polling_interval_seconds="0.25",
        )
        page = text(operator.post(NEW, wanted, follow=True))
        assert "It is registered." in page
        made = only(client)
        assert (made.name, made.application_name) == ("orders", "shop")
        assert (made.global_concurrency, made.worker_concurrency) == (10, 2)
        assert (made.limiter, made.partition_limiter) == (RateLimit(100, 60), RateLimit(5, 1.5))
        assert (made.partition_concurrency, made.polling_interval_seconds) == (1, 0.25)
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.target, entry.outcome) == ("queue.edit", "orders", "done")
        assert entry.parameters["limiter"] == [100, 60.0]
        assert "sent twice" in text(operator.post(NEW, wanted, follow=True))

    @pytest.mark.parametrize(
        ("field", "typed", "rule"),
        [
            ("name", "", "required"),
            ("name", "_dbos_mine", "reserved"),
            ("name", "\0", "Null characters"),
            ("global_concurrency", "-1", "from 0 to 2,147,483,647"),
            ("global_concurrency", "99999999999", "from 0 to 2,147,483,647"),
            ("global_concurrency", "9" * 5_000, "whole number"),
            ("global_concurrency", "1.5", "whole number"),
            ("worker_concurrency", "11", "must not be above global_concurrency, which is 10"),
            ("partition_concurrency", "0", "from 1 to"),
            ("limiter", "0", "from 1 to"),
            ("limiter_period", "", "both, or neither"),
            ("limiter_period", "nan", "number"),
            ("limiter", "", "both, or neither"),
            ("polling_interval_seconds", "0", "positive"),
            ("polling_interval_seconds", "1e999", "number"),
            ("polling_interval_seconds", "", "required"),
        ],
    )
    def test_what_is_wrong_is_told_by_its_field_and_kept(
        self, operator: Client, client: DBOSClient, field: str, typed: str, rule: str
    ) -> None:
        given = {"limiter": "5", "limiter_period": "60", "application_name": "kept"}
        response = operator.post(NEW, fields(**{"global_concurrency": "10", **given, field: typed}))
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert rule in errors(response, field)
        assert 'value="kept"' in response.content.decode()
        assert client.list_queues() == []

    def test_a_name_that_is_taken_is_left_as_it_is(
        self, operator: Client, client: DBOSClient
    ) -> None:
        client.register_queue("orders", global_concurrency=3, application_name="shop")
        response = operator.post(NEW, fields(global_concurrency="5"))
        assert "the name of a queue that there is" in errors(response, "name")
        response = operator.post(NEW, fields(application_name="other"))
        assert "belongs to the application 'shop'" in errors(response, "name")
        assert only(client).global_concurrency == 3

    def test_the_name_of_a_queue_of_the_code_is_filled_in(
        self, operator: Client, insert: Insert
    ) -> None:
        insert(status="ENQUEUED", queue_name="orders")
        assert "not registered in the database" in text(operator.get(ONE))
        assert f'href="{NEW}?name=orders"' in operator.get(ONE).content.decode()
        assert form_on(operator.get(NEW, {"name": "orders"}))["name"] == "orders"


class TestEdit:
    def test_only_what_is_otherwise_is_written(self, operator: Client, client: DBOSClient) -> None:
        client.register_queue("orders", global_concurrency=5, limiter=RateLimit(9, 60))
        form = form_on(operator.get(EDIT))
        assert (form["global_concurrency"], form["limiter"]) == ("5", "9")
        page = text(operator.post(EDIT, form | {"global_concurrency": "2"}, follow=True))
        assert "Changed." in page
        after = only(client)
        assert (after.global_concurrency, after.limiter) == (2, RateLimit(9, 60))
        assert AuditEntry.objects.get().parameters == {"global_concurrency": 2}
        form = form_on(operator.get(EDIT)) | {"limiter": "", "limiter_period": ""}
        operator.post(EDIT, form)
        assert only(client).limiter is None

    def test_nothing_is_written_where_nothing_is_otherwise(
        self, operator: Client, client: DBOSClient
    ) -> None:
        client.register_queue("orders", limiter=RateLimit(9, 1.5))
        page = text(operator.post(EDIT, form_on(operator.get(EDIT)), follow=True))
        assert "nothing was changed" in page
        assert not AuditEntry.objects.exists()

    def test_the_second_of_two_people_is_told_and_loses_nothing(
        self, operator: Client, client: DBOSClient
    ) -> None:
        client.register_queue("orders", global_concurrency=5)
        form = form_on(operator.get(EDIT))
        client.update_queue("orders", global_concurrency=3, limiter=RateLimit(9, 60))
        response = operator.post(EDIT, form | {"global_concurrency": "8"})
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "Somebody changed it since you looked." in text(response)
        assert "It is 3 now." in errors(response, "global_concurrency")
        assert "It is 9 a minute now." in errors(response, "limiter")
        again = form_on(response)
        assert again["global_concurrency"] == "8"
        assert only(client).global_concurrency == 3
        operator.post(EDIT, again | {"limiter": "9", "limiter_period": "60"})
        assert (only(client).global_concurrency, only(client).limiter) == (8, RateLimit(9, 60))

    def test_one_that_was_deleted_and_made_anew_is_another(
        self, operator: Client, client: DBOSClient
    ) -> None:
        client.register_queue("orders", global_concurrency=5)
        form = form_on(operator.get(EDIT)) | {"seen": '{"created": 1, "global_concurrency": 5}'}
        response = operator.post(EDIT, form | {"global_concurrency": "8"})
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert only(client).global_concurrency == 5

    @pytest.mark.parametrize("seen", ["x", "[]", "7", "[" * 100_000])
    def test_nonsense_in_place_of_what_was_seen(
        self, operator: Client, client: DBOSClient, seen: str
    ) -> None:
        client.register_queue("orders")
        form = form_on(operator.get(EDIT)) | {"seen": seen, "global_concurrency": "8"}
        response = operator.post(EDIT, form)
        assert response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert only(client).global_concurrency is None

    @pytest.mark.parametrize("path", [EDIT, DELETE])
    def test_a_queue_that_is_gone(self, administrator: Client, path: str) -> None:
        assert administrator.get(path).status_code == HTTPStatus.NOT_FOUND
        assert administrator.post(path).status_code == HTTPStatus.NOT_FOUND


class TestEffect:
    def told(self, browser: Client, **given: Any) -> str:
        typed = {"name": "orders", "current": "1", "polling_interval_seconds": "1", **given}
        return text(browser.get(EFFECT, typed))

    def test_lower_concurrency_stops_nothing(
        self, viewer: Client, client: DBOSClient, insert: Insert
    ) -> None:
        client.register_queue("orders", global_concurrency=5)
        for status in ("PENDING", "PENDING", "PENDING", "ENQUEUED"):
            insert(status=status, queue_name="orders", executor_id="a")
        assert "3 runs run now, more than 2" in self.told(viewer, global_concurrency="2")
        assert "The queue rests" in self.told(viewer, global_concurrency="0")
        assert "All 1 that wait have room" in self.told(viewer, global_concurrency="9")
        assert "All that wait may run at once" in self.told(viewer)
        assert "Nothing is otherwise" in self.told(viewer, global_concurrency="5")
        told = self.told(viewer, global_concurrency="5", worker_concurrency="1")
        assert "1 executor has more now" in told
        assert "Global concurrency: Enter a whole number." in self.told(
            viewer, global_concurrency="x"
        )

    def test_partitions_leave_runs_without_a_key_behind(
        self, viewer: Client, client: DBOSClient, insert: Insert
    ) -> None:
        client.register_queue("orders")
        insert(status="ENQUEUED", queue_name="orders")
        told = self.told(viewer, partition_concurrency="1")
        assert "1 run waits without one" in told
        client.update_queue("orders", partition_concurrency=2)
        assert "partitioned no more" in self.told(viewer)
        assert "The partition concurrency is 1" in self.told(viewer, partition_concurrency="1")

    def test_rates_and_looks(self, viewer: Client, client: DBOSClient) -> None:
        client.register_queue("orders", limiter=RateLimit(1, 1))
        told = self.told(viewer, limiter="9", limiter_period="60", polling_interval_seconds="2.5")
        assert "At most 9 a minute start" in told
        assert "Executors look every 2.5 s." in told
        assert "as quickly as" in self.told(viewer)

    def test_a_new_queue_takes_what_waits_for_it(self, viewer: Client, insert: Insert) -> None:
        insert(status="ENQUEUED", queue_name="orders")
        assert "1 run waits already on it" in self.told(viewer, current="")
        assert "Nothing that is on the queue now notices it." in self.told(
            viewer, current="", name="other", limiter=""
        )

    def test_without_a_script_a_button_shows_it(self, operator: Client, client: DBOSClient) -> None:
        client.register_queue("orders", global_concurrency=5)
        form = form_on(operator.get(EDIT)) | {"global_concurrency": "0", "preview": "1"}
        assert "The queue rests" in text(operator.post(EDIT, form))
        assert only(client).global_concurrency == 5


class TestDelete:
    def test_where_nothing_waits_a_click_is_enough(
        self, administrator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        client.register_queue("orders")
        insert(status="PENDING", queue_name="orders")
        assert "1 that runs goes on." in text(administrator.get(DELETE))
        form = form_on(administrator.get(DELETE))
        page = text(administrator.post(DELETE, form, follow=True))
        assert "The queue orders is deleted; its runs stay." in page
        assert client.list_queues() == []
        assert len(client.list_workflows()) == 1
        entry = AuditEntry.objects.get()
        assert (entry.action, entry.target, entry.outcome) == ("queue.delete", "orders", "done")

    def test_where_runs_wait_its_name_confirms(
        self, administrator: Client, client: DBOSClient, insert: Insert
    ) -> None:
        client.register_queue("orders", application_name="shop")
        for status in ("ENQUEUED", "ENQUEUED", "DELAYED"):
            insert(status=status, queue_name="orders")
        page = text(administrator.get(DELETE))
        assert "2 runs wait on it, and nobody takes them" in page
        assert "1 run is delayed on it" in page
        assert "orders of shop" in page
        form = form_on(administrator.get(DELETE))
        response = administrator.post(DELETE, form)
        assert "Type the name" in errors(response, "confirmation")
        assert only(client).name == "orders"
        administrator.post(DELETE, form | {"confirmation": "orders"})
        assert client.list_queues() == []

    def test_it_is_for_administrators(self, operator: Client, client: DBOSClient) -> None:
        client.register_queue("orders")
        assert operator.post(DELETE).status_code == HTTPStatus.FORBIDDEN
        reason = "Delete Your role on main does not include deleting queues."
        assert reason in text(operator.get(ONE))
        assert "Edit the limits" in text(operator.get(ONE))
