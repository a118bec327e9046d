"""Where root's server keeps its data: the question that a private folder raises."""

import os
import shutil
import stat
from pathlib import Path

import psycopg
import pytest

from demo import binaries, place
from demo.binaries import Binaries, PostgresError
from demo.postgres import EmbeddedPostgres
from tests.demo.conftest import NewServer, as_root

pytestmark = as_root


@pytest.fixture
def store(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A public folder in place of the machine's."""
    monkeypatch.setattr(place, "STORE", home / "store")
    return home / "store"


@pytest.fixture
def private(home: Path) -> Path:
    """A home under a folder that nobody but root can enter."""
    folder = home / "private"
    folder.mkdir(mode=0o700)
    return folder / ".demo"


def private_programs(home: Path) -> Binaries:
    """A copy of the package's programs that only root can reach."""
    found = binaries.find_binaries()
    if found.folder.parent.parent.name != binaries.PACKAGE:
        pytest.skip("the Python package with PostgreSQL is not installed")
    site = found.folder.parent.parent.parent
    target = home / "site"
    target.mkdir(mode=0o700)
    for source in site.glob(f"{binaries.PACKAGE}*"):
        shutil.copytree(source, target / source.name)
    (target / binaries.PACKAGE).chmod(0o700)
    return Binaries(target / found.folder.relative_to(site), found.major)


def test_data_move_and_private_folder_stays_private(
    private: Path, store: Path, new_server: NewServer
) -> None:
    server = new_server(private)
    umask = os.umask(0o077)  # It must not lock the server out of the public folder.
    try:
        server.start()
    finally:
        os.umask(umask)
    assert server.data.is_relative_to(store)
    assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert (private / "password").stat().st_uid == 0


def test_data_are_found_again_and_removed_without_a_trace(
    private: Path, store: Path, new_server: NewServer
) -> None:
    server = new_server(private)
    server.start()
    server.create_database("kept")
    server.stop()
    successor = new_server(private)
    successor.start()
    psycopg.connect(successor.url("kept")).close()
    successor.remove()
    # Copied programs stay for other homes, where the project's own are out of the server's reach.
    assert [path for path in store.iterdir() if not path.name.startswith("binaries-")] == []


def test_deleted_home_begins_anew(private: Path, store: Path, new_server: NewServer) -> None:
    server = new_server(private)
    server.start()
    server.create_database("old")
    server.stop()
    shutil.rmtree(private)
    successor = new_server(private)
    successor.start()
    with pytest.raises(psycopg.OperationalError, match='"old" does not exist'):
        psycopg.connect(successor.url("old"))


def test_two_homes_of_one_name_have_data_of_their_own(
    home: Path, private: Path, store: Path, new_server: NewServer
) -> None:
    (home / "second").mkdir(mode=0o700)
    servers = [new_server(private), new_server(home / "second" / ".demo")]
    assert servers[0].data != servers[1].data


def test_programs_out_of_reach_are_copied_once(
    home: Path, store: Path, new_server: NewServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = private_programs(home)
    monkeypatch.setattr(place, "find_binaries", lambda: programs)
    server = new_server(home / "reachable")
    server.start()
    assert server.data == home / "reachable" / "data"
    (copy,) = store.iterdir()
    made = copy.stat().st_ctime_ns
    server.stop()
    server.start()
    assert copy.stat().st_ctime_ns == made


def test_installed_programs_out_of_reach_are_an_explained_error(
    home: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = home / "opt" / "bin"
    folder.mkdir(parents=True)
    (home / "opt").chmod(0o700)
    monkeypatch.setattr(place, "find_binaries", lambda: Binaries(folder, 18))
    with pytest.raises(PostgresError, match="no other user can reach"):
        EmbeddedPostgres(home / "reachable").start()
