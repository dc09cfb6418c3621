"""What agents did in systems that log actions, not tools, beside the entitlements granted to them.
In: events, grants. Out: right_uses; and graver_uses, what had a graver effect than a grant tells.

An action is compared only where log and entitlement name it alike for certain; all else is told as
not comparable."""

from __future__ import annotations

from reporter.engine.base import Engine, quoted_list

SAME_NAMES = (
    "cloudtrail",
    "config",
    "dynamodb",
    "ec2",
    "ecs",
    "eks",
    "guardduty",
    "iam",
    "kms",
    "logs",
    "organizations",
    "rds",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sts",
)
"""AWS services whose events carry the name of the action that IAM grants; others, such as S3, log
names of their own.
"""
_RIGHT = r"'^([a-z0-9-]+)\.amazonaws\.com:([A-Za-z0-9]+)$'"
_FORM = r"'^([a-z0-9-]+|\*):[A-Za-z0-9*?]+$|^\*$'"


def find_right_uses(engine: Engine) -> None:
    """Make right_uses: successful administrative actions of registered agents that name no tool.

    `covered` is empty where no comparison would be sound: another kind of log, a service that logs
    other names, or an agent with an entitlement whose actions are not told, such as a policy by its
    name."""
    bare = (
        "registered AND agent_kind = 'agent' AND outcome = 'success' AND tool IS NULL AND"
        " event_class = 'admin' AND n_action > 0"
    )
    if not engine.one(f"SELECT count(*) FROM activity WHERE {bare}"):
        engine.run(f"CREATE TABLE right_uses ({_COLUMNS})")
        return
    engine.run(
        "CREATE TEMP TABLE rights AS SELECT actor_id, bool_and(coalesce(form, FALSE)) AS told, "
        "list(pattern) AS patterns, list(expires_at) AS ends FROM (SELECT actor_id, expires_at, "
        f"regexp_full_match(lower(coalesce(action, name)), {_FORM}) AS form, "
        "replace(replace(replace(replace(replace(lower(coalesce(action, name)), '!', '!!'), '_',"
        " '!_'), '%', '!%'), '*', '%'), '?', '_') AS pattern "
        "FROM grants WHERE type = 'entitlement') AS g GROUP BY actor_id "
        # An empty list is a list: it grants nothing.
        "UNION ALL SELECT actor_id, TRUE, [], [] FROM actors WHERE entitlements_listed "
        "AND actor_id NOT IN (SELECT actor_id FROM grants WHERE type = 'entitlement')"
    )
    engine.run(
        "CREATE TABLE right_uses AS SELECT u.agent_id, u.log_source, u.action, u.in_window, CASE"
        " WHEN u.service IS NULL OR g.told IS DISTINCT FROM TRUE THEN NULL WHEN"
        " len(list_filter(list_zip(g.patterns, g.ends), lambda p: u.granted LIKE p[1] ESCAPE '!'"
        " AND (p[2] IS NULL OR p[2] >= u.last_at))) > 0 THEN TRUE WHEN u.service IN"
        f" {_tuple(SAME_NAMES)} THEN FALSE END AS covered, u.granted, u.n_events, u.first_at,"
        " u.last_at, u.last_ref FROM (SELECT k.agent_id, e.log_source, e.action, e.occurred_at >="
        " r.period_from AND e.occurred_at < r.period_to AS in_window,"
        f" nullif(regexp_extract(e.action, {_RIGHT}, 1), '') AS service,"
        f" lower(regexp_replace(e.action, {_RIGHT}, '\\1:\\2')) AS granted, count(*) AS n_events,"
        " min(e.occurred_at) AS first_at, max(e.occurred_at) AS last_at, arg_max(e.file || '#' ||"
        " CAST(e.record AS VARCHAR), (e.occurred_at, e.part, e.record)) AS last_ref FROM in_events"
        " AS e CROSS JOIN run AS r JOIN event_actors AS k USING (who) WHERE e.occurred_at <="
        " r.as_of AND e.outcome = 'success' AND e.tool IS NULL AND e.event_class = 'admin' AND"
        " e.action IS NOT NULL AND k.registered AND k.agent_kind = 'agent' GROUP BY ALL) AS u LEFT"
        " JOIN rights AS g ON g.actor_id = u.agent_id"
    )


_COLUMNS = (
    "agent_id VARCHAR, log_source VARCHAR, action VARCHAR, in_window BOOLEAN, covered BOOLEAN,"
    " granted VARCHAR, n_events BIGINT, first_at TIMESTAMP, last_at TIMESTAMP, last_ref VARCHAR"
)


def _tuple(names: tuple[str, ...]) -> str:
    return f"({quoted_list(names)[1:-1]})"


STEPS = {
    "read": 1,
    "write": 2,
    "publish": 2,
    "transfer": 3,
    "delete": 3,
    "grant": 4,
    "admin": 4,
    "execute": 4,
}
"""Effect -> how grave it is, by the order of `tables.EFFECTS`; what logs name alike for one act is
one step.

Who may execute may do anything by it: as a granted effect that is the last step. In a log it tells
how a tool was called, not what it did: beside a grant to read that is open, beside any other it
says nothing. """
_CASES = tuple(f"WHEN '{effect}' THEN {step}" for effect, step in STEPS.items())
_CALLS = (
    "SELECT agent_id, 'tool' AS kind, tool AS name, effect, purpose, in_window,"
    " sum(n_events)::BIGINT AS n_events, min(first_at) AS first_at, max(last_at) AS last_at,"
    " arg_max(last_ref, (last_at, last_ref)) AS last_ref FROM activity WHERE registered AND outcome"
    " = 'success' AND tool IS NOT NULL AND effect <> 'read' GROUP BY ALL UNION ALL SELECT agent_id,"
    " 'data', data_source, effect, purpose, in_window, sum(n_events)::BIGINT, min(first_at),"
    " max(last_at), arg_max(last_ref, (last_at, last_ref)) FROM data_use WHERE registered AND"
    " outcome = 'success' AND event_class = 'data' AND data_source IS NOT NULL AND effect <> 'read'"
    " GROUP BY ALL"
)
_COVERS = (
    "(u.name LIKE g.like_pattern ESCAPE '!' OR (u.kind = 'data' AND EXISTS (SELECT 1 FROM grants AS"
    " o WHERE o.actor_id = g.actor_id AND o.type = 'data' AND o.name = u.name AND g.name LIKE"
    " o.like_pattern ESCAPE '!'))) AND (g.expires_at IS NULL OR g.expires_at >= u.last_at) AND"
    " (g.purpose IS NULL OR u.purpose IS NULL OR g.purpose = u.purpose)"
)
"""SQL: a grant that covers the use; of data also a narrower one, which perhaps covers what was
touched.
"""


def find_graver_uses(engine: Engine) -> None:
    """Make graver_uses: where log and all covering grants tell an effect, and the log's is graver
    than the gravest granted.

    To be called before effects of grants fill those that the log does not tell.
    """
    engine.run(
        "CREATE TABLE graver_uses AS SELECT agent_id, kind, name, granted, effect, effect <>"
        " 'execute' AS certain, in_window, n_events, first_at, last_at, last_ref FROM (SELECT"
        " u.agent_id, u.kind, u.name, u.effect, u.purpose, u.in_window, u.n_events, u.first_at,"
        " u.last_at, u.last_ref, count(*) = count(g.effect) AS told, arg_max(g.effect,"
        f" ({_step('g.effect')}, g.effect)) AS granted FROM ({_CALLS}) AS u JOIN grants AS g ON"
        f" g.actor_id = u.agent_id AND g.type = u.kind AND {_COVERS} GROUP BY ALL) AS c WHERE told"
        f" AND CASE WHEN effect = 'execute' THEN granted = 'read' ELSE {_step('effect')} >"
        f" {_step('granted')} END"
    )


def _step(column: str) -> str:
    return f"CASE {column} {' '.join(_CASES)} END"
