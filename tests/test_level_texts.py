"""Each level's sentence beside the checks that stand at it: none says more, none leaves a check out."""

from __future__ import annotations

import pytest

from reporter.content import loader

CAP = "single-period"
PARTS: dict[int, list[tuple[str, str]]] = {
    1: [
        ("Each agent has one complete record", "INV-01"),
        (" and a named owner who is still in place;", "OWN-01 OWN-02"),
        (" no unregistered agent acts;", "INV-02"),
        (" a signed policy for agents is in force and has all required clauses.", "POL-01 POL-05"),
    ],
    2: [
        ("Each agent has its own identity", "IDN-01 IDN-02"),
        (" and keys, by record", "CRD-01"),
        (" and in the logs;", "IDN-03 CRD-02"),
        (" keys are stored, rotated,", "CRD-05 CRD-04"),
        (" scanned for, not exposed, and none opens both production and another environment;", "CRD-10 CRD-09 CRD-07"),
        (" no permission is a wildcard.", "ENT-02"),
        (" Its purpose, risk tier, risk categories and model are defined and fit;", "PUR-01 RSK-02 RSK-01 SUP-01"),
        (" its record and its owner are confirmed in time, and high risk has two owners;", "INV-06 OWN-04 OWN-03"),
        (" its review is on time, and a policy covers it.", "REV-01 POL-02"),
        (" Stopped agents stay stopped, unused ones are found.", "INV-04 INV-03"),
        (" Every agent is logged without gaps,", "MON-01 MON-07"),
        (" and each event shows which agent did what, and when.", "AUD-01 AUD-02 AUD-07"),
        (" High-impact tools need an approval,", "APR-01"),
        (" and owners are trained.", "GOV-04"),
    ],
    3: [
        ("Default deny is enforced, all that agents may use is listed", "ENT-01 ENT-03"),
        (" with a reason,", "PUR-04"),
        (" and nothing outside it succeeds;", "ENT-05"),
        (" destinations and autonomy are respected, and limits are set.", "ENT-09 APR-08 RUN-06"),
        (" Only declared identities act, in production from a managed issuer;", "IDN-04 IDN-05"),
        (" keys are strong, expire in time and are refused afterwards.", "CRD-06 CRD-03 CRD-08"),
        (" Agents are approved before they act or return,", "APR-05 APR-09"),
        (" high-impact acts have valid, independent approvals,", "APR-02 APR-03"),
        (" and changes are approved first.", "CHG-01 CHG-05 CHG-07 CHG-08"),
        (" Agents end as planned and leave nothing behind.", "LIF-01 LIF-02"),
        (" They are handed over with new secrets, can be stopped,", "LIF-03 CRD-11 LIF-05 LIF-06"),
        (" and stay out of production until they belong there.", "LIF-04"),
        (" Components are approved and are what their names say;", "SUP-02 SUP-07"),
        (" models and suppliers are reviewed, with a fallback for high risk;", "SUP-06 SUP-04 SUP-08"),
        (" pipelines hold no static key, and no agent deploys itself;", "SUP-05 ENT-10"),
        (" code, memory and links are confined.", "RUN-01 RUN-02 RUN-07 RUN-03 RUN-08"),
        (" All boundaries are logged, and the logs are retained and protected;", "MON-03 AUD-05 AUD-06"),
        (" directory, secret store and register agree;", "REC-02 REC-03"),
        (" exceptions end, and users can report.", "POL-04 GOV-05"),
    ],
    4: [
        ("The logs show work within purpose and scope;", "PUR-02 PUR-03"),
        (" new tools, data and destinations are approved first,", "CHG-03 CHG-04 CHG-06"),
        (" and what runs is what was approved;", "CHG-02 SUP-03"),
        (" third parties act under logged identities;", "SUP-09"),
        (" no person uses an agent's identity.", "IDN-06"),
        (" Unused and standing permissions are withdrawn,", "ENT-06 ENT-04"),
        (" dangerous combinations are gated,", "ENT-07"),
        (" and sensitive permissions wait for a risk sign-off.", "RSK-03"),
        (" Reviews look at use and are implemented,", "REV-02 REV-04"),
        (" and no high-impact action follows an overdue one;", "APR-06"),
        (" approvers really decide;", "APR-04"),
        (" agents talk to declared peers only,", "RUN-04"),
        (" and no message is repeated;", "RUN-09"),
        (" limits hold.", "RUN-11"),
        (" Events arrive in time, breaches raise alerts that are answered,", "MON-02 MON-04 MON-05"),
        (" and incidents are learned from.", "GOV-02"),
        (" Spawned agents are registered, with their own identity;", "INV-05 IDN-07"),
        (" a person is behind each instruction; the trail is unaltered;", "AUD-03 AUD-04"),
        (" and risky agents are tested adversarially.", "GOV-03"),
    ],
    5: [
        ("Identity record, permissions and trail agree.", "REC-01"),
        (" Delegation is short,", "RUN-05"),
        (" reaches riskier agents only with approval", "RUN-10"),
        (" and stays within the permissions of whoever asked.", "ENT-08"),
        (" Changes in behaviour and risk events are investigated,", "MON-06 REV-03"),
        (" and what is new is decided on within days.", "APR-07"),
        (" People, service accounts and agents are governed alike.", "GOV-01"),
        (" Failures of the previous period are closed.", CAP),
    ],
}  # fmt: skip
"""Level -> each part of its sentence and what tests it. Whoever moves a check, or writes a new one, says here what
part of the sentence it stands for, or changes the sentence."""


@pytest.mark.parametrize("level", PARTS)
def test_the_sentence_of_a_level_is_what_the_checks_at_it_test(level: int) -> None:
    content = loader.load()
    assert "".join(part for part, _ in PARTS[level]) == content.policy.level_claims[level].strip()
    named = [check for _, checks in PARTS[level] for check in checks.split()]
    assert len(named) == len(set(named))
    here = {check.id for check in content.checks if check.level == level}
    assert set(named) - {CAP} == here


def test_what_no_check_tests_a_cap_of_the_level_below_does() -> None:
    caps = {cap: most for cap, most, *_ in loader.load().policy.caps}
    assert caps[CAP] == 4
