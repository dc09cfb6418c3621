"""The last pages: scope, what became of every input record, the method, and the hashes that pin the numbers.

In: an `Assessment`. Out: `shape.Accounting` and lists of `shape.Line`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from reporter import model

from . import shape
from .summary import as_of_line, evidence_id
from .words import clean, count, join, moment, number, percent, period, short

QUARANTINE_SHOWN = 50

_LEVEL_CLAIMS = (
    "Nothing can be said yet about the agents in use.",
    "It is known which agents exist and who owns them, and a policy for them is in force.",
    "Each agent has its own identity, managed secrets, a review cadence, logging and a policy.",
    "Access is denied by default, approvals are honoured, offboarding works, parts are approved.",
    "Use is held against rights from live evidence; new tools and data are approved first.",
    "Identity, rights and trail agree; review keeps pace; one model for all actor types.",
)


def scope(a: model.Assessment) -> tuple[shape.Line, ...]:
    """Say who, what and when was assessed, and against which target."""
    kinds = [(k, n) for k, n in sorted(a.population.items()) if k != "shadow"]
    shadow = a.population.get("shadow", 0)
    actors = join(count(n, clean(kind)) for kind, n in kinds) or "none recorded"
    return (
        shape.Line("Organisation", clean(a.run.organisation) or "not named"),
        shape.Line("Unit", clean(a.run.unit) or "the whole organisation"),
        shape.Line("Period", period(a.run.period_from, a.run.period_to)),
        shape.Line("As of", as_of_line(a)),
        shape.Line("Actors in the inventory", actors),
        shape.Line("Actors seen only in logs", _shadow(shadow)),
        shape.Line("Target profile", clean(a.profile.title)),
        shape.Line("Checks", f"{number(len(a.checks))}, giving {number(a.cells)} verdicts"),
        *(_framework_line(f) for f in a.frameworks),
    )


def _shadow(n: int) -> str:
    return f"{number(n)}, judged as tier 4 until they are registered" if n else "0"


def _framework_line(f: model.Framework) -> shape.Line:
    text = f"{clean(f.title)}, version {clean(f.version)}, {count(len(f.controls), 'control')}"
    return shape.Line(clean(f.short), text)


def accounting(a: model.Assessment) -> shape.Accounting:
    """Show that every record read is kept, out of scope, unreadable or rejected."""
    ordered = sorted(a.files, key=lambda f: f.file)
    total = _total(ordered)
    shown = a.quarantined[:QUARANTINE_SHOWN]
    return shape.Accounting(
        files=tuple(_file(f) for f in ordered),
        total=_file(total),
        equation=_equation(total),
        out_of_scope=tuple((clean(s), clean(t), number(n)) for s, t, n in a.out_of_scope_types),
        quarantined=tuple(_rejected(q) for q in shown),
        quarantined_text=_quarantined_text(len(shown), total.unreadable + total.rejected),
        feeds=tuple(_feed(f) for f in sorted(a.feeds, key=lambda f: f.log_source)),
        feeds_text=_feeds_text(a.feeds),
    )


def _total(files: Iterable[model.FileCount]) -> model.FileCount:
    sums: Counter[str] = Counter()
    for f in files:
        for name in ("bytes", "read", "kept", "out_of_scope", "unreadable", "rejected", "blank"):
            sums[name] += getattr(f, name)
    return model.FileCount(
        "All files",
        "",
        "",
        sums["bytes"],
        "",
        sums["read"],
        sums["kept"],
        sums["out_of_scope"],
        sums["unreadable"],
        sums["rejected"],
        sums["blank"],
    )


def _equation(t: model.FileCount) -> str:
    right = t.kept + t.out_of_scope + t.unreadable + t.rejected
    sign = "=" if right == t.read else "≠"
    text = (
        f"{count(t.read, 'record')} read {sign} {number(t.kept)} kept + {number(t.out_of_scope)} out "
        f"of scope + {number(t.unreadable)} unreadable + {number(t.rejected)} rejected"
    )
    return text if sign == "=" else f"{text}. THE COUNTS DO NOT ADD UP: do not rely on this report."


def _file(f: model.FileCount) -> shape.FileLine:
    return shape.FileLine(
        file=clean(f.file),
        source=clean(f.source) or ("" if f.file == "All files" else "not recognised"),
        why=clean(f.why),
        sha256=f.sha256,
        read=number(f.read),
        kept=number(f.kept),
        out_of_scope=number(f.out_of_scope),
        unreadable=number(f.unreadable),
        rejected=number(f.rejected),
    )


def _rejected(q: model.Quarantined) -> shape.Rejected:
    return shape.Rejected(
        place=f"{clean(q.file)}:{q.line}",
        kind=q.kind,
        reason=short(clean(q.reason), "quarantine.csv"),
        text=short(clean(q.text), "quarantine.csv", 120),
    )


def _quarantined_text(shown: int, total: int) -> str:
    if not total:
        return "No record was unreadable or rejected."
    return f"{number(shown)} of {count(total, 'record')} shown; all of them are in quarantine.csv."


def _feed(f: model.Feed) -> shape.FeedLine:
    unit = count(2, f.every).split()[1]
    first, last = f.first_at, f.last_at
    return shape.FeedLine(
        log_source=clean(f.log_source),
        alive="delivering" if f.alive else "not delivering",
        expected=f"{number(f.expected)} {unit}",
        seen=f"{number(f.seen)} {unit}",
        gap=f"{number(f.longest_gap_hours)} h",
        events=number(f.events),
        window=f"{moment(first)} – {moment(last)}" if first and last else "nothing seen",
    )


def _feeds_text(feeds: tuple[model.Feed, ...]) -> str:
    if not feeds:
        return (
            "No log source is known, so no silence can be taken as proof: checks that need events are "
            "unknown. Add log files and their expected delivery to reporter.yml."
        )
    dead = sum(not f.alive for f in feeds)
    if not dead:
        return (
            "Every log source was delivering, so that a quiet agent could be told from a quiet log."
        )
    return (
        f"{number(dead)} of {count(len(feeds), 'log source')} were not delivering: passes that rest on "
        "their silence are unknown; failures found in them stand."
    )


def levels(a: model.Assessment) -> tuple[shape.Line, ...]:
    """Name the maturity levels and what each claims."""
    return tuple(
        shape.Line(f"{n} {clean(name)}", claim)
        for n, (name, claim) in enumerate(zip(a.policy.level_names, _LEVEL_CLAIMS, strict=False))
    )


def method(a: model.Assessment) -> tuple[shape.Line, ...]:
    """Explain the numbers in the order in which they come about, with the constants in force."""
    p = a.policy
    n, largely, fully = (percent(edge) for edge in p.rating_edges)
    tiers = "/".join(str(w) for w in p.tier_weights)
    severities = ", ".join(f"{name} {w}" for name, w in p.severity_weights.items())
    strengths = ", ".join(f"{name} {w}" for name, w in p.strength_weights.items())
    pairs = (
        ("Standing", _STANDING),
        ("Endorsement", _ENDORSEMENT),
        ("Meaning", _MEANING),
        ("Verdict", _VERDICT),
        (
            "Two ends",
            "Every number is computed twice: once with each unknown taken as failed (the evidenced "
            "score, which is the one reported) and once with each unknown taken as passed. The "
            "distance is the price of missing evidence; no probability is involved.",
        ),
        (
            "Weights",
            f"Subjects weigh by risk tier ({tiers} for tiers 1 to 4), checks by severity "
            f"({severities}) and by strength of the mapping ({strengths}). How many subjects a check "
            "has is no weight.",
        ),
        (
            "Half credit",
            f"A statement that nobody examined counts {percent(p.attested_credit)} in the evidenced "
            f"score; a failure with a proven substitute counts {percent(p.compensated_credit)}.",
        ),
        (
            "Cap",
            "A practice with a critical check that fails, or lacks evidence, on a tier 3 or 4 subject "
            f"cannot exceed {percent(p.critical_cap)}, whatever its average.",
        ),
        (
            "Rating",
            f"N (not achieved) up to {n}, P (partly) up to {largely}, L (largely) up to {fully}, F "
            "(fully) above. Compared as exact fractions. The scale is that of ISO/IEC 33020.",
        ),
        (
            "Level",
            "The checks of one control at one level are a practice. A control has level n if its "
            "level-n practice is L or F and all lower ones are F. '+' means that the next level has "
            "begun. Levels are never averaged.",
        ),
        (
            "Groups",
            f"A framework or the enterprise has level n if controls with more than "
            f"{percent(p.group_share)} of the weight have it and none is below n-1. Its score is the "
            "weighted mean of its controls. The enterprise score runs over our own themes.",
        ),
        ("Not assessed", _NOT_ASSESSED),
        ("Coverage and confidence", _COVERAGE),
        ("Gap", _GAP),
        ("Waivers", "A waiver is not a pass and never changes a score."),
        (
            "Rounding",
            "Scores are exact fractions inside and printed with one decimal, half up. 100.0 is "
            "printed only where nothing is missing, 0.0 only where nothing counts.",
        ),
        ("Printed names", _NAMES),
        ("Explain and verify", _EXPLAIN),
    )
    return tuple(shape.Line(label, text) for label, text in pairs)


def hashes(a: model.Assessment) -> tuple[shape.Line, ...]:
    """List what pins the numbers: inputs, catalog, policy, engine versions."""
    own = {f"policy {a.policy.version}": a.policy.sha256, "evidence id": evidence_id(a)}
    catalogs = {f"{f.short} (source text)": f.source_sha256 for f in a.frameworks}
    rows = sorted({**catalogs, **a.hashes, **own}.items())
    return tuple(shape.Line(clean(name), clean(value)) for name, value in rows if value)


_STANDING = (
    "This is a management self-assessment with automated procedures. It is not an assurance opinion "
    "(ISAE 3000, AT-C 205) and not a certification."
)
_ENDORSEMENT = (
    "OWASP and NIST publish the frameworks named here. Neither they nor ISO has reviewed or endorsed "
    "this report, its checks, its mappings or its numbers."
)
_MEANING = (
    "The OWASP lists are risks: a pass is evidence of mitigation. The NIST AI RMF subcategories are "
    "outcomes: a pass is evidence towards the outcome. Which check speaks to which control, and how "
    "strongly, is our mapping."
)
_VERDICT = (
    "Each check gives one verdict for each subject in its scope: pass, fail, unknown, attested, "
    "compensated or not applicable. What a source never records is unknown, not failing. A log that "
    "was not delivering makes passes unknown; a failure found in it stands. Denied actions are evidence "
    "of enforcement, not of use."
)
_NOT_ASSESSED = (
    "A control without any evidence is printed as such and never as a percentage. In totals it counts "
    "as nothing in the evidenced score and in full in the upper bound. A check with no subject in "
    "scope is not applicable and counts in neither."
)
_COVERAGE = (
    "Coverage is the weight of verdicts that are known. Confidence is High from 90 % coverage with at "
    "least 80 % of the credit from tests, Low below 60 % or where more than half of the credit is "
    "attested only, otherwise Medium."
)
_GAP = (
    "Target level minus evidenced level. 'To build': the target is out of reach even if all missing "
    "evidence proves good. 'To evidence': it would be reached then."
)
_NAMES = (
    "Names and log texts are printed as they were received. Characters that cannot be seen, or that "
    "turn the reading direction, are shown as escapes such as \\n or \\u202e. In findings.csv a text "
    "that a spreadsheet could run as a formula starts with a single quote."
)
_EXPLAIN = (
    "Each number can be followed to the input: total, control, practice, check, subject, and the "
    "record named file#number. 'reporter explain RUN ID' prints the same chain, 'reporter verify RUN' "
    "recomputes the hashes."
)
