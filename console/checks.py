"""What is wrong with the configuration, told before anything is served."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from console.system_file import read


@register()
def systems(**_: Any) -> list[CheckMessage]:
    """Every mistake in the description of the systems, by its key and rule."""
    _, problems = read(settings.CONSOLE_SYSTEMS) if settings.CONSOLE_SYSTEMS else ({}, [])
    return [Error(problem, id="console.E001") for problem in problems]
