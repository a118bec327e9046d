"""Who a run acts for, in the spelling of each language."""

import json
from collections.abc import Sequence

from client_core.dialects import DEFAULT_FORMATS, Dialect


def identity_columns(
    authenticated_user: str | None,
    authenticated_roles: Sequence[str] | None,
    dialect: Dialect | None,
    serialization: str | None,
) -> dict[str, str | None]:
    """The columns for it: what is not known is empty to TypeScript and NULL to the others.

    The format of the arguments tells the language where nobody said it.
    """
    if dialect is None and serialization == DEFAULT_FORMATS["typescript"]:
        dialect = "typescript"
    if dialect == "typescript":
        roles = list(authenticated_roles or ())
        return {
            "authenticated_user": authenticated_user or "",
            "authenticated_roles": json.dumps(roles, ensure_ascii=False, separators=(",", ":")),
            "assumed_role": "",
            "executor_id": "",
            "application_id": "",
        }
    return {
        "authenticated_user": authenticated_user,
        "authenticated_roles": (
            json.dumps(list(authenticated_roles)) if authenticated_roles else None
        ),
        "assumed_role": None,
        "executor_id": None,
        "application_id": None,
    }
