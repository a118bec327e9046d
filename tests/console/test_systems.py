"""Several systems: their file, what the pages show of each, and what PostgreSQL refuses."""

import logging
import re
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from pathlib import Path

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.http import HttpResponse
from django.test import Client
from django.urls import clear_url_caches
from django.urls import path as url_path
from django.views.decorators.http import require_safe
from pytest_django.fixtures import Settings

from client_core import DatabaseRefused
from console import systems, urls
from console.converters import WorkflowIDConverter
from console.http import Request
from console.models import AuditEntry, Operation
from console.operations.runner import Runner
from console.permissions import Action, Role, requires, why_not
from console.system_file import read
from console.systems import Access, System, all_systems, serving
from demo.waiting import wait_until
from tests.client_core.conftest import insert_run
from tests.console.conftest import Insert, SignIn
from tests.console.test_workflows import ENQUEUE, LIST, run_url, text
from tests.console.two_systems import two_systems
from tests.replica import PATIENCE_SECONDS, Replica

SECRET = "postgresql://ann:hunter2@db.internal:5432/orders?connect_timeout=1"
Sql = psycopg.Connection[dict[str, object]]
Two = Callable[..., dict[str, System]]


@pytest.fixture
def two(settings: Settings, monkeypatch: pytest.MonkeyPatch, system_url: str) -> Two:
    """Two systems, of which the other is as one says."""

    def configured(more: str = "", other_url: str = "") -> dict[str, System]:
        two_systems(settings, monkeypatch, system_url, other_url, more)
        return all_systems()

    return configured


class TestFile:
    def problems(self, more: str = "", name: str = "main") -> list[str]:
        return read(f'[systems.{name}]\ndatabase_url_env = "HERE"\n{more}')[1]

    @pytest.fixture(autouse=True)
    def _here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HERE", SECRET)

    def test_all_that_can_be_said(self, tmp_path: Path) -> None:
        (tmp_path / "url").write_text(f"{SECRET}\n")
        found, problems = read(
            f"""
            [systems.production]
            title = "Orders"
            environment = "production"
            colour = "red"
            database_url_file = "{tmp_path}/url"
            read_database_url_env = "HERE"
            schema = "dbos"
            read_only = true
            statement_timeout_ms = 2000
            masked_keys = ["*iban*"]
            dialect = "typescript"
            [systems.production.links]
            Logs = "https://logs.example/?q={{workflow_id}}"
            """
        )
        assert problems == []
        assert found["production"]["database_url"] == SECRET
        assert found["production"]["read_database_url"] == SECRET

    @pytest.mark.parametrize(
        ("more", "told"),
        [
            ("title = 3", "systems.main.title: must be a text of 1 to 40 characters."),
            ('colour = "pink"', "systems.main.colour: must be one of red, amber, green"),
            ('environment = "Prod !"', "systems.main.environment: must have 1 to 32 lower-case"),
            ('read_only = "yes"', "systems.main.read_only: must be true or false."),
            ("statement_timeout_ms = 5", "systems.main.statement_timeout_ms: must be a whole"),
            ('masked_keys = "x"', "systems.main.masked_keys: must be a list of patterns"),
            ('dialect = "go"', "systems.main.dialect: must be one of python, typescript."),
            ('color = "red"', "systems.main.color: unknown; there are colour, dialect"),
            (f'database_url = "{SECRET}"', "systems.main.database_url: passwords do not belong"),
            ('read_database_url_env = "NOT_SET"', "the variable NOT_SET is not set."),
            ('read_database_url_file = "/nowhere"', "the file /nowhere cannot be read."),
            ('database_url_file = "/x"', "give this or database_url_env, not both."),
            ('links = "x"', "systems.main.links: must have titles and addresses"),
            ("links = {x = 3}", "has “x”, which must be an address."),
            ('links = {x = "javascript:alert(1)"}', "must begin with https:// or http://"),
            ('links = {x = "//evil.example/"}', "must begin with https:// or http://"),
            ('links = {x = "https://{name}.example/"}', "must not take its host from a run."),
            ('links = {x = "https://a.example/{password}"}', "may name {workflow_id}"),
            ('links = {x = "https://a.example/{name.__class__}"}', "may name {workflow_id}"),
            ('links = {x = "https://a.example/{name!r}"}', "may name {workflow_id}"),
            ('links = {x = "https://a.example/{}"}', "may name {workflow_id}"),
            ('links = {x = "https://a.example/{"}', "is no address."),
        ],
    )
    def test_a_mistake_is_told_by_its_key_and_rule(self, more: str, told: str) -> None:
        [problem] = self.problems(more)
        assert told in problem
        assert "hunter2" not in problem

    def test_what_stands_beside_the_systems(self) -> None:
        assert "is no TOML" in read("systems = [")[1][0]
        assert read("")[1] == ["systems: name at least one, as [systems.NAME]."]
        assert "its name must have" in self.problems(name='"No Name"')[0]
        assert "tables: unknown" in read('[tables]\n[systems.x]\ndatabase_url_env="HERE"')[1][0]
        assert read("[systems.x]")[1] == [
            "systems.x.database_url_env: name the variable, or a file by database_url_file."
        ]
        assert "must be a table" in read("[systems]\nx = 1")[1][0]

    def test_an_address_that_is_none_is_not_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HERE", "postgresql://ann:hunter2@[db")
        [problem] = self.problems()
        assert "no PostgreSQL URL" in problem
        assert "hunter2" not in problem

    def test_it_stops_the_start(self, settings: Settings) -> None:
        settings.CONSOLE_SYSTEMS = '[systems.main]\ncolour = "pink"'
        with pytest.raises(SystemCheckError, match=r"systems\.main\.colour: must be one of"):
            call_command("check")
        with pytest.raises(ImproperlyConfigured, match=r"systems\.main\.database_url_env"):
            all_systems()


class TestSecrets:
    def test_an_address_is_never_shown(
        self, two: Two, sign_in: SignIn, caplog: pytest.LogCaptureFixture
    ) -> None:
        url = SECRET.replace("db.internal:5432", "127.0.0.1:1")
        configured = two(other_url=url)
        assert "hunter2" not in repr(configured)
        assert "hunter2" not in str(configured["other"])
        browser = sign_in(Role.ADMINISTRATOR)
        with caplog.at_level(logging.DEBUG):
            for path in ("workflows/", "schedules/", "queues/"):
                response = browser.get(f"/s/other/{path}")
                assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
                assert b"hunter2" not in response.content
            browser.post("/s/other/workflows/enqueue/", {"workflow_name": "x", "queue_name": "q"})
        assert "hunter2" not in caplog.text


class TestAway:
    def test_the_others_and_the_console_go_on(
        self, two: Two, administrator: Client, insert: Insert
    ) -> None:
        insert(name="job")
        two(other_url="postgresql://127.0.0.1:1/nothing?connect_timeout=1")
        page = administrator.get("/s/other/workflows/")
        assert page.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert 'href="/s/main/workflows/"' in page.content.decode()
        for path in (LIST, "/audit/", "/roles/", "/grants/", "/preferences/"):
            page = administrator.get(path)
            assert page.status_code == HTTPStatus.OK, path
            assert 'href="/s/other/' in page.content.decode()


class TestReadOnly:
    def test_writes_are_refused_with_the_reason(
        self, two: Two, administrator: Client, insert: Insert, sql: Sql
    ) -> None:
        insert(workflow_uuid="run-1", status="PENDING")
        configured = two("read_only = true")
        run = run_url("run-1").replace("main", "other")
        page = administrator.get(run)
        assert page.status_code == HTTPStatus.OK
        assert "The other is read-only in this console." in text(page)
        refused = administrator.post(f"{run}cancel/")
        assert refused.status_code == HTTPStatus.FORBIDDEN
        assert "The other is read-only in this console." in text(refused)
        assert sql.execute("SELECT status FROM dbos.workflow_status").fetchall() == [
            {"status": "PENDING"}
        ]
        assert AuditEntry.objects.get().outcome == "refused"
        with pytest.raises(DatabaseRefused, match="read-only transaction"):
            configured["other"].client.cancel_workflow("run-1")

    def test_looking_revealing_and_saving_views_go_on(
        self, two: Two, administrator: Client, insert: Insert
    ) -> None:
        insert(workflow_uuid="run-1", inputs='{"positionalArgs": [{"password": "x"}]}')
        two("read_only = true")
        run = run_url("run-1").replace("main", "other")
        assert administrator.post(f"{run}payload/input/reveal/").status_code == HTTPStatus.OK
        sent = {"name": "mine", "q": "status:error"}
        assert administrator.post("/s/other/views/save/", sent).status_code == HTTPStatus.FOUND

    def test_every_write_of_the_client_counts_as_one(self, two: Two, sign_in: SignIn) -> None:
        sign_in(Role.ADMINISTRATOR)
        system = two("read_only = true")["other"]
        user = User.objects.get()
        allowed = {action for action in Action if not why_not(user, action, system)}
        assert allowed == {
            action
            for action in Action
            if action.partition(".")[0]
            in ("console", "view", "payload", "audit", "people", "role", "grant")
        } | {Action.WORKFLOW_READ, Action.WORKFLOW_EXPORT}

    def test_an_operation_that_waits_ends(self, two: Two, sign_in: SignIn) -> None:
        sign_in(Role.ADMINISTRATOR)
        two("read_only = true")
        user = User.objects.get()
        operation = Operation.objects.create(
            user=user, username=user.username, system="other", action="workflow.cancel",
            filters={"workflow_ids": ["run-1"]}, state="running", total=1,
        )  # fmt: skip
        operation.operationrun_set.create(position=1, workflow_id="run-1", status="PENDING")
        while Runner().turn():
            pass
        operation.refresh_from_db()
        assert operation.state == "stopped"


class TestWhatAViewMayDo:
    """A page that only looks cannot write, even if its code tried."""

    @pytest.fixture
    def page(self, settings: Settings, two: Two) -> Iterator[str]:
        two()

        @require_safe
        @requires(Action.WORKFLOW_READ)
        def faulty(request: Request, system: System) -> HttpResponse:
            system.client.cancel_workflow("run-1")
            return HttpResponse("written")

        urls.urlpatterns.append(url_path("s/<system:system>/faulty/", faulty, name="faulty"))
        clear_url_caches()
        yield "/s/main/faulty/"
        urls.urlpatterns.pop()
        clear_url_caches()

    def test_postgresql_refuses(
        self, page: str, administrator: Client, insert: Insert, sql: Sql
    ) -> None:
        insert(workflow_uuid="run-1", status="PENDING")
        refused = administrator.get(page)
        assert refused.status_code == HTTPStatus.BAD_GATEWAY
        assert "read-only transaction" in text(refused)
        rows = sql.execute("SELECT status FROM dbos.workflow_status").fetchall()
        assert rows == [{"status": "PENDING"}]

    def test_a_form_may(self, two: Two, operator: Client, insert: Insert, sql: Sql) -> None:
        two()
        insert(workflow_uuid="run-1", status="PENDING")
        operator.post(run_url("run-1", "cancel/"))
        rows = sql.execute("SELECT status FROM dbos.workflow_status").fetchall()
        assert rows == [{"status": "CANCELLED"}]


class TestReplica:
    """A standby that is held back: it does not show what its primary was written meanwhile."""

    @pytest.fixture
    def standby(
        self, two: Two, replica: Replica, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[Replica]:
        monkeypatch.setenv("STANDBY_URL", replica.url)
        two(f'read_database_url_env = "STANDBY_URL"\n# {replica.url}', replica.primary_url)
        yield replica
        for client in systems._client(all_systems()["other"]).values():
            client.destroy()
        systems._client.cache_clear()

    @pytest.fixture
    def insert_there(self, replica: Replica) -> Iterator[Insert]:
        with psycopg.connect(replica.primary_url, autocommit=True) as conn:
            yield partial(insert_run, conn)

    def test_reads_go_there_and_after_a_write_to_the_primary(
        self, standby: Replica, operator: Client, insert_there: Insert
    ) -> None:
        insert_there(workflow_uuid="near", status="PENDING")
        standby.catch_up()
        run = "/s/other/workflows/run/near/"
        with standby.behind():
            assert "Cancelled" not in text(operator.get(run))
            assert operator.post(f"{run}cancel/").status_code == HTTPStatus.FOUND
            cookie = operator.cookies["console_near"]
            assert cookie["path"] == "/s/other/"
            assert cookie["max-age"] == 60
            assert cookie["httponly"]
            assert "Cancelled" in text(operator.get(run))
            del operator.cookies["console_near"]
            assert "Cancelled" not in text(operator.get(run))

    def test_work_without_a_request_is_done_on_the_primary(
        self, standby: Replica, insert_there: Insert
    ) -> None:
        other = all_systems()["other"]
        with standby.behind():
            insert_there(workflow_uuid="of-no-request")
            assert other.client.get_workflow("of-no-request")
            assert other.watching.get_workflow("of-no-request") is None
            with serving(other, Access.READ):
                assert other.client.get_workflow("of-no-request")
            with serving(other, Access.READ_ANYWHERE):
                assert other.client.get_workflow("of-no-request") is None

    def test_its_lag_is_on_each_page(
        self, standby: Replica, viewer: Client, insert_there: Insert
    ) -> None:
        standby.catch_up()
        assert "A replica, up to date" in text(viewer.get("/s/other/workflows/"))
        assert "A replica" not in text(viewer.get(LIST))  # This system has none.
        with standby.behind():
            insert_there(workflow_uuid="late")
            standby.catch_up(replayed=False)
            other = all_systems()["other"]
            assert wait_until(lambda: (other.lag_seconds() or 0) >= 1, PATIENCE_SECONDS)
            page = text(viewer.get("/s/other/workflows/"))
            assert re.search(r"A replica, \d+(\.\d+)? (s|min)\b.* behind", page)

    def test_a_primary_in_its_place_has_no_lag(
        self, two: Two, system_url: str, viewer: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STANDBY_URL", system_url)
        two('read_database_url_env = "STANDBY_URL"')
        assert "A replica" not in text(viewer.get("/s/other/workflows/"))
        assert all_systems()["other"].lag_seconds() is None


class TestWhatIsShown:
    def test_nobody_overlooks_production(
        self, two: Two, administrator: Client, insert: Insert
    ) -> None:
        insert(workflow_uuid="run-1", status="PENDING")
        two()
        page = administrator.get(run_url("run-1", "cancel/")).content.decode()
        assert page.count('class="banner colour-red banner-production"') == 2  # And in its dialogs.
        other = administrator.get("/s/other/workflows/").content.decode()
        assert "banner-production" not in other
        assert '<p class="banner colour-blue">' in other
        assert "banner" not in administrator.get("/roles/").content.decode().split("<main")[0]

    def test_logs_and_traces_are_a_click_away(
        self, two: Two, viewer: Client, insert: Insert
    ) -> None:
        hostile = 'a&b="><script>{name}'
        insert(workflow_uuid=hostile, name="job")
        two('links = {"Logs <b>" = "https://logs.example/{name}?q={workflow_id}&v={executor_id}"}')
        run = WorkflowIDConverter().to_url(hostile)
        page = viewer.get(f"/s/other/workflows/run/{run}/").content.decode()
        spelled = "a%26b%3D%22%3E%3Cscript%3E%7Bname%7D"
        assert f'href="https://logs.example/job?q={spelled}&amp;v="' in page
        assert "Logs &lt;b&gt;" in page

    def test_each_masks_its_own_keys(self, two: Two, viewer: Client, insert: Insert) -> None:
        insert(
            workflow_uuid="run-1",
            inputs='{"positionalArgs": [{"iban": "DE1", "password": "hunter2"}]}',
            serialization="portable_json",
        )
        two('masked_keys = ["*iban*"]')
        run = run_url("run-1")
        here, there = (text(viewer.get(url)) for url in (run, run.replace("main", "other")))
        assert "DE1" in here
        assert "hunter2" not in here
        assert "DE1" not in there
        assert "hunter2" in there

    def test_each_has_its_own_patience(
        self, two: Two, viewer: Client, insert: Insert, sql: Sql
    ) -> None:
        insert(workflow_uuid="run-1")
        sql.execute("CREATE SCHEMA slow")
        sql.execute(
            "CREATE VIEW slow.workflow_status AS "
            "SELECT * FROM dbos.workflow_status WHERE pg_sleep(30) IS NOT NULL"
        )
        two('schema = "slow"\nstatement_timeout_ms = 100')
        try:
            page = viewer.get("/s/other/workflows/run/run-1/")
        finally:
            sql.execute("DROP SCHEMA slow CASCADE")
        assert "That took the database too long" in text(page)
        assert viewer.get(run_url("run-1")).status_code == HTTPStatus.OK


def test_the_command_line_asks_which(two: Two) -> None:
    two()
    with pytest.raises(CommandError, match="main, other"):
        call_command("schedules", "export")


def test_one_system_needs_no_file(viewer: Client, insert: Insert) -> None:
    page = viewer.get(LIST).content.decode()
    assert "banner" not in page.split("<main")[0]
    assert "Switch to another system" not in page
    assert viewer.get(ENQUEUE).status_code == HTTPStatus.FORBIDDEN
