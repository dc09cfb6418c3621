"""What `assess` and `batch` say of gates. In: options of the command line, a run. Out: lines on
stderr, files, whether a gate is missed. Everything heavy is imported when it is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from reporter.errors import Errors, InputError, ReporterError
from reporter.system.gates import LEVEL, WORDS, Gate, gates

if TYPE_CHECKING:
    from reporter.model.assessment import Assessment
    from reporter.pipeline.gates.gate_numbers import Judged
    from reporter.report.document import View


class Run(Protocol):
    """A run, as `import reporter` has it."""

    folder: Path

    @property
    def data(self) -> Assessment:
        """All of it as data."""

    @property
    def view(self) -> View:
        """All of it as it is printed."""


def gate_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--fail-on`, `--junit` and `--summary` to a command, which has them of `asked`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options say."""

    gates: tuple[Gate, ...]
    junit: Path | None
    summary: Path | None


def asked(ctx: click.Context) -> Asked:
    """Return what the options of a command say."""
    return Asked(*(ctx.meta[f"{__name__}.{name}"] for name in ("fail_on", "junit", "summary")))


def _keep_gates(ctx: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> None:
    try:
        if any(not text.strip() for text in texts):
            raise InputError("names no gate, as a variable that is not set does", "", WORDS)
        _keep(ctx, option, gates(texts))
    except ReporterError as error:
        each = error.errors if isinstance(error, Errors) else [error]
        messages = "; ".join(e.message for e in each)
        raise click.BadParameter(f"{messages}. {each[0].hint}") from error


def _file_option(name: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    kind = click.Path(path_type=Path, dir_okay=False)
    return click.option(
        name, type=kind, metavar="FILE", callback=_keep, expose_value=False, help=text
    )


def _keep(ctx: click.Context, option: click.Parameter, value: object) -> None:
    ctx.meta[f"{__name__}.{option.name}"] = value


_OPTIONS = (
    click.option(
        "--fail-on",
        multiple=True,
        callback=_keep_gates,
        expose_value=False,
        metavar="GATES",
        help=(
            "Exit 1 when a gate is missed: a level such as 3, or 'score<60', 'coverage<50',"
            " regressions; several with commas."
        ),
    ),
    _file_option("--junit", "Write the gates as JUnit XML too."),
    _file_option("--summary", "Write a summary in Markdown too."),
)


def hold_run(ctx: click.Context, run: Run, workspace: Path) -> tuple[Judged, ...]:
    """Hold a run against the gates that are given and those of its workspace."""
    from reporter.content.workspace import read_workspace
    from reporter.pipeline.gates.gate_numbers import judge

    chosen = dict.fromkeys((*read_workspace(workspace).gates, *asked(ctx).gates))
    return judge(chosen, run.data, run.folder)


def reasons(run: Run, judged: Sequence[Judged]) -> list[str]:
    """Return why each gate is missed that is; of the level, what reaches the next one too."""
    from reporter.report import outcome

    return [
        outcome.missed(run.view, gate.gate, gate.reason)
        if gate.gate.startswith(f"{LEVEL}<")
        else str(gate)
        for gate in judged
        if gate.is_missed
    ]


def write_files(ctx: click.Context, run: Run, judged: Sequence[Judged]) -> None:
    """Write the outcome of a run as JUnit XML and in Markdown, where files are named for it."""
    junit, summary = asked(ctx).junit, asked(ctx).summary
    if not junit and not summary:
        return
    from reporter.pipeline.gates.gate_files import Outcome, write_junit, write_summary
    from reporter.pipeline.gates.run_figures import HEADINGS, figures, printed

    outcome = Outcome(run.data.run.organisation, judged, "", printed(figures(run.data)))
    if junit:
        write_junit([outcome], junit)
    if summary:
        write_summary(
            f"Governance of AI agents, {run.view.cover.period}", HEADINGS, [outcome], summary
        )
