"""The method in words with the constants in force, the levels, and the hashes behind the numbers.

In: an `Assessment`. Out: lists of `shape.Line`.
"""

from __future__ import annotations

from itertools import zip_longest

from reporter.i18n.translate import ENGLISH, content, language, mark, say, word
from reporter.model import assessment as model
from reporter.model.scores import COMPARED, levels_of
from reporter.report.chapters.summary import evidence_id, under_policy
from reporter.report.view import elements
from reporter.report.view.format import clean, count, evidence_mix, join, number, percent


def method(assessment: model.Assessment) -> tuple[elements.Line, ...]:
    """Explain the numbers in the order of their calculation."""
    rules = (
        *_STANDING,
        *_weights(assessment.policy),
        *_sensitivity(assessment),
        *_thresholds(assessment.policy),
        *_READING,
    )
    rules += () if language() == ENGLISH else (_LANGUAGE,)
    return (
        *(elements.Line(say(label), say(text)) for label, text in rules),
        *_survey(assessment.context),
    )


def _survey(context: model.Context) -> tuple[elements.Line, ...]:
    """Put our count of policies beside the published survey, where the run holds one."""
    figures = context.benchmark
    adoption, policy = figures.get("adoption"), figures.get("policy")
    if not isinstance(adoption, int) or not isinstance(policy, int):
        return ()
    sentences = [under_policy(context)]
    if context.units_total and context.units_with_agents is not None:
        units = mark("{n} of {all} units have agents in use.")
        total = number(context.units_total)
        sentences.append(say(units, n=number(context.units_with_agents), all=total))
    recorded_origin = figures.get("origin")
    origin = content(str(recorded_origin)) if recorded_origin else say("origin not recorded")
    text = mark(
        "In a published survey {adoption} of organisations use AI agents, and {policy} have a"
        " formal policy for them ({origin}). The survey counts organisations, this report counts"
        " agents and units: compare the direction, not the decimals."
    )
    values = {"adoption": f"{adoption} %", "policy": f"{policy} %"}
    sentences.append(say(text, **values, origin=clean(origin).rstrip(".")))
    return (elements.Line(say("Policies and the published survey"), " ".join(sentences)),)


def levels(assessment: model.Assessment) -> tuple[elements.Line, ...]:
    """Name the levels, what may be said at each, and what its checks were met by."""
    policy = assessment.policy
    level_pairs = [*zip_longest(policy.level_names, policy.level_claims, fillvalue="")]
    ids = {n: {c.id for c in assessment.checks if c.level == n} for n in range(len(level_pairs))}
    return tuple(
        elements.Line(
            f"{n} {clean(content(name))}",
            " · ".join(filter(None, (content(claim), evidence_mix(assessment.evidence, ids[n])))),
        )
        for n, (name, claim) in enumerate(level_pairs)
    )


def hashes(assessment: model.Assessment) -> tuple[elements.Line, ...]:
    """List the hashes that pin the numbers: inputs, catalog, policy, engine versions."""
    run_hashes = {"policy": assessment.policy.sha256, "evidence_id": evidence_id(assessment)}
    catalogs = {
        say("{name} (source text)", name=f.short): f.source_sha256 for f in assessment.frameworks
    }
    rows = sorted({**catalogs, **assessment.hashes, **run_hashes}.items())
    return tuple(elements.Line(clean(name), clean(value)) for name, value in rows if value)


def _weights(policy: model.Policy) -> tuple[tuple[str, str], ...]:
    tiers = "/".join(str(w) for w in policy.tier_weights)
    severities = ", ".join(f"{word(s)} {policy.severity_weights[s]}" for s in model.SEVERITIES)
    strengths = ", ".join(f"{word(name)} {w}" for name, w in policy.strength_weights.items())
    weights = say(
        "Subjects are weighted by risk tier ({tiers} for tiers 1 to 4), checks by severity "
        "({severities}) and by strength of the mapping ({strengths}). The number of "
        "subjects of a check adds no weight.",
        tiers=tiers,
        severities=severities,
        strengths=strengths,
    )
    half_credit = say(
        "A statement that nobody examined counts {attested} in the evidenced "
        "score; a failure with a proven substitute counts {compensated}.",
        attested=percent(policy.attested_credit),
        compensated=percent(policy.compensated_credit),
    )
    declared = say(
        "A pass that depends only on the organisation's own register or form counts {declared} in"
        " the"
        " evidenced score and in full in the possible one. What the system of record exported, a"
        " log shows or another party tested counts in full. Where several sources say the same,"
        " the strongest counts; where a result needs several facts, the weakest counts. A failure"
        " counts in full, whoever declares it.",
        declared=percent(policy.declared_credit),
    )
    cap = say(
        "A practice with a critical check that fails, or lacks evidence, on a tier 3 or 4 subject "
        "cannot exceed {share}, whatever its average.",
        share=percent(policy.critical_cap),
    )
    return (
        (mark("Weights"), weights),
        (mark("Half credit"), half_credit),
        (mark("Declared"), declared),
        (mark("Cap"), cap),
    )


def _sensitivity(assessment: model.Assessment) -> tuple[tuple[str, str], ...]:
    """Print which other weights were tried and how many levels depend on them."""
    if not assessment.reweighed:
        return ()
    names = [f"{word(r.name)} ({', '.join(map(str, r.weights))})" for r in assessment.reweighed]
    base_levels = levels_of(assessment.scores, assessment.slices)
    all_levels = [
        (of, key, level) for of, by_key in base_levels.items() for key, level in by_key.items()
    ]
    changed_count = sum(
        any(r.levels[of][key] != level for r in assessment.reweighed)
        for of, key, level in all_levels
    )
    text = say(
        "Everything was scored again with {names} instead of the weights of tiers and severities, "
        "lowest first. {changed} of {levels} of this report differ in at least one of them; each"
        " is marked weight-sensitive. So is each of the first {places} places of the roadmap's"
        " lists that another action would take.",
        names=join(names),
        changed=number(changed_count),
        levels=count(len(all_levels), "level"),
        places=COMPARED,
    )
    return ((mark("Sensitivity"), text),)


def _thresholds(policy: model.Policy) -> tuple[tuple[str, str], ...]:
    none_edge, partly_edge, largely_edge = (percent(edge) for edge in policy.rating_edges)
    rating = say(
        "N (not achieved) up to {n}, P (partly) up to {partly}, L (largely) up to {largely}, F "
        "(fully) above; compared as exact fractions. The scale is that of ISO/IEC 33020.",
        n=none_edge,
        partly=partly_edge,
        largely=largely_edge,
    )
    level = say(
        "A level is reached under three conditions in every theme that has checks at it. Its"
        " checks are"
        " largely met (over {partly} by weight). Those of all lower levels are fully met (over"
        " {largely}). No critical check is open on an agent of tier 3 or 4. A theme without"
        " checks at a level does not block it. A level is not judged where fewer than half of its"
        " practices have a subject."
        " Levels are never averaged.",
        partly=partly_edge,
        largely=largely_edge,
    )
    return (mark("Rating"), rating), (mark("Level"), level), (mark("Groups"), _GROUPS)


_STANDING = (
    (
        mark("Status of this report"),
        mark(
            "This is a management self-assessment with automated procedures. It is not an "
            "assurance opinion (ISAE 3000, AT-C 205) and not a certification."
        ),
    ),
    (
        mark("Endorsement"),
        mark(
            "Others publish the frameworks and laws named here. None of them, nor ISO, has reviewed"
            " or endorsed this report, its checks, its mappings or its numbers."
        ),
    ),
    (
        mark("Meaning"),
        mark(
            "The OWASP lists are risks: a pass is evidence of mitigation. The subcategories of "
            "NIST are outcomes: a pass is evidence towards the outcome. Which check "
            "supports which control, and how strongly, is our mapping."
        ),
    ),
    (
        mark("Result"),
        mark(
            "Each check gives one result for each subject in its scope: pass, fail, unknown, "
            "attested, compensated or not applicable. What a source never records is unknown, not "
            "failing. A log that was not delivering makes passes unknown; a failure found in it "
            "remains. Denied actions are evidence of enforcement, not of use."
        ),
    ),
    (
        mark("Two ends"),
        mark(
            "Every number is computed twice: once with each unknown taken as failed (the evidenced "
            "score, which is the one reported) and once with each unknown taken as passed. The "
            "difference is the cost of missing evidence; no probability is involved."
        ),
    ),
)
_GROUPS = mark(
    "The score of a framework, of a group of it and of the enterprise is the weighted mean of its "
    "controls; that of the enterprise covers our own themes. No publisher has a scale of levels:"
    " a level"
    " shown for a framework is ours, by the same rule over the checks of its controls. None is"
    " shown where fewer than half of its controls are assessed."
)
_READING = (
    (
        mark("Not assessed"),
        mark(
            "A control without evidence is printed as such, never as a percentage. In totals it "
            "counts as 0 in the evidenced score and in full in the upper bound. A check with no"
            " subject in scope is not applicable and counts in neither."
        ),
    ),
    (
        mark("Coverage and confidence"),
        mark(
            "Coverage is the share of results that are known, by weight. Confidence is High from"
            " 90 "
            "% coverage with at least 80 % of the credit from tests. It is Low below 60 %"
            " coverage, or where more than half of the credit is attested only. Otherwise it is"
            " Medium."
        ),
    ),
    (
        mark("Gap"),
        mark(
            "What a control lacks to be fully met, or a theme to permit its target level. 'To "
            "implement': out of reach even if all missing evidence is favourable. 'To prove':"
            " within reach in that case."
        ),
    ),
    (
        mark("Waivers and compensating controls"),
        mark(
            "A waiver is not a pass and never changes a score: it takes a failure off the roadmap"
            " until its date. A failure is compensated where a check that may replace it passes;"
            " each check names which may. Neither counts once expired, or if approved by the"
            " subject's owner or by anyone reporter.yml does not name for it."
        ),
    ),
    (
        mark("Rounding"),
        mark(
            "Scores are computed as exact fractions and printed with one decimal, rounded "
            "half up. 100.0 is printed only where nothing is missing, 0.0 only where "
            "nothing counts."
        ),
    ),
    (
        mark("Printed names"),
        mark(
            "Names and log texts are printed as received. Characters that are invisible, or that"
            " reverse the reading direction, are shown as escapes such as \\n or \\u202e;"
            " characters"
            " the fonts of the PDF lack are shown as [U+1F916]. In findings.csv a text that a "
            "spreadsheet could run as a formula starts with a single quote."
        ),
    ),
    (
        mark("Explain"),
        mark(
            "Each number can be traced to the input: total, control, practice, check, subject and "
            "record, named file#number. 'reporter explain RUN ID' prints the same chain. "
            "manifest.json holds the SHA-256 of every input and of every file of the run."
        ),
    ),
)
_LANGUAGE = (
    mark("Language"),
    mark(
        "Reasons for results, notes on records, and what people and sources say are in the"
        " language they were written in; those of the checks are in English. So are findings.csv"
        " and all other tables of the run."
    ),
)
