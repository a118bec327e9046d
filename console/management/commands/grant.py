"""`grant NAME ROLE`: give a person a role, and an account first if there is none.

With `--link` it prints a one-time link to sign in by, in place of asking for a password: the way
to the first account, and back in when the password or the provider is out of reach.
"""

import getpass
import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from console.accounts.one_time_links import LINK_HOURS, new_link
from console.audit.rows import record
from console.models import Grant
from console.roles.grants import role_names, set_role
from console.systems import all_systems


class Command(BaseCommand):
    """One role a person and system: giving another there takes the first away."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, and what."""
        parser.add_argument("username")
        parser.add_argument("role", help="a built-in role, one of your own, or none")
        parser.add_argument("--system", help="hold on this system alone; without it, on all")
        parser.add_argument("--link", action="store_true", help="print a one-time link to sign in")

    def handle(
        self,
        *args: Any,
        username: str,
        role: str,
        system: str | None,
        link: bool,
        **options: Any,
    ) -> None:
        """Find or make the account, then set its role."""
        if role not in (known := [*role_names(), "none"]):
            raise CommandError(f"There is no role {role}. Choose from {', '.join(known)}.")
        if system is not None and system not in all_systems():
            raise CommandError(f"There is no system {system}: {', '.join(all_systems())}.")
        user = User.objects.filter(username=username).first()
        if user is None:
            user = self._create(username, asks=not link)
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
        if link:
            self._print_link(user)

    def _print_link(self, user: User) -> None:
        origins = settings.CSRF_TRUSTED_ORIGINS
        origin = origins[0] if origins else f"http://localhost:{settings.PORT}"
        record("people.link", username="command line", target=user.get_username())
        self.stdout.write(
            f"Open this once, within {LINK_HOURS} hours: {origin}{new_link(user)}\n"
            "At another address, keep the path."
        )

    def _create(self, username: str, *, asks: bool) -> User:
        user = User(username=username)
        password = os.environ.get("CONSOLE_PASSWORD")
        if asks and not password:
            password = getpass.getpass(f"Password for the new account {username}: ")
        try:
            user.full_clean(exclude=["password"])
            if password:
                validate_password(password, user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        user.set_password(password or None)
        user.save()
        return user
