"""The tables: every column with its type, what it means, and whether its absence is normal.

In: nothing. Out: TABLES (name -> Table), EVENT_KEYS, SUBJECTS, VOCABULARY. `docs/tables.md` is generated from here.
A column exists because a check, the engine or the report reads it; a test proves that.
"""

from __future__ import annotations

from dataclasses import dataclass

TEXT, TIME, FLAG, INT = "VARCHAR", "TIMESTAMP", "BOOLEAN", "BIGINT"

PROVENANCE = ("source", "file", "record")
"""Every row of every loaded table carries them: source id, input file, record number in that file (from 1)."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    doc: str
    sparse: bool = False
    """True: empty is an ordinary value (never revoked, never retired). False: a source that never carries the
    column makes its subjects unknown for checks that read it."""
    required: bool = False
    """A row without it is rejected, with file and record."""


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    doc: str
    columns: tuple[Column, ...]
    loaded: bool = True
    """False: computed by the engine (views and rollups), never filled by a source."""
    origin: str = ""
    """For a computed table: the loaded table whose columns it carries on."""


VOCABULARY: dict[str, tuple[str, ...]] = {
    "actors.kind": ("agent", "service_account", "workload", "human", "group"),
    "actors.state": ("draft", "active", "suspended", "retired", "rejected", "leave"),
    "actors.environment": ("production", "staging", "test", "development"),
    "actors.risk_tier": ("low", "medium", "high", "critical"),
    "actors.default_policy": ("deny", "allow"),
    "grants.type": ("tool", "data", "entitlement", "destination", "context"),
    "grants.effect": ("read", "write", "execute", "transfer", "delete", "publish", "grant", "admin"),
    "grants.classification": ("public", "internal", "confidential", "restricted"),
    "approvals.type": ("tool", "data", "action", "activation", "reactivation", "change"),
    "components.type": ("model", "mcp_server", "skill", "plugin"),
    "events.outcome": ("success", "denied", "error"),
    "events.actor_kind": ("agent", "service_account", "workload", "human"),
    "events.effect": ("read", "write", "execute", "transfer", "delete", "publish", "grant", "admin"),
    "events.classification": ("public", "internal", "confidential", "restricted"),
    "log_sources.every": ("hour", "day"),
}
"""Closed vocabularies; another value in a row is rejected, naming the allowed ones. Values are lower-cased first."""


def _c(name: str, type_: str, doc: str, flags: str = "") -> Column:
    return Column(name, type_, doc, "sparse" in flags, "required" in flags)


_ACTORS = (
    _c("actor_id", TEXT, "Stable id of the actor in the register.", "required"),
    _c("kind", TEXT, "What it is.", "required"),
    _c("name", TEXT, "Display name.", "sparse"),
    _c("environment", TEXT, "Where it runs."),
    _c("business_unit", TEXT, "Unit that runs it.", "sparse"),
    _c("state", TEXT, "Lifecycle state; for people: active, leave, retired (left)."),
    _c("state_since", TIME, "When it entered that state.", "sparse"),
    _c("created_at", TIME, "When the record was made."),
    _c("approved_at", TIME, "When it was approved for use."),
    _c("activated_at", TIME, "When it went live; for people: first day.", "sparse"),
    _c("retired_at", TIME, "When it was retired; for people: last day.", "sparse"),
    _c("expires_at", TIME, "Planned end or renewal date."),
    _c("updated_at", TIME, "When the record was last changed or confirmed."),
    _c("owner_id", TEXT, "Accountable person (actor_id of a human); for people: their manager."),
    _c("owner_confirmed_at", TIME, "When the owner last confirmed ownership."),
    _c("owner_since", TIME, "When the present owner took over.", "sparse"),
    _c("previous_owner_id", TEXT, "Owner before the present one.", "sparse"),
    _c("technical_owner_id", TEXT, "Technical or deputy owner."),
    _c("purpose", TEXT, "What it is for, in words."),
    _c("process_id", TEXT, "Business process it serves."),
    _c("autonomy", INT, "0 suggests .. 4 spawns agents or gains tools (control tests, section 3)."),
    _c("risk_tier", TEXT, "Declared risk tier."),
    _c("risk_categories", TEXT, "Business risk categories, separated by ;"),
    _c("principal_id", TEXT, "Identity it acts under (account, ARN, client id, SPIFFE id)."),
    _c("principal_type", TEXT, "agent | workload | service_account | user, as the directory has it."),
    _c("default_policy", TEXT, "What happens to a call nobody allowed."),
    _c("enforcement_point", TEXT, "Where the policy is enforced: gateway, iam, proxy ... or prompt."),
    _c("review_cadence_days", INT, "Days between access reviews."),
    _c("kill_switch", TEXT, "How it is stopped."),
    _c("kill_switch_owner", TEXT, "Who may stop it."),
    _c("kill_switch_tested_at", TIME, "Last test of the stop."),
    _c("kill_switch_minutes", INT, "Minutes to stop, as tested."),
    _c("sandbox_type", TEXT, "Isolation of executed code: microvm, container, wasm, none ..."),
    _c("sandbox_root", FLAG, "Code runs as root."),
    _c("sandbox_network", TEXT, "deny | allowlist | open."),
    _c("sandbox_fs", TEXT, "workdir | readonly | full."),
    _c("sandbox_per_session", FLAG, "A fresh sandbox for each session."),
    _c("memory_scope", TEXT, "none | session | agent | shared."),
    _c("memory_ttl_days", INT, "Days until memory expires."),
    _c("memory_sources", TEXT, "Sources allowed to write memory."),
    _c("memory_write_check", FLAG, "Writes are checked before commit."),
    _c("memory_readers", TEXT, "Who may read shared memory.", "sparse"),
    _c("deploy_identity_type", TEXT, "federated | static_key | user, of the pipeline that deploys it."),
    _c("deploy_subject", TEXT, "Issuer, audience and subject condition of the federation."),
    _c("deploy_static_secret", FLAG, "A static deploy secret exists."),
    _c("vendor_hosted", FLAG, "Runs at a vendor.", "sparse"),
    _c("policy_id", TEXT, "Policy the actor acknowledges."),
    _c("policy_version", TEXT, "Version it acknowledges.", "sparse"),
    _c("tools_listed", FLAG, "The record lists its tools, even if there are none."),
    _c("data_listed", FLAG, "The record lists its data sources, even if there are none."),
    _c("strong_auth", FLAG, "People: multi-factor; others: no long-lived secret.", "sparse"),
    _c("is_intermediary", FLAG, "A gateway that speaks for many agents.", "sparse"),
    _c("parent_id", TEXT, "Agent that spawned it.", "sparse"),
    _c("seasonal_until", TIME, "Declared quiet until then.", "sparse"),
)

_CREDENTIALS = (
    _c("credential_id", TEXT, "Id of the key, certificate or token.", "required"),
    _c("actor_id", TEXT, "Holder; one row a holder.", "required"),
    _c("fingerprint", TEXT, "Keyed fingerprint of the value, where known.", "sparse"),
    _c("type", TEXT, "api_key, oauth_client, certificate, password, token, workload_identity ..."),
    _c("storage", TEXT, "Where the secret lies: vault, hsm, env, file, code, prompt ..."),
    _c("environment", TEXT, "Environment it opens.", "sparse"),
    _c("issued_at", TIME, "When it was issued."),
    _c("expires_at", TIME, "When it ends."),
    _c("last_rotated_at", TIME, "Last rotation.", "sparse"),
    _c("rotation_days", INT, "Declared rotation interval.", "sparse"),
    _c("revoked_at", TIME, "When it was revoked.", "sparse"),
    _c("privileged", FLAG, "Opens privileged access."),
)

_GRANTS = (
    _c("actor_id", TEXT, "Who may.", "required"),
    _c("type", TEXT, "What kind of thing.", "required"),
    _c("name", TEXT, "Tool, data source, resource or destination; * matches any text.", "required"),
    _c("like_pattern", TEXT, "The name as a LIKE pattern with escape '!'; made at load.", "sparse"),
    _c("action", TEXT, "Action allowed, for entitlements.", "sparse"),
    _c("role", TEXT, "Role it comes from.", "sparse"),
    _c("effect", TEXT, "Effect class of a tool."),
    _c("reversible", FLAG, "The effect can be undone."),
    _c("classification", TEXT, "Class of a data source."),
    _c("justification", TEXT, "Why the purpose needs it."),
    _c("risk_category", TEXT, "Business risk category it is tied to."),
    _c("privileged", FLAG, "Privileged right.", "sparse"),
    _c("granted_at", TIME, "When it was granted."),
    _c("approved_at", TIME, "When it was approved."),
    _c("expires_at", TIME, "When it ends.", "sparse"),
    _c("needs_approval", FLAG, "Each use needs a human approval."),
)

_APPROVALS = (
    _c("approval_id", TEXT, "Id that events carry.", "required"),
    _c("actor_id", TEXT, "Agent it is for.", "required"),
    _c("type", TEXT, "What is approved.", "required"),
    _c("scope", TEXT, "Tool, data source or action; * matches any text."),
    _c("like_pattern", TEXT, "The scope as a LIKE pattern with escape '!'; made at load.", "sparse"),
    _c("requester_id", TEXT, "Who asked.", "sparse"),
    _c("approver_id", TEXT, "Who decided."),
    _c("granted_at", TIME, "When."),
    _c("expires_at", TIME, "Until when.", "sparse"),
    _c("max_uses", INT, "How often it may be used.", "sparse"),
    _c("recorded_at", TIME, "When the approval was entered, where the system tells.", "sparse"),
)

_REVIEWS = (
    _c("review_id", TEXT, "Id.", "required"),
    _c("actor_id", TEXT, "Who was reviewed.", "required"),
    _c("due_at", TIME, "When it was due.", "sparse"),
    _c("completed_at", TIME, "When it was completed.", "sparse"),
    _c("snapshot_at", TIME, "End of the observed activity it looked at."),
    _c("snapshot_from", TIME, "Start of the observed activity it looked at."),
)

_REVIEW_ITEMS = (
    _c("review_id", TEXT, "Review.", "required"),
    _c("actor_id", TEXT, "Who was reviewed.", "required"),
    _c("type", TEXT, "tool | data | entitlement.", "required"),
    _c("name", TEXT, "Item decided on.", "required"),
    _c("decision", TEXT, "keep | remove | reduce.", "required"),
)

_STATES = (
    _c("actor_id", TEXT, "Actor.", "required sparse"),
    _c("state", TEXT, "State entered.", "required sparse"),
    _c("from_at", TIME, "When.", "required sparse"),
    _c("until_at", TIME, "When it was left; empty for the current one.", "sparse"),
)

_COMPONENTS = (
    _c("component_id", TEXT, "Namespaced id.", "required"),
    _c("actor_id", TEXT, "Agent that uses it.", "required"),
    _c("type", TEXT, "What it is.", "required"),
    _c("name", TEXT, "Short name."),
    _c("vendor", TEXT, "Supplier."),
    _c("version", TEXT, "Version in use."),
    _c("pinned", FLAG, "Version cannot float."),
    _c("hash", TEXT, "Content hash or signature reference."),
    _c("registry", TEXT, "Approved list it comes from."),
    _c("approved_at", TIME, "When it was approved."),
    _c("reviewed_at", TIME, "When it was last reviewed."),
    _c("transport", TEXT, "stdio | http | sse ...", "sparse"),
    _c("authenticated", FLAG, "Callers are authenticated."),
    _c("encrypted", FLAG, "Transport is encrypted."),
    _c("secret_in_config", FLAG, "A secret stands in its configuration.", "sparse"),
)

_LINKS = (
    _c("actor_id", TEXT, "One end.", "required"),
    _c("peer_id", TEXT, "Other end.", "required"),
    _c("protocol", TEXT, "a2a/1.0, mcp, grpc ..."),
    _c("authenticated", FLAG, "Mutual authentication."),
    _c("encrypted", FLAG, "Encrypted."),
    _c("signed", FLAG, "Messages signed."),
)

_POLICIES = (
    _c("policy_id", TEXT, "Id.", "required"),
    _c("title", TEXT, "Title.", "sparse"),
    _c("scope", TEXT, "agents | identities | ...", "required"),
    _c("status", TEXT, "approved | draft | withdrawn.", "required"),
    _c("approved_by", TEXT, "Executive or body.", "sparse"),
    _c("effective_at", TIME, "In force from.", "sparse"),
    _c("recorded_at", TIME, "When this record was made, where the system tells.", "sparse"),
    _c("review_due", TIME, "To be reviewed by.", "sparse"),
    _c("version", TEXT, "Version.", "sparse"),
    _c("clauses", TEXT, "Clause names, each between semicolons: ;logging;retirement;", "sparse"),
    _c("covers_unit", TEXT, "Business unit covered; empty: all.", "sparse"),
    _c("covers_environment", TEXT, "Environment covered; empty: all.", "sparse"),
    _c("covers_kind", TEXT, "Actor kind covered; empty: all.", "sparse"),
)

_EVENTS = (
    _c("event_id", TEXT, "Id given by the log.", "sparse"),
    _c("occurred_at", TIME, "When it happened (UTC).", "required"),
    _c("ingested_at", TIME, "When the log received it (UTC).", "sparse"),
    _c("log_source", TEXT, "Log it came through.", "required"),
    _c("actor_id", TEXT, "Acting agent or other actor, as the log names it.", "sparse"),
    _c("actor_kind", TEXT, "What the log says the actor is.", "sparse"),
    _c("principal_id", TEXT, "Identity used."),
    _c("credential_id", TEXT, "Credential used."),
    _c("session_id", TEXT, "Session, conversation or trace."),
    _c("on_behalf_of", TEXT, "Who delegated.", "sparse"),
    _c("event_class", TEXT, "tool | data | model | session | admin | auth | heartbeat.", "sparse"),
    _c("action", TEXT, "What was done."),
    _c("tool", TEXT, "Tool called.", "sparse"),
    _c("effect", TEXT, "Effect class of the action.", "sparse"),
    _c("resource", TEXT, "What it was done to."),
    _c("classification", TEXT, "Class of the data touched.", "sparse"),
    _c("destination", TEXT, "Where data or effect went.", "sparse"),
    _c("environment", TEXT, "Environment of the action.", "sparse"),
    _c("source_ip", TEXT, "Caller's address.", "sparse"),
    _c("approval_id", TEXT, "Approval used.", "sparse"),
    _c("decision", TEXT, "Policy decision recorded.", "sparse"),
    _c("model_version", TEXT, "Model that acted.", "sparse"),
    _c("outcome", TEXT, "How it ended.", "required"),
)

_EVENT_ROLLUP = (
    _c("agent_id", TEXT, "Actor the event belongs to: resolved by id, else principal, else credential."),
    _c("registered", FLAG, "That actor is in the register."),
    _c("conflict", FLAG, "Id, principal and credential point to different actors."),
    _c("resolved_by", TEXT, "id | principal | credential | none."),
    _c("agent_kind", TEXT, "What that actor is: as the register says, else as the log says."),
    _c("registered_at", TIME, "When that actor's record was made; empty for who is in no register."),
    _c("principal_is_intermediary", FLAG, "The principal is that of a declared gateway."),
    _c("credential_is_intermediary", FLAG, "The credential is that of a declared gateway."),
    _c("in_window", FLAG, "Inside the period under review."),
)
_COUNTS = (
    _c("n_events", INT, "Events."),
    _c("first_at", TIME, "First of them."),
    _c("last_at", TIME, "Last of them."),
    _c("first_ref", TEXT, "file#record of the first."),
    _c("last_ref", TEXT, "file#record of the last."),
)
_ACTIVITY_KEYS = (
    "log_source", "actor_id", "actor_kind", "principal_id", "credential_id", "event_class", "tool", "effect",
    "classification", "environment", "outcome",
)  # fmt: skip
_REF = _c("ref", TEXT, "file#record of the row.", "sparse")
_MADE = (
    _c("registered", FLAG, "FALSE: seen only in logs (a shadow agent).", "sparse"),
    _c("n_records", INT, "Most records with this id in any one source.", "sparse"),
    _c("registered_at", TIME, "Earliest created_at among its records.", "sparse"),
    _c("approvals_recorded", FLAG, "Some input says when its tools and data were approved.", "sparse"),
)


def _events(*names: str) -> tuple[Column, ...]:
    by_name = {c.name: c for c in _EVENTS}
    return tuple(by_name[n] for n in names)


def _loaded(name: str, doc: str, columns: tuple[Column, ...]) -> Table:
    return Table(name, doc, (*columns, _REF))


TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        _loaded(
            "actors",
            "Every identity: agents, service accounts, workloads, people, groups.",
            (
                *_ACTORS,
                *_MADE,
            ),
        ),
        _loaded(
            "credentials",
            "Keys, tokens, certificates; one row a holder.",
            (*_CREDENTIALS, _c("ended_at", TIME, "When it was revoked or expired, the earlier.", "sparse")),
        ),
        _loaded("grants", "What an actor may use or reach: the assigned scope.", _GRANTS),
        _loaded("approvals", "Human decisions on actions, tools, data, activation.", _APPROVALS),
        _loaded("reviews", "Access reviews, due and completed.", _REVIEWS),
        _loaded("review_items", "What a review decided, item by item.", _REVIEW_ITEMS),
        _loaded("state_changes", "Lifecycle history.", _STATES),
        _loaded("components", "Models, MCP servers, skills that an agent loads.", _COMPONENTS),
        _loaded("links", "Declared links between agents.", _LINKS),
        _loaded("policies", "Policies and what they cover.", _POLICIES),
        _loaded(
            "actor_log_sources",
            "Logs that should show an actor.",
            (
                _c("actor_id", TEXT, "Actor.", "required"),
                _c("log_source", TEXT, "Log.", "required"),
            ),
        ),
        _loaded(
            "aliases",
            "Other ids of one actor, as declared.",
            (_c("actor_id", TEXT, "Actor.", "required"), _c("alias", TEXT, "Other id.", "required")),
        ),
        _loaded("events", "The one event table.", (*_EVENTS, *_EVENT_ROLLUP)),
        Table(
            "agents",
            "Actors of kind agent, shadow agents included.",
            (
                *_ACTORS,
                *_MADE,
                _REF,
            ),
            loaded=False,
            origin="actors",
        ),
        Table(
            "activity",
            "Events rolled up by actor, identity, tool, effect and outcome; heartbeats left out.",
            (
                *_EVENT_ROLLUP,
                *_events(*_ACTIVITY_KEYS),
                *_COUNTS,
                _c("n_action", INT, "Of them with an action."),
                _c("n_resource", INT, "Of them with a resource."),
                _c("n_session", INT, "Of them with a session."),
                _c("n_approval", INT, "Of them with an approval id."),
            ),
            loaded=False,
            origin="events",
        ),
        Table(
            "data_use",
            "Events that name a resource, by the data grant of that actor which matches it.",
            (
                _c("agent_id", TEXT, "Actor."),
                _c("registered", FLAG, "That actor is in the register."),
                _c("in_window", FLAG, "Inside the period under review."),
                _c("data_source", TEXT, "Name of the matching data grant; empty: no grant matches."),
                *_events("classification", "effect", "event_class", "outcome"),
                *_COUNTS,
            ),
            loaded=False,
            origin="events",
        ),
        Table(
            "feeds",
            "Whether each log source was delivering during the period.",
            (
                _c("log_source", TEXT, "Log."),
                _c("every", TEXT, "hour | day: the unit in which delivery is expected."),
                _c("expected", INT, "Units in the period."),
                _c("seen", INT, "Units with an event or heartbeat."),
                _c("n_events", INT, "Events in the period."),
                _c("first_at", TIME, "First event."),
                _c("last_at", TIME, "Last event."),
                _c("longest_gap_hours", INT, "Longest silence inside the period."),
                _c("alive", FLAG, "Seen share reached the required share."),
                _c("oldest_at", TIME, "Oldest event supplied, of any period."),
                _c("n_with_ingest", INT, "Events that tell when the log received them."),
                _c("n_late_clock", INT, "Of them dated over two minutes after they were received."),
            ),
            loaded=False,
        ),
        Table(
            "feed_gaps",
            "Silences of an hour or more inside the period, by log source.",
            (
                _c("log_source", TEXT, "Log."),
                _c("from_at", TIME, "Last event before the silence, or start of the period."),
                _c("until_at", TIME, "First event after it, or end of the period."),
                _c("hours", INT, "Full hours between."),
            ),
            loaded=False,
        ),
        Table(
            "dead_logs",
            "Actors whose logs cannot prove silence: what is not seen there may have happened.",
            (_c("actor_id", TEXT, "Actor."), _c("why", TEXT, "What its logs lack.")),
            loaded=False,
        ),
        Table(
            "all_approvals",
            "Approvals wherever they are recorded: approval records, grants, the actor's own record.",
            (
                _c("actor_id", TEXT, "Actor it is for."),
                _c("type", TEXT, "As in approvals; a grant gives tool or data, an actor activation."),
                _c("like_pattern", TEXT, "What is approved, as a LIKE pattern with escape '!'."),
                _c("approved_at", TIME, "When; for backdated records, when it was entered."),
                _c("ref", TEXT, "file#record."),
            ),
            loaded=False,
        ),
        Table(
            "run",
            "One row: the only clock a check may read.",
            (
                _c("as_of", TIME, "The date the report speaks for."),
                _c("period_from", TIME, "Start of the period."),
                _c("period_to", TIME, "End of the period, not included."),
            ),
            loaded=False,
        ),
    )
}

EVENT_TABLES = frozenset({"events", "activity", "data_use"})
"""Reading one of these makes a check an event check: silence is then not innocence."""

CARRIED_AS: dict[str, str] = {
    "activity.n_action": "events.action",
    "activity.n_resource": "events.resource",
    "activity.n_session": "events.session_id",
    "activity.n_approval": "events.approval_id",
    "data_use.data_source": "grants.name",
}
"""Computed column -> the loaded column whose absence makes it meaningless."""

COMPUTED = frozenset(
    {c.name for c in (*_EVENT_ROLLUP, *_COUNTS, *_MADE)} | {"ref", "like_pattern", "ended_at"}
)
"""Columns the engine makes: never 'not recorded'."""

SUBJECTS: dict[str, str] = {
    "agent": "SELECT actor_id AS subject, actor_id FROM actors",
    "actor": "SELECT actor_id AS subject, actor_id FROM actors",
    "credential": (
        "SELECT credential_id AS subject, actor_id FROM credentials UNION "
        "SELECT credential_id, agent_id FROM activity WHERE credential_id IS NOT NULL"
    ),
    "principal": (
        "SELECT principal_id AS subject, actor_id FROM actors WHERE principal_id IS NOT NULL UNION "
        "SELECT principal_id, agent_id FROM activity WHERE principal_id IS NOT NULL"
    ),
    "component": "SELECT component_id AS subject, actor_id FROM components",
    "review": "SELECT review_id AS subject, actor_id FROM reviews",
    "link": "SELECT actor_id || ' -> ' || peer_id AS subject, actor_id FROM links",
    "log_source": "",
    "policy": "",
    "actor_type": "",
    "organisation": "",
}
"""Subject type -> the actors a subject belongs to; '' when it belongs to the organisation (tier 1)."""

TIERS = {"low": 1, "medium": 2, "high": 3, "critical": 4}
ORGANISATION = "organisation"
SYNONYMS: dict[str, dict[str, str]] = {
    "environment": {
        "prod": "production", "prd": "production", "live": "production", "stage": "staging",
        "stg": "staging", "uat": "staging", "qa": "test", "dev": "development", "sandbox": "test",
    },
    "outcome": {
        "ok": "success", "allowed": "success", "allow": "success", "succeeded": "success",
        "failure": "error", "failed": "error", "blocked": "denied", "deny": "denied",
    },
    "state": {"enabled": "active", "inactive": "suspended", "disabled": "suspended",
              "departed": "retired", "decommissioned": "retired", "offboarded": "retired"},
}  # fmt: skip
"""Column -> common spellings of a vocabulary value, applied at load after lower-casing."""
