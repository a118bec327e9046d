"""`grant NAME ROLE`: give a person a role, and an account first if there is none."""

import getpass
import os
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from console.permissions import Role


class Command(BaseCommand):
    """One role a person: giving another takes the first away."""

    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, and what."""
        parser.add_argument("username")
        parser.add_argument("role", choices=[*Role, "none"])

    def handle(self, *args: Any, username: str, role: str, **options: Any) -> None:
        """Find or make the account, then set its role."""
        user = User.objects.filter(username=username).first()
        if user is None:
            user = self._create(username)
        user.groups.remove(*Group.objects.filter(name__in=list(Role)))
        if role != "none":
            user.groups.add(Group.objects.get_or_create(name=role)[0])
        if user.is_superuser:
            self.stderr.write(f"{username} is a superuser, and stays an administrator by that.")
        self.stdout.write(f"{username}: {role}")

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
