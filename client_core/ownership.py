"""Who may write what has a name and an owner."""

from client_core.resource_errors import OwnedByAnotherApplication


def assert_owner(kind: str, name: str, owner: str | None, application_name: str | None) -> None:
    """Raise :class:`OwnedByAnotherApplication` if both have a name and the names differ.

    That is the rule of the SDKs: a nameless writer leaves the owner as it is, and what has no
    owner is everybody's.
    """
    if owner is not None and application_name is not None and owner != application_name:
        raise OwnedByAnotherApplication(kind, name, owner, application_name)
