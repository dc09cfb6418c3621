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

NOTHING = "|".join(
    (
        r"n a|n n|k a|null|nil|nvt|xxx|undefined|unspecified|unknown|unassigned|vacant|no owner",
        r"unbekannt|unbesetzt|vakant|entfallt|unklar|offen|keine angaben?|inconnu|neant|no aplica",
        r"desconocido|sconosciuto|onbekend|none assigned|non (applicable|connu|renseigne)",
        r"not( yet)? (applicable|assigned|available|confirmed|decided|defined|determined|known)",
        r"not( yet)? (documented|done|in place|named|provided|recorded|set|specified)",
        r"nicht (bekannt|benannt|definiert|dokumentiert|festgelegt|zugewiesen|zutreffend)",
        r"tb[acd]|t b [acd]|to be (announced|confirmed|decided|defined|determined)",
    )
)
"""Pattern of what says nothing, of a cell in small letters, without accents, its signs but * as
blanks. NA and NN may be initials, and stand here with their signs only.
"""
NOT_YET = "|".join(
    (
        r"todo|to do|wip|pending|later|planned|in (preparation|progress)|not yet( \w+)?",
        r"(planned|geplant) (ab|bis|by|for|fur|im|in|until|q[1-4]|\d).*",
        r"tb[acd] (bis|by|in|mit|until|with|q[1-4]|\d).*|to be (\w+ (by|in|until) .*|agreed|named)",
        r"geplant|in (arbeit|abstimmung|klarung|planung|vorbereitung)|folgt( .*)?",
        r"noch (nicht|offen|unklar|zu)( \w+){0,3}|wird (noch )?(benannt|erganzt|nachgereicht)",
        r"a definir|por definir|da definire",
    )
)
"""Pattern of what only says that something is to come, likewise."""
NONE = "none|nobody|no one|keine?|keiner|niemand|aucune?|ninguno|nessuno|geen"
NO = "no|nein|non|nicht vorhanden"
"""Patterns of what says nothing in most columns, and in some that there is none: a memory of scope
none.
"""
POINTER = (
    r"(siehe|vgl\.?|voir|zie) [^0-9/@:#.]+|(see|refer to) (the |our |also )?(above|annex|appendix|"
    r"attachment|below|comment|concept|confluence|description|docs?|documentation|handbook|"
    r"intranet|manual|notes?|policy|remarks?|runbook|sharepoint|tickets?|wiki)"
)
"""Pattern of what points to no place that could be found, of a cell in small letters."""
