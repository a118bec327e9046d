"""The errors of this package."""

from client_core.errors import DBOSClientError


class SerializationError(DBOSClientError, ValueError):
    """A value cannot be written in the format that was asked for.

    The message names the place of the value (`args[1].when`), its type and the rule it breaks.
    """


class UnreadableError(Exception):
    """A stored text cannot be shown as a value; the message is one sentence for people.

    Raised by the readers and turned into a `RawValue` by the registry: no caller ever sees it.
    """
