"""The launcher of the embedded PostgreSQL, with real servers."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from demo import binaries, postgres
from demo.binaries import PostgresError
from demo.postgres import EmbeddedPostgres
from demo.waiting import wait_until
from tests.demo.conftest import NewServer


def postmaster_pid(server: EmbeddedPostgres) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes_above(path: Path) -> dict[Path, int]:
    return {folder: mode(folder) for folder in path.parents}


def write_note(server: EmbeddedPostgres, note: str) -> None:
    with psycopg.connect(server.url()) as connection:
        connection.execute("DROP TABLE IF EXISTS notes")
        connection.execute("CREATE TABLE notes (note text)")
        connection.execute("INSERT INTO notes VALUES (%s)", [note])


def notes(server: EmbeddedPostgres) -> list[str]:
    with psycopg.connect(server.url()) as connection:
        return [row[0] for row in connection.execute("SELECT note FROM notes")]


def refuses_connections(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return True
    return False


def test_data_survive_a_restart(server: EmbeddedPostgres) -> None:
    write_note(server, "kept")
    server.stop()
    assert not server.running
    server.start()
    assert server.running
    assert notes(server) == ["kept"]


def test_stop_closes_the_port_and_may_be_repeated(server: EmbeddedPostgres) -> None:
    url = server.url()
    assert not refuses_connections(url)
    server.stop()
    server.stop()
    assert refuses_connections(url)


def test_wrong_password_is_refused(server: EmbeddedPostgres) -> None:
    password = (server.home / "password").read_text()
    wrong = server.url().replace(password, "guessed")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_no_password_is_refused_on_the_socket_too(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url()) as connection:
        port = connection.info.port
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(host=str(server.data), port=port, user="postgres")


def test_socket_folder_is_left_out_where_its_path_is_too_long(
    home: Path, new_server: NewServer
) -> None:
    server = new_server(home / ("long" * 25))
    server.start()
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)


def test_data_and_password_are_private(server: EmbeddedPostgres) -> None:
    assert mode(server.data) == 0o700
    assert mode(server.home / "password") == 0o600


def test_home_is_made_with_spaces_in_its_name_and_nothing_above_is_repermissioned(
    home: Path, new_server: NewServer
) -> None:
    odd = home / "my projects"
    odd.mkdir()
    odd.chmod(0o751)
    place = odd / "the demo"
    before = modes_above(place)
    server = new_server(place)
    server.start()
    assert modes_above(place) == before
    assert server.data == place / "data"
    assert not refuses_connections(server.url())


def test_remove_leaves_what_somebody_else_has_put_there(home: Path, new_server: NewServer) -> None:
    server = new_server(home)
    server.start()
    (home / "not ours").touch()
    server.remove()
    assert os.listdir(home) == ["not ours"]


def test_settings_reach_the_server(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("off",)


def test_refused_setting_is_explained_with_the_log(home: Path) -> None:
    server = EmbeddedPostgres(home, settings={"shared_buffers": "plenty"})
    with pytest.raises(PostgresError, match=r'invalid value for parameter "shared_buffers"'):
        server.start()
    assert not server.running


def test_create_database_twice_makes_one(server: EmbeddedPostgres) -> None:
    server.create_database('odd "name"')
    server.create_database('odd "name"')
    with psycopg.connect(server.url()) as connection:
        count = "SELECT count(*) FROM pg_database WHERE datname LIKE 'odd%'"
        assert connection.execute(count).fetchone() == (1,)


def test_text_sorts_by_code_point_and_knows_case(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url()) as connection:
        rows = connection.execute(
            "SELECT note FROM (VALUES ('b'), ('a'), ('B'), ('é')) AS t (note) ORDER BY note"
        ).fetchall()
        assert "".join(row[0] for row in rows) == "Babé"
        if connection.info.server_version >= 170000:
            assert connection.execute("SELECT 'É' ILIKE 'é'").fetchone() == (True,)


def test_killed_postmaster_is_followed_by_a_recovery(server: EmbeddedPostgres) -> None:
    write_note(server, "committed")
    os.kill(postmaster_pid(server), signal.SIGKILL)
    assert wait_until(lambda: not server.running, 10)
    server.start()
    assert notes(server) == ["committed"]


def test_server_that_still_runs_is_replaced(home: Path, new_server: NewServer) -> None:
    server, successor = new_server(home), new_server(home)
    server.start()
    write_note(server, "kept")
    old = postmaster_pid(server)
    successor.start()
    assert not server.running
    assert postmaster_pid(successor) != old
    assert notes(successor) == ["kept"]


@pytest.mark.parametrize("content", [f"{os.getpid()}\n", ""], ids=["somebody else", "empty"])
def test_lock_that_a_dead_machine_has_left_is_no_obstacle(
    server: EmbeddedPostgres, content: str
) -> None:
    server.stop()
    (server.data / "postmaster.pid").write_text(content)
    server.start()
    assert server.running


def test_server_that_does_not_listen_is_killed(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "STOP_SECONDS", 0.5)
    pid = postmaster_pid(server)
    os.kill(pid, signal.SIGSTOP)
    server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_half_made_data_are_made_again(home: Path, new_server: NewServer) -> None:
    unfinished = home / "data.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    server = new_server(home)
    server.start()
    assert not unfinished.exists()


def test_server_ends_when_its_parent_is_killed(home: Path) -> None:
    script = """
import sys, time
from pathlib import Path
from demo.postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]))
server.start()
print(server.url(), flush=True)
time.sleep(3600)
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(home)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent.stdout:
        url = parent.stdout.readline().strip()
        assert not refuses_connections(url)
        parent.kill()
        parent.wait()
    # A clean end: the lock is removed, and not only the socket closed.
    assert wait_until(lambda: not (home / "data" / "postmaster.pid").exists(), 20)
    assert refuses_connections(url)


def test_missing_programs_are_explained(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_candidates", lambda: iter([home]))
    with pytest.raises(PostgresError, match=r"(?s)pip install.*apt install"):
        EmbeddedPostgres(home).start()


def test_programs_of_the_machine_serve_as_well(
    home: Path, new_server: NewServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = [folder for folder in binaries._candidates() if "embedded" not in str(folder)]
    if not any(binaries._major(folder) >= binaries.OLDEST_MAJOR for folder in installed):
        pytest.skip("no PostgreSQL is installed on this machine")
    monkeypatch.setattr(binaries, "_candidates", lambda: iter(installed))
    server = new_server(home)
    server.start()
    write_note(server, "kept")
    assert notes(server) == ["kept"]
