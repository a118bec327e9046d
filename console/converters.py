"""How URLs spell what the console shows."""

import re

from django.urls import register_converter

from client_core import InvalidOption, PayloadKind, PayloadPlace
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


class PayloadPlaceConverter:
    """A payload's place in its run: `input`, `step-output:3`, `event:key`, `stream:3:key`.

    Keys are free text, escaped as workflow IDs are.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> PayloadPlace:
        """The place; ValueError (404) for one that cannot be."""
        name, _, rest = value.partition(":")
        kind, number = PayloadKind(name), None
        if kind.has_number:
            digits, _, rest = rest.partition(":")
            number = int(digits[:12])
        key = WorkflowIDConverter().to_python(rest) if kind.has_key else None
        try:
            place = PayloadPlace(kind, number, key)
        except InvalidOption as error:
            raise ValueError(value) from error
        if self.to_url(place) != value:
            raise ValueError(value)
        return place

    def to_url(self, value: PayloadPlace) -> str:
        """The place, spelled."""
        parts = [value.kind.value]
        if value.number is not None:
            parts.append(str(value.number))
        if value.key is not None:
            # A key without characters is one as well.
            parts.append(WorkflowIDConverter().to_url(value.key))
        return ":".join(parts)


def register() -> None:
    """Make <system:…>, <workflow_id:…> and <payload_place:…> known to Django."""
    register_converter(PayloadPlaceConverter, "payload_place")
    register_converter(SystemConverter, "system")
    register_converter(WorkflowIDConverter, "workflow_id")
