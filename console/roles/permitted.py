"""What one person may do, told system by system."""

from typing import NamedTuple

from django.contrib.auth.models import User

from console.permissions import Action, allowed_on, roles_on, seen_by, why_not
from console.roles.action_words import WORDS
from console.systems import System


class Permitted(NamedTuple):
    """What a person may do on a system, as headings with short words."""

    system: System
    roles: list[str]
    may: dict[str, list[str]]
    #: What the roles do not include.
    may_not: list[str]
    #: What they include, and the system's read-only switch withholds.
    withheld: list[str]


def permitted(user: User) -> list[Permitted]:
    """Each system that a person sees, with what may be done there."""
    return [_on(user, system) for system in seen_by(user)]


def _on(user: User, system: System) -> Permitted:
    may: dict[str, list[str]] = {}
    may_not, withheld = [], []
    for action in Action:
        words = WORDS[action]
        if not why_not(user, action, system):
            may.setdefault(words.group, []).append(words.doing)
        elif action in allowed_on(user, system.name) and system.is_read_only:
            withheld.append(words.doing)
        else:
            may_not.append(words.doing)
    return Permitted(system, roles_on(user, system.name), may, may_not, withheld)
