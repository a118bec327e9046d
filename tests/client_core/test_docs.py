"""The documentation of the client: every example is run, and gives what its page says."""

import doctest
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import client_core
from client_core import DBOSClient, DebouncerClient
from tests.databases import create_system_database

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
MAIN = DOCS / "client_core.md"
PAGES = [MAIN, *sorted((DOCS / "client_core").glob("*.md"))]
ADDRESS = "postgresql://app:secret@localhost/app_dbos_sys"
BLOCKS = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)

every_page = pytest.mark.parametrize("document", PAGES, ids=lambda document: document.stem)


@pytest.fixture
def url(document: Path, worker_id: str, tmp_path: Path) -> Iterator[str]:
    """The address of an empty system database, with the application where the page needs it."""
    url = create_system_database(f"docs_{worker_id}")
    if "The examples work with the\n[application of the examples]" not in document.read_text():
        yield url
        return
    [code] = [code for code in BLOCKS.findall(MAIN.read_text()) if not code.startswith(">>>")]
    program = tmp_path / "application.py"
    program.write_text(code.replace(ADDRESS, url))
    with subprocess.Popen([sys.executable, str(program)]) as application:
        yield url
        application.terminate()


@every_page
def test_every_example_gives_what_the_page_says(document: Path, url: str) -> None:
    # What ends a block would be taken for output; the lines keep their numbers.
    text = re.sub(r"(?m)^```.*$", "", document.read_text()).replace(ADDRESS, url)
    examples = doctest.DocTestParser().get_doctest(text, {}, document.stem, str(document), 0)
    assert examples.examples
    failures: list[str] = []
    doctest.DocTestRunner(verbose=False).run(examples, out=failures.append)
    if failures:
        pytest.fail("".join(failures), pytrace=False)


def test_every_block_is_an_example_or_the_application() -> None:
    blocks = [code for page in PAGES for code in BLOCKS.findall(page.read_text())]
    others = [code for code in blocks if not code.startswith(">>> ")]
    assert len(others) == 1
    assert "DBOS.launch()" in others[0]
    fences = sum(len(re.findall(r"(?m)^```", page.read_text())) for page in PAGES)
    assert fences == 2 * len(blocks)


def test_every_public_name_is_explained() -> None:
    told = set(re.findall(r"\w+", "".join(page.read_text() for page in PAGES)))
    methods = {
        name
        for kind in (DBOSClient, DebouncerClient)
        for name in dir(kind)
        if not name.startswith("_")
    }
    assert {*client_core.__all__} | methods <= told


@every_page
def test_every_link_leads_somewhere(document: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", document.read_text()):
        aim = document.parent / target if target else document
        assert aim.exists(), target
        titles = re.findall(r"(?m)^#+ (.*)$", aim.read_text())
        assert not anchor or anchor in {title.lower().replace(" ", "-") for title in titles}
