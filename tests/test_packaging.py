"""The wheel holds everything that the console needs, and runs without the clone."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

_RENDER = """
import django
django.setup()
from django.contrib.staticfiles.finders import find
from django.template.loader import get_template
print(get_template("workflows/list.html").origin.name)
print(find("css/tokens.css"))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built and unpacked as an installer does it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [wheel] = folder.glob("*.whl")
    site = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def test_pages_and_styles_come_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    environment["DJANGO_SETTINGS_MODULE"] = "console.settings"
    run = subprocess.run(
        [sys.executable, "-c", _RENDER],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    template, style = run.stdout.split()
    assert template == str(installed / "console/templates/workflows/list.html")
    assert style == str(installed / "console/static/css/tokens.css")


def test_the_wheel_holds_both_packages_and_no_demo(installed: Path) -> None:
    assert (installed / "client_core/py.typed").exists()
    assert (installed / "console/migrations/0001_initial.py").exists()
    top = {path.name for path in installed.iterdir() if path.suffix != ".dist-info"}
    assert top == {"client_core", "console"}
    [metadata] = installed.glob("*.dist-info/METADATA")
    assert "License-Expression: MIT" in metadata.read_text()
    required = [
        line for line in metadata.read_text().splitlines() if line.startswith("Requires-Dist:")
    ]
    assert not [line for line in required if "dbos" in line.lower() and "extra ==" not in line]
