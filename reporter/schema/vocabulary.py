"""Closed vocabularies and the common spellings of their words. In: nothing. Out: VOCABULARY,
SYNONYMS.
"""

from __future__ import annotations

EFFECTS = ("read", "write", "execute", "transfer", "delete", "publish", "grant", "admin")
CLASSES = ("public", "internal", "confidential", "restricted")
ENVIRONMENTS = ("production", "staging", "test", "development")
LISTS = ("register", "directory", "secret_store")
EVIDENCE = ("declared", "record", "observed", "verified")
"""Classes of evidence, the weakest first: somebody wrote it, the system that keeps it exported it,
a log shows it, another tested it.
"""

VOCABULARY: dict[str, tuple[str, ...]] = {
    "actors.kind": ("agent", "service_account", "workload", "human", "group"),
    "actors.state": ("draft", "active", "suspended", "retired", "rejected", "leave"),
    "actors.environment": ENVIRONMENTS,
    "actors.listed_in": LISTS,
    "credentials.listed_in": LISTS,
    "actors.risk_tier": ("low", "medium", "high", "critical"),
    "actors.default_policy": ("deny", "allow"),
    "grants.type": ("tool", "data", "entitlement", "destination", "context"),
    "grants.effect": EFFECTS,
    "grants.classification": CLASSES,
    "grants.mode": ("read", "write", "both"),
    "approvals.type": (
        "tool",
        "data",
        "destination",
        "action",
        "activation",
        "reactivation",
        "change",
    ),
    "approvals.decision": ("approved", "rejected", "requested"),
    "snapshot_items.type": (
        "tool",
        "data",
        "entitlement",
        "destination",
        "context",
        "model",
        "component",
        "prompt",
        "limit",
        "autonomy",
    ),
    "alerts.severity": ("low", "medium", "high", "critical"),
    "alerts.action": ("suspend", "revoke", "block", "none"),
    "tests.result": ("passed", "failed", "muted", "not_run"),
    "tests.severity": ("low", "medium", "high", "critical"),
    "log_stores.integrity": ("write_once", "chain", "signature", "none"),
    "components.type": ("model", "mcp_server", "skill", "plugin"),
    "artifacts.state": ("approved", "pending", "rejected", "deprecated", "unreviewed"),
    "events.outcome": ("success", "denied", "error"),
    "events.actor_kind": ("agent", "service_account", "workload", "human"),
    "events.effect": EFFECTS,
    "events.classification": CLASSES,
    "events.trigger": ("human", "schedule", "event", "agent"),
    "events.resource_environment": ENVIRONMENTS,
}
"""Closed vocabularies; another value in a row is rejected, naming the allowed ones. Values are
lower-cased first.
"""

SYNONYMS: dict[str, dict[str, str]] = {
    "environment": {
        "prod": "production",
        "prd": "production",
        "live": "production",
        "stage": "staging",
        "stg": "staging",
        "uat": "staging",
        "qa": "test",
        "dev": "development",
        "sandbox": "test",
    },
    "resource_environment": {
        "prod": "production",
        "prd": "production",
        "live": "production",
        "stage": "staging",
        "stg": "staging",
        "uat": "staging",
        "qa": "test",
        "dev": "development",
        "sandbox": "test",
    },
    "outcome": {
        "ok": "success",
        "allowed": "success",
        "allow": "success",
        "succeeded": "success",
        "failure": "error",
        "failed": "error",
        "blocked": "denied",
        "deny": "denied",
    },
    "state": {
        "enabled": "active",
        "inactive": "suspended",
        "disabled": "suspended",
        "departed": "retired",
        "decommissioned": "retired",
        "offboarded": "retired",
    },
}
"""Column -> common spellings of a vocabulary value, applied at load after lower-casing."""
NOBODY = (
    *("-", "--", "---", "\N{EN DASH}", "\N{EM DASH}", ".", "...", "/", "?", "??", "???"),
    *("n/a", "n.a.", "n. a.", "#n/a", "none", "null", "nil", "nobody", "no one", "no owner"),
    *("not applicable", "not assigned", "not available", "not known", "not set", "not specified"),
    *("tba", "tbc", "tbd", "t.b.d.", "to be confirmed", "to be decided", "to be defined"),
    *("to be determined", "todo", "unassigned", "unknown", "vacant", "xxx"),
    *("n.n.", "n. n.", "n.n", "k.a.", "k. a.", "keine angabe", "kein", "keine", "keiner"),
    *("niemand", "nicht bekannt", "nicht benannt", "nicht zugewiesen", "nicht zutreffend"),
    *("entfällt", "folgt", "offen", "noch offen", "unbekannt", "unbesetzt", "vakant"),
)
"""What stands where a person should and names none, in lower case. NA and NN may be initials."""
