"""Gates for the tools that run us. In: units, each with its gates or the reason why there are none.
Out: JUnit XML, and a summary in Markdown as GitHub and GitLab show it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from reporter.pipeline.gates.gate_numbers import Judged
from reporter.system.plain_text import clean
from reporter.system.temporary import write_whole


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a unit."""

    name: str
    gates: Sequence[Judged] = ()
    error: str = ""
    """Why it could not be assessed; '' where it was."""
    figures: Sequence[str] = ()
    """One for each heading of the summary."""
    absence: str = ""
    """Why there was nothing to assess, where that is no failure."""


def write_junit(outcomes: Sequence[Outcome], path: Path) -> None:
    """Write a suite for each unit: one case that it was assessed, and one for each gate.

    Nothing in it depends on the clock: the same outcomes give the same bytes.
    """
    root = Element("testsuites", name="reporter")
    for outcome in outcomes:
        failures = sum(gate.is_missed for gate in outcome.gates)
        counts = {"tests": len(outcome.gates) + 1, "failures": failures}
        counts |= {"errors": int(bool(outcome.error)), "skipped": int(bool(outcome.absence))}
        name = _xml(outcome.name)
        suite = SubElement(root, "testsuite", {k: str(n) for k, n in counts.items()}, name=name)
        case = SubElement(suite, "testcase", classname=name, name="assessed")
        if outcome.error:
            SubElement(case, "error", message=_xml(outcome.error.splitlines()[0])).text = _xml(
                outcome.error
            )
        if outcome.absence:
            SubElement(case, "skipped", message=_xml(outcome.absence))
        for gate in outcome.gates:
            case = SubElement(suite, "testcase", classname=name, name=gate.gate)
            if gate.is_missed:
                SubElement(case, "failure", message=_xml(gate.reason)).text = _xml(str(gate))
    indent(root)
    write_whole(path, f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, "unicode")}\n')


def write_summary(
    title: str, headings: Sequence[str], outcomes: Sequence[Outcome], path: Path
) -> None:
    """Write a table of the units, then every gate that is missed and every unit not assessed."""
    lines = [
        f"## {_markdown(title)}",
        "",
        _row(["", *headings]),
        _row(["---"] * (len(headings) + 1)),
    ]
    lines += [_row([o.name, *o.figures]) for o in outcomes]
    missed = [(o.name, gate) for o in outcomes for gate in o.gates if gate.is_missed]
    failed = [(o.name, o.error or o.absence) for o in outcomes if o.error or o.absence]
    if failed:
        lines += ["", "### Not assessed", ""]
        lines += [f"- **{_markdown(name)}**: {_markdown(why)}" for name, why in failed]
    if missed:
        lines += ["", "### Gates that are missed", ""]
        lines += [f"- **{_markdown(name)}**: {_markdown(str(gate))}" for name, gate in missed]
    elif not failed:
        held = sum(len(o.gates) for o in outcomes)
        lines += ["", f"All {held} gates are met." if held else "No gate is set."]
    write_whole(path, "\n".join(lines) + "\n")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(c if c == '---' else _markdown(c) for c in cells)} |"


def _markdown(text: str) -> str:
    """Take from a text what Markdown or HTML would act on: names of the input stand in it."""
    plain = clean(" ".join(text.split()))
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", plain).replace("&", "&amp;")


def _xml(text: str) -> str:
    """Take from a text what no XML may hold."""
    return "\n".join(clean(line) for line in text.splitlines())
