"""What the cron module raises besides InvalidOption."""

from client_core.errors import DBOSClientError


class InvalidCronExpression(DBOSClientError, ValueError):
    """The language that runs the schedule refuses this expression; ``reason`` says why."""

    def __init__(self, expression: str, dialect: str, reason: str) -> None:
        self.expression = expression
        self.dialect = dialect
        self.reason = reason
        super().__init__(f"The cron expression {expression[:100]!r} is not valid: {reason}")
