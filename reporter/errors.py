"""What can go wrong, said so that a stranger can act: which thing, where, what was expected, what
to do.
"""

from __future__ import annotations


class ReporterError(Exception):
    """Carry a message, a place (`path:line` or a name) and a hint; only the command line prints
    it.
    """

    exit_code = 3

    def __init__(self, message: str, place: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.place}: {self.message}" if self.place else self.message
        return f"{head}\n  {self.hint}" if self.hint else head


def on_one_line(text: str) -> str:
    """Return what an error says, which has its hint on a line of its own, on one."""
    return text.replace("\n  ", " ")


class ContentError(ReporterError):
    """A catalog, check, source, profile or policy file is wrong."""


class InputError(ReporterError):
    """A workspace or one of its files cannot be read or used."""


class VerificationError(ReporterError):
    """What was closed or sealed is not what is there now."""

    exit_code = 4


class Errors(ReporterError):
    """Several errors reported at once, in the order of their places."""

    def __init__(self, errors: list[ReporterError]) -> None:
        self.errors = sorted(errors, key=lambda e: (e.place, e.message))
        super().__init__(f"{len(errors)} errors")

    def __str__(self) -> str:
        return "\n".join(str(e) for e in self.errors)
