"""What a method and an option of the matrix are, and the cases that they make."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from tests.contract.rows import Scene, nothing

Language = Literal["python", "typescript"]
LANGUAGES: tuple[Language, Language] = ("python", "typescript")

Given = dict[str, Any]
Arrange = Callable[[Scene], None]


@dataclass(frozen=True)
class Difference:
    """Where our row differs on purpose; it is tested that it does, and nothing else."""

    column: str
    theirs: Any
    ours: Any
    reason: str
    languages: tuple[Language, ...] = LANGUAGES


@dataclass(frozen=True)
class Option:
    """One way to call a method, in three spellings; a text instead says why there is none."""

    name: str
    ours: Given | str
    python: Given | str
    typescript: Given | str
    #: What is in the database before, in place of the method's own.
    given: Arrange | None = None
    differs: tuple[Difference, ...] = ()
    #: Whether all of them refuse it, and leave the rows as they were.
    refused: bool = False

    def of(self, language: Language) -> Given | str:
        """How the official client of a language spells it."""
        return self.python if language == "python" else self.typescript

    def also(self, **given: Any) -> "Option":
        """The same with something more, which TypeScript writes as `camelCase`."""
        more = same(**given)

        def both(one: Given | str, other: Given | str) -> Given | str:
            return one if isinstance(one, str) or isinstance(other, str) else {**one, **other}

        return replace(
            self,
            ours=both(self.ours, more.ours),
            python=both(self.python, more.python),
            typescript=both(self.typescript, more.typescript),
        )


@dataclass(frozen=True)
class Method:
    """A method of our client and what the official ones have for it."""

    name: str
    options: Iterable[Option]
    ours: Callable[[Scene, Given], object]
    python: Callable[[Any, Given], object] | str
    typescript: Callable[[Any, Given], object] | str
    #: What is in the database before; every option is tried on each.
    given: tuple[Arrange, ...] = (nothing,)
    differs: tuple[Difference, ...] = ()

    def of(self, language: Language) -> Callable[[Any, Given], object] | str:
        """How the official client of a language is called."""
        return self.python if language == "python" else self.typescript


@dataclass(frozen=True)
class Case:
    """One comparison, or the reason why there is none."""

    method: Method
    option: Option
    language: Language
    given: Arrange

    @property
    def hole(self) -> str | None:
        """Why this cannot be compared."""
        found = (self.option.ours, self.option.of(self.language), self.method.of(self.language))
        return next((reason for reason in found if isinstance(reason, str)), None)

    @property
    def differs(self) -> tuple[Difference, ...]:
        """The differences on purpose."""
        if self.option.refused:
            return ()
        both = (*self.method.differs, *self.option.differs)
        return tuple(one for one in both if self.language in one.languages)

    def __str__(self) -> str:
        parts = [self.language, self.method.name, self.option.name, self.given.__name__]
        return "-".join(part for part in parts if part != "nothing")


def cases(methods: Iterable[Method]) -> Iterator[Case]:
    """Every method with every option in every language, on all that may be there before."""
    for method in methods:
        for option in method.options:
            for given in (option.given,) if option.given else method.given:
                for language in LANGUAGES:
                    yield Case(method, option, language, given)


#: A method called with nothing but what it must have.
PLAIN = Option("", {}, {}, {})


def same(**given: Any) -> Option:
    """An option with the same name everywhere, but that TypeScript writes it as `camelCase`."""
    name = next(iter(given))
    return Option(name, given, given, {camel(key): value for key, value in given.items()})


def camel(name: str) -> str:
    """`workflow_id` as TypeScript spells it: `workflowID`."""
    head, *rest = name.split("_")
    return head + "".join(part.upper() if part in ("id", "ms") else part.title() for part in rest)


def missing(name: str, reason: str, *, ours: Given | None = None, **given: Given) -> Option:
    """An option that somebody lacks: what is not given has the reason instead."""
    return Option(
        name,
        reason if ours is None else ours,
        given.get("python", reason),
        given.get("typescript", reason),
    )
