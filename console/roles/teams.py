"""Teams: people who are granted roles together. A change of members is a change of grants."""

from collections.abc import Iterable

from django.contrib.auth.models import Group, User

from console.audit.rows import record
from console.models import Grant
from console.permissions import Action
from console.roles.grants import NotGranted, assert_managed, assert_own, changing


def save_team(user: User, team: Group | None, name: str, members: Iterable[User]) -> Group:
    """Make a team, or change who is in it. Raises :class:`NotGranted`."""
    with changing(user, Action.GRANT_MANAGE, f"team {name}") as person:
        if (team is None or team.name != name) and Group.objects.filter(name=name).exists():
            raise NotGranted(f"There is a team {name} already.")
        if team is None:
            team = Group.objects.create(name=name)
        before = sorted(team.user_set.values_list("username", flat=True))
        after = sorted(member.get_username() for member in members)
        difference = {"members": {"before": before, "after": after}} if before != after else {}
        if difference:
            _assert_may(person, team)
        if team.name != name:
            difference["name"] = {"before": [team.name], "after": [name]}
        team.name = name
        team.save()
        team.user_set.set(members)
        assert_managed()
        record("team.edit", user=user, target=f"team {name}", parameters=difference)
    return team


def delete_team(user: User, team: Group) -> None:
    """Delete a team and what is granted to it. Raises :class:`NotGranted`."""
    with changing(user, Action.GRANT_MANAGE, f"team {team}") as person:
        _assert_may(person, team)
        grants = [str(grant) for grant in Grant.objects.filter(group=team)]
        before = {"members": [str(one) for one in team.user_set.all()], "grants": grants}
        Group.objects.filter(pk=team.pk).delete()
        assert_managed()
        record("team.delete", user=user, target=f"team {team}", parameters={"before": before})


def _assert_may(person: User, team: Group) -> None:
    """To be in a team is to have what is granted to it."""
    for grant in Grant.objects.filter(group=team):
        assert_own(person, grant.role, grant.system)
