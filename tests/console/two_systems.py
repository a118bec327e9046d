"""Two systems in one console: `main`, and `other` with everything that can be said of one."""

import pytest
from pytest_django.fixtures import Settings

TWO = """
[systems.main]
title = "Main"
environment = "production"
database_url_env = "MAIN_URL"

[systems.other]
title = "The other"
environment = "staging"
colour = "blue"
database_url_env = "OTHER_URL"
"""


def two_systems(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    main_url: str,
    other_url: str = "",
    more: str = "",
) -> None:
    """Let the console serve both; ``more`` is said of the other."""
    # Which addresses the variables hold is read once for each text.
    text = f"{TWO}{more}\n# {main_url} {other_url}"
    monkeypatch.setenv("MAIN_URL", main_url)
    monkeypatch.setenv("OTHER_URL", other_url or main_url)
    settings.CONSOLE_SYSTEMS = text
