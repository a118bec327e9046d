"""`grant NAME ROLE`: give a person a role, and an account first if there is none."""

import getpass
import os
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from console.grants import role_names, set_role
from console.models import Grant
from console.systems import all_systems


class Command(BaseCommand):
    """One role a person and system: giving another there takes the first away."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, and what."""
        parser.add_argument("username")
        parser.add_argument("role", help="a built-in role, one of your own, or none")
        parser.add_argument("--system", help="hold on this system alone; without it, on all")

    def handle(
        self, *args: Any, username: str, role: str, system: str | None, **options: Any
    ) -> None:
        """Find or make the account, then set its role."""
        if role not in (known := [*role_names(), "none"]):
            raise CommandError(f"There is no role {role}. Choose from {', '.join(known)}.")
        if system is not None and system not in all_systems():
            raise CommandError(f"There is no system {system}: {', '.join(all_systems())}.")
        user = User.objects.filter(username=username).first()
        if user is None:
            user = self._create(username)
        if role != "none":
            set_role(user, role, system or Grant.EVERY)
        elif system:
            set_role(user, None, system)
        else:
            for one in set(user.grant_set.values_list("system", flat=True)):
                set_role(user, None, one)
        if user.is_superuser:
            self.stderr.write(f"{username} is a superuser, and stays an administrator by that.")
        held = ", ".join(map(str, user.grant_set.all()))
        self.stdout.write(f"{username}: {held or 'none'}".replace(" on *", " on all systems"))

    def _create(self, username: str) -> User:
        password = os.environ.get("CONSOLE_PASSWORD") or getpass.getpass(
            f"Password for the new account {username}: "
        )
        user = User(username=username)
        try:
            user.full_clean(exclude=["password"])
            validate_password(password, user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        user.set_password(password)
        user.save()
        return user
