"""How URLs spell what the console shows."""

import re

from django.urls import register_converter

from console.systems import System, all_systems


class SystemConverter:
    """A configured system by its name; any other name is no page."""

    regex = "[a-z0-9-]+"

    def to_python(self, value: str) -> System:
        """The system; ValueError makes Django answer 404."""
        try:
            return all_systems()[value]
        except KeyError as error:
            raise ValueError(value) from error

    def to_url(self, value: System) -> str:
        """The system's name."""
        return value.name


class WorkflowIDConverter:
    """A workflow ID as one path segment.

    IDs are free text, and proxies and browsers rewrite slashes, dots and percent signs in paths;
    so everything but letters, digits, ``_``, ``-``, ``:`` and dots within is written ``~`` and
    two hexadecimal digits a byte.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """The ID; ValueError (404) for what to_url never writes."""
        return re.sub(
            rb"~([0-9A-F]{2})", lambda match: bytes.fromhex(match[1].decode()), value.encode()
        ).decode()

    def to_url(self, value: str) -> str:
        """The ID, escaped."""
        plain = rb"[^A-Za-z0-9_:.-]|^\.+$"
        return re.sub(
            plain,
            lambda match: b"".join(b"~%02X" % byte for byte in match[0]),
            value.encode(errors="replace"),
        ).decode()


def register() -> None:
    """Make <system:…> and <workflow_id:…> known to Django."""
    register_converter(SystemConverter, "system")
    register_converter(WorkflowIDConverter, "workflow_id")
