"""The columns of every loaded table: type, meaning, and whether empty is an ordinary value.

In: nothing. Out: one tuple of Column a table; `schema` puts them together.
"""

from __future__ import annotations

from dataclasses import dataclass

TEXT, TIME, FLAG, INT = "VARCHAR", "TIMESTAMP", "BOOLEAN", "BIGINT"
LARGEST = (1 << 63) - 1
"""The largest number of a column."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    doc: str
    sparse: bool = False
    """True: empty is an ordinary value (never revoked, never retired). False: a source that never
    carries the column makes its subjects unknown for checks that read it."""
    required: bool = False
    """A row without it is rejected, with file and record."""
    person: bool = False
    """It names a person."""
    words: bool = False
    """What says nothing (`projection.says_nothing`) is not a value of it, so it counts as empty."""
    may_be_none: bool = False
    """Words, of which those that say no are the value none."""


def column(name: str, type_: str, doc: str, flags: str = "") -> Column:
    """Make a column; flags: sparse, required, person, words, may_be_none."""
    told = flags.split()
    kinds = ("sparse", "required", "person", "words", "may_be_none")
    sparse, required, person, words, may_be_none = (kind in told for kind in kinds)
    is_words = person or words or may_be_none
    return Column(name, type_, doc, sparse, required, person, is_words, may_be_none)


ACTORS = (
    column("actor_id", TEXT, "Stable id of the actor in the register.", "required"),
    column("kind", TEXT, "What it is.", "required"),
    column(
        "form",
        TEXT,
        "Form of the record, where a source reads several that hold different columns.",
        "sparse",
    ),
    column("name", TEXT, "Display name.", "sparse"),
    column("environment", TEXT, "Where it runs."),
    column("business_unit", TEXT, "Unit that runs it.", "sparse"),
    column("state", TEXT, "Lifecycle state; for people: active, leave, retired (left)."),
    column("state_since", TIME, "When it entered that state.", "sparse"),
    column("created_at", TIME, "When the record was made."),
    column("approved_at", TIME, "When it was approved for use."),
    column("activated_at", TIME, "When it went live; for people: first day.", "sparse"),
    column("retired_at", TIME, "When it was retired; for people: last day.", "sparse"),
    column("expires_at", TIME, "Planned end or renewal date."),
    column("updated_at", TIME, "When the record was last changed or confirmed."),
    column(
        "owner_id",
        TEXT,
        "Accountable person (actor_id of a human); for people: their manager.",
        "person",
    ),
    column("owner_confirmed_at", TIME, "When the owner last confirmed ownership."),
    column("owner_since", TIME, "When the present owner took over.", "sparse"),
    column("previous_owner_id", TEXT, "Owner before the present one.", "sparse person"),
    column("technical_owner_id", TEXT, "Technical or deputy owner.", "person"),
    column("purpose", TEXT, "What it is for, in words.", "words"),
    column("process_id", TEXT, "Business process it serves.", "words"),
    column(
        "autonomy", INT, "0 suggests .. 4 spawns agents or gains tools (control tests, section 3)."
    ),
    column("autonomy_approved_by", TEXT, "Who approved that autonomy.", "person"),
    column(
        "domains",
        TEXT,
        "Domains its purpose covers, each between semicolons: ;orders;stock;",
        "words",
    ),
    column("excluded_domains", TEXT, "Domains it must not touch, likewise.", "sparse words"),
    column("risk_tier", TEXT, "Declared risk tier."),
    column("risk_categories", TEXT, "Business risk categories, separated by ;", "words"),
    column("risk_mapped_at", TIME, "When its rights were mapped to risk categories."),
    column("risk_signed_off_by", TEXT, "Risk owner who signed the mapping off.", "sparse person"),
    column("risk_signed_off_at", TIME, "When."),
    column(
        "principal_id",
        TEXT,
        "Identity it acts under (account, ARN, client id, SPIFFE id).",
        "words",
    ),
    column(
        "principal_type",
        TEXT,
        "agent | workload | service_account | user, as the directory has it.",
        "words",
    ),
    column(
        "identity_issuer",
        TEXT,
        "Who issues that identity: agent directory, workload CA ...",
        "words",
    ),
    column("identity_attested_at", TIME, "When the identity was last attested."),
    column("default_policy", TEXT, "What happens to a call nobody allowed."),
    column(
        "enforcement_point",
        TEXT,
        "Where the policy is enforced: gateway, iam, proxy ... or prompt.",
        "may_be_none",
    ),
    column("review_cadence_days", INT, "Days between access reviews."),
    column("kill_switch", TEXT, "How it is stopped.", "words"),
    column("kill_switch_owner", TEXT, "Who may stop it.", "person"),
    column("kill_switch_tested_at", TIME, "Last test of the stop."),
    column("kill_switch_minutes", INT, "Minutes to stop, as tested."),
    column(
        "sandbox_type",
        TEXT,
        "Isolation of executed code: microvm, container, none ..., or unknown.",
    ),
    column("sandbox_root", FLAG, "Code runs as root."),
    column("sandbox_network", TEXT, "deny | allowlist | open.", "may_be_none"),
    column("sandbox_fs", TEXT, "workdir | readonly | full.", "may_be_none"),
    column("sandbox_per_session", FLAG, "A fresh sandbox for each session."),
    column("memory_scope", TEXT, "none | session | agent | shared.", "may_be_none"),
    column("memory_ttl_days", INT, "Days until memory expires."),
    column("memory_sources", TEXT, "Sources allowed to write memory.", "sparse may_be_none"),
    column("memory_write_check", FLAG, "Writes are checked before commit.", "sparse"),
    column("memory_readers", TEXT, "Who may read shared memory.", "sparse may_be_none"),
    column(
        "memory_disposition", TEXT, "What became of its memory when it was retired.", "sparse words"
    ),
    column("max_calls_per_minute", INT, "Limit of calls a minute."),
    column("max_cost_per_day", INT, "Limit of cost a day, in hundredths of the currency."),
    column("max_steps", INT, "Limit of steps a session."),
    column("max_children", INT, "Limit of agents it may spawn at a time.", "sparse"),
    column("max_delegation_depth", INT, "Longest chain of delegation allowed.", "sparse"),
    column("prompt_version", TEXT, "Version or hash of its system prompt.", "words"),
    column(
        "secret_scan_at",
        TIME,
        "When prompts, memory, logs and code were last scanned for secrets.",
        "sparse",
    ),
    column("secret_findings_open", INT, "Findings of that scan still open.", "sparse"),
    column("tested_at", TIME, "Last adversarial test."),
    column("test_evidence", TEXT, "Where its result is kept.", "words"),
    column("user_facing", FLAG, "People outside its team talk to it."),
    column(
        "report_channel", TEXT, "Where its users report what goes wrong, and who answers.", "words"
    ),
    column("roles", TEXT, "People: roles they hold, separated by ;", "sparse"),
    column("trained_at", TIME, "People: last training on agents.", "sparse"),
    column(
        "deploy_identity_type",
        TEXT,
        "federated | static_key | user, of the pipeline that deploys it.",
        "words",
    ),
    column(
        "deploy_subject", TEXT, "Issuer, audience and subject condition of the federation.", "words"
    ),
    column("deploy_static_secret", FLAG, "A static deploy secret exists."),
    column("vendor_hosted", FLAG, "Runs at a vendor.", "sparse"),
    column("policy_id", TEXT, "Policy the actor acknowledges.", "words"),
    column("policy_version", TEXT, "Version it acknowledges.", "sparse words"),
    column("tools_listed", FLAG, "The record lists its tools, even if there are none."),
    column(
        "entitlements_listed", FLAG, "The record lists its entitlements, even if there are none."
    ),
    column("data_listed", FLAG, "The record lists its data sources, even if there are none."),
    column(
        "contexts_listed", FLAG, "The record lists its execution contexts, even if there are none."
    ),
    column(
        "destinations_listed", FLAG, "The record lists its destinations, even if there are none."
    ),
    column("listed_in", TEXT, "Kind of the list this row comes from; empty: register.", "sparse"),
    column("strong_auth", FLAG, "People: multi-factor; others: no long-lived secret.", "sparse"),
    column("is_intermediary", FLAG, "A gateway that speaks for many agents.", "sparse"),
    column("parent_id", TEXT, "Agent that spawned it.", "sparse words"),
    column("seasonal_until", TIME, "Declared quiet until then.", "sparse"),
    column("labels", TEXT, "Labels or tags, an object of texts.", "sparse"),
)

CREDENTIALS = (
    column("credential_id", TEXT, "Id of the key, certificate or token.", "required"),
    column("actor_id", TEXT, "Holder; one row a holder.", "required"),
    column("fingerprint", TEXT, "Keyed fingerprint of the value, where known.", "sparse"),
    column(
        "type",
        TEXT,
        "api_key, oauth_client, certificate, password, token, workload_identity ...",
        "words",
    ),
    column(
        "auth_method",
        TEXT,
        "How it authenticates: workload_identity, oauth_client_key, mtls, password ...",
        "sparse may_be_none",
    ),
    column(
        "storage",
        TEXT,
        "Where the secret lies: vault, hsm, env, file, code, prompt ...",
        "may_be_none",
    ),
    column("environment", TEXT, "Environment it opens.", "sparse"),
    column("issued_at", TIME, "When it was issued."),
    column("expires_at", TIME, "When it ends."),
    column("last_rotated_at", TIME, "Last rotation.", "sparse"),
    column("rotation_days", INT, "Declared rotation interval.", "sparse"),
    column("revoked_at", TIME, "When it was revoked.", "sparse"),
    column("privileged", FLAG, "Opens privileged access."),
    column(
        "readers", TEXT, "People who could read the secret, separated by ;", "sparse may_be_none"
    ),
    column("listed_in", TEXT, "Kind of the list this row comes from; empty: register.", "sparse"),
)

GRANTS = (
    column("actor_id", TEXT, "Who may.", "required"),
    column("type", TEXT, "What kind of thing.", "required"),
    column(
        "name", TEXT, "Tool, data source, resource or destination; * matches any text.", "required"
    ),
    column(
        "like_pattern", TEXT, "The name as a LIKE pattern with escape '!'; made at load.", "sparse"
    ),
    column("action", TEXT, "Action allowed, for entitlements.", "sparse"),
    column(
        "excluded",
        TEXT,
        "Actions that it does not cover all the same, separated by blanks; * matches any text.",
        "sparse",
    ),
    column(
        "conditional",
        TEXT,
        "Actions that it covers on conditions only, or perhaps not, written likewise; *: all.",
        "sparse",
    ),
    column("role", TEXT, "Role it comes from.", "sparse"),
    column("purpose", TEXT, "Workflow, task or process it holds for; empty: all.", "sparse"),
    column("domain", TEXT, "Domain that the tool or data source belongs to.", "words"),
    column("mode", TEXT, "Data: read | write | both."),
    column("outbound", FLAG, "Tools: can send outside the organisation."),
    column("untrusted", FLAG, "Data: others may write into it what the agent reads."),
    column("activation", FLAG, "Must be activated for each use, for a while.", "sparse"),
    column("effect", TEXT, "Effect class of a tool."),
    column("reversible", FLAG, "The effect can be undone."),
    column("classification", TEXT, "Class of a data source."),
    column("justification", TEXT, "Why the purpose needs it.", "words"),
    column("risk_category", TEXT, "Business risk category it is tied to.", "words"),
    column("privileged", FLAG, "Privileged right.", "sparse"),
    column("granted_at", TIME, "When it was granted."),
    column("approved_at", TIME, "When it was approved."),
    column("expires_at", TIME, "When it ends.", "sparse"),
    column("needs_approval", FLAG, "Each use needs a human approval."),
)

APPROVALS = (
    column("approval_id", TEXT, "Id that events carry.", "required sparse"),
    column("actor_id", TEXT, "Agent it is for.", "required sparse"),
    column("type", TEXT, "What is approved.", "required"),
    column("scope", TEXT, "Tool, data source or action; * matches any text."),
    column(
        "like_pattern", TEXT, "The scope as a LIKE pattern with escape '!'; made at load.", "sparse"
    ),
    column("purpose", TEXT, "Workflow, task or process it holds for; empty: all.", "sparse"),
    column("requester_id", TEXT, "Who asked.", "sparse person"),
    column("requested_at", TIME, "When it was asked for.", "sparse"),
    column(
        "decision",
        TEXT,
        "approved | rejected; empty: approved. requested: this tells only who asked, and when.",
        "sparse",
    ),
    column("approver_id", TEXT, "Who decided.", "sparse person"),
    column("granted_at", TIME, "When.", "sparse"),
    column("expires_at", TIME, "Until when.", "sparse"),
    column("max_uses", INT, "How often it may be used.", "sparse"),
    column("recorded_at", TIME, "When the approval was entered, where the system tells.", "sparse"),
)

REVIEWS = (
    column("review_id", TEXT, "Id.", "required"),
    column("actor_id", TEXT, "Who was reviewed.", "required"),
    column("due_at", TIME, "When it was due.", "sparse"),
    column("completed_at", TIME, "When it was completed.", "sparse"),
    column("snapshot_at", TIME, "End of the observed activity it looked at."),
    column("snapshot_from", TIME, "Start of the observed activity it looked at."),
    column("trigger", TEXT, "What set it off: calendar, or the id of a change, alert or incident."),
)

REVIEW_ITEMS = (
    column("review_id", TEXT, "Review.", "required"),
    column("actor_id", TEXT, "Who was reviewed.", "required"),
    column("type", TEXT, "tool | data | entitlement.", "required"),
    column("name", TEXT, "Item decided on.", "required"),
    column("decision", TEXT, "keep | remove | reduce.", "required"),
)

STATES = (
    column("actor_id", TEXT, "Actor.", "required sparse"),
    column("state", TEXT, "State entered.", "required sparse"),
    column("from_at", TIME, "When.", "required sparse"),
    column("until_at", TIME, "When it was left; empty for the current one.", "sparse"),
)

COMPONENTS = (
    column("component_id", TEXT, "Namespaced id.", "required"),
    column("actor_id", TEXT, "Agent that uses it.", "required"),
    column("type", TEXT, "What it is.", "required"),
    column("name", TEXT, "Short name."),
    column("vendor", TEXT, "Supplier.", "words"),
    column("version", TEXT, "Version in use.", "words"),
    column("pinned", FLAG, "Version cannot float."),
    column("hash", TEXT, "Content hash or signature reference.", "words"),
    column("registry", TEXT, "Approved list it comes from.", "words"),
    column("approved_at", TIME, "When it was approved."),
    column("reviewed_at", TIME, "When it was last reviewed."),
    column("transport", TEXT, "stdio | http | sse ...", "sparse"),
    column("authenticated", FLAG, "Callers are authenticated."),
    column("encrypted", FLAG, "Transport is encrypted."),
    column("secret_in_config", FLAG, "A secret is in its configuration.", "sparse"),
    column(
        "locator",
        TEXT,
        "Exact package (npm:, pypi:, oci:NAME) or address from which it is loaded.",
        "sparse words",
    ),
)

ARTIFACTS = (
    column("artifact_id", TEXT, "Id of the entry or of the verification.", "required"),
    column("locator", TEXT, "Exact package or address, as in components.", "sparse"),
    column("version", TEXT, "Version concerned; empty: all.", "sparse"),
    column("hash", TEXT, "Content hash.", "sparse"),
    column("registry", TEXT, "List of the organisation in which it stands.", "sparse words"),
    column("state", TEXT, "What that list says of it.", "sparse"),
    column("signer", TEXT, "Who signed the content, as a tool verified.", "sparse words"),
)

LINKS = (
    column("actor_id", TEXT, "One end.", "required"),
    column("peer_id", TEXT, "Other end.", "required"),
    column("protocol", TEXT, "a2a/1.0, mcp, grpc ...", "may_be_none"),
    column("authenticated", FLAG, "Mutual authentication."),
    column("encrypted", FLAG, "Encrypted."),
    column("signed", FLAG, "Messages signed.", "sparse"),
)

CHANGES = (
    column("change_id", TEXT, "Id.", "required"),
    column("actor_id", TEXT, "Agent changed; or policy, group or role.", "required"),
    column(
        "field",
        TEXT,
        "What changed: tools, data, entitlements, contexts, autonomy, owner, environment,"
        " delegation, purpose, prompt, model; shared_rights: those of all who have the policy,"
        " group or role.",
        "required",
    ),
    column("old_value", TEXT, "Before."),
    column("new_value", TEXT, "After; several values separated by ;", "may_be_none"),
    column("requested_by", TEXT, "Who asked.", "person"),
    column("approved_by", TEXT, "Who approved.", "person"),
    column("approved_at", TIME, "When."),
    column("effective_at", TIME, "When it took effect.", "required"),
    column("ticket_type", TEXT, "Kind of ticket: identity_change, or another."),
    column("register_version", TEXT, "Version of the register's record it led to.", "words"),
    column(
        "decision_id",
        TEXT,
        "Id of the ticket, pull request or approval that the record names.",
        "sparse words",
    ),
    column("text_ids", TEXT, "Git's ids of the texts it brought, between semicolons.", "sparse"),
)

SNAPSHOTS = (
    column("actor_id", TEXT, "Agent.", "required"),
    column("approved_at", TIME, "When the whole was approved.", "required"),
    column("type", TEXT, "Kind of item.", "required"),
    column("name", TEXT, "Item, named as in grants and components.", "required"),
    column("version", TEXT, "Version, where it has one.", "sparse"),
)

THIRD_PARTIES = (
    column("third_party_id", TEXT, "Id.", "required"),
    column("actor_id", TEXT, "Agent whose tokens or data it gets.", "required"),
    column("name", TEXT, "Name.", "sparse"),
    column("principal_id", TEXT, "Identity it acts under here.", "words"),
    column("reviewed_at", TIME, "Last security review."),
    column("scopes", TEXT, "Least scope, as recorded.", "words"),
    column("owner_id", TEXT, "Who answers for the contract.", "person"),
    column("fallback", TEXT, "What happens without it.", "words"),
    column(
        "organisation_id",
        TEXT,
        "Exact id of who stands behind it: tenant, account, domain or github.com/LOGIN.",
        "sparse",
    ),
)

VENDORS = (
    column("vendor_id", TEXT, "Id in the register of vendors.", "required"),
    column(
        "identifier",
        TEXT,
        "Exact id elsewhere: tenant, account, domain or github.com/LOGIN; a row for each.",
        "sparse",
    ),
    column("name", TEXT, "Name.", "sparse"),
    column("business_unit", TEXT, "Unit whose vendor it is.", "sparse"),
    column("ended", FLAG, "It is no vendor any more.", "sparse"),
    column("reviewed_at", TIME, "Last security review that was completed."),
    column("undated_review", FLAG, "It was perhaps reviewed, on a day not recorded.", "sparse"),
    column("review_due_at", TIME, "When that review ends to count or the next is due.", "sparse"),
    column("owner_id", TEXT, "Who answers for the contract.", "person"),
)

EXCEPTIONS = (
    column("exception_id", TEXT, "Id.", "required"),
    column("actor_id", TEXT, "Whom it is for; empty: all.", "sparse"),
    column("check_id", TEXT, "Check it is for; empty: any.", "sparse"),
    column("item", TEXT, "Credential, right or tool it is for; empty: all.", "sparse"),
    column("reason", TEXT, "Why.", "sparse words"),
    column("requester_id", TEXT, "Who asked.", "sparse person"),
    column("approver_id", TEXT, "Who approved.", "sparse person"),
    column("starts_at", TIME, "From.", "sparse"),
    column("ends_at", TIME, "Until.", "sparse"),
    column("compensating", TEXT, "What is done instead.", "sparse words"),
)

INCIDENTS = (
    column("incident_id", TEXT, "Id.", "required sparse"),
    column("actor_id", TEXT, "Agent involved.", "required sparse"),
    column("opened_at", TIME, "When it was opened.", "required sparse"),
    column("timeline", TEXT, "What happened when, or where that is kept.", "words"),
    column("contained_at", TIME, "When it was contained."),
    column("notify_due", FLAG, "Somebody outside had to be told."),
    column("notified_at", TIME, "When they were.", "sparse"),
    column("corrective", TEXT, "What was changed so that it cannot come back.", "words"),
    column("dismissed_why", TEXT, "Why it was dismissed.", "sparse words"),
)

ALERTS = (
    column("alert_id", TEXT, "Id.", "required sparse"),
    column("actor_id", TEXT, "Agent.", "required sparse"),
    column("severity", TEXT, "Severity."),
    column("raised_at", TIME, "When it was raised.", "required sparse"),
    column("event_id", TEXT, "Event that raised it."),
    column("session_id", TEXT, "Session of that event.", "sparse"),
    column("action", TEXT, "suspend | revoke | block; none: decided not to contain."),
    column("acted_at", TIME, "When that was done or decided.", "sparse"),
    column("acted_by", TEXT, "Who did or decided it.", "sparse person"),
)

TESTS = (
    column("test_id", TEXT, "Id.", "required sparse"),
    column("actor_id", TEXT, "Actor that was tested, where the record names one.", "sparse"),
    column("tool", TEXT, "What tested it.", "required sparse"),
    column("rule", TEXT, "Rule of the tool.", "required sparse"),
    column("target", TEXT, "What was tested, as the tool names it.", "sparse"),
    column("result", TEXT, "muted: somebody set a failure aside.", "required sparse"),
    column("severity", TEXT, "Severity of a failure.", "sparse"),
    column("tested_at", TIME, "When it was last tested.", "sparse"),
    column("found_at", TIME, "When it was first seen to fail.", "sparse"),
    column("fixed_at", TIME, "When the failure was seen to be gone.", "sparse"),
)

ROLES = (
    column("role", TEXT, "Role, as those who hold it are listed with it: id or name.", "required"),
    column(
        "actions",
        TEXT,
        "Actions that it allows, separated by blanks; * matches any text.",
        "required sparse",
    ),
    column("excluded", TEXT, "Actions that it does not cover all the same, likewise.", "sparse"),
)

ASSUMED_ROLES = (
    column("actor_id", TEXT, "Who asked for the session.", "required"),
    column("issued_key", TEXT, "Temporary key of the session that it got.", "required sparse"),
    column("session_key", TEXT, "Temporary key with which it asked, if any.", "sparse"),
)

HOLDINGS = (
    column("actor_id", TEXT, "Who has it; also a group.", "required"),
    column("held_id", TEXT, "Policy, group or role, as logs name it.", "required sparse"),
    column("since_at", TIME, "Since when, where the list tells.", "sparse"),
)

LAST_ACCESSES = (
    column("actor_id", TEXT, "Who may.", "required"),
    column("action", TEXT, "Action, all of a service (s3:*), or * for any.", "required sparse"),
    column("used_at", TIME, "Last use; empty: none in the time that the system keeps.", "sparse"),
    column("checked_at", TIME, "When the system told this.", "sparse"),
)

LOG_STORES = (
    column("log_source", TEXT, "Log.", "required sparse"),
    column("integrity", TEXT, "write_once | chain | signature | none.", "sparse"),
    column("writers", TEXT, "Who may write or delete there, separated by ;", "sparse"),
    column("retention_days", INT, "Days that records are kept.", "sparse"),
    column("place", TEXT, "Where it lies, as changes of it say: the ARN of a bucket.", "sparse"),
    column(
        "selects",
        TEXT,
        "What it is set to log, separated by blanks: management, and services with their data.",
        "sparse",
    ),
)

POLICIES = (
    column("policy_id", TEXT, "Id.", "required"),
    column("scope", TEXT, "agents | identities | ...", "required"),
    column("status", TEXT, "approved | published | unapproved | draft | withdrawn.", "required"),
    column("approved_by", TEXT, "Executive or body.", "sparse person"),
    column("effective_at", TIME, "In force from.", "sparse"),
    column("recorded_at", TIME, "When this record was made, where the system tells.", "sparse"),
    column("review_due", TIME, "To be reviewed by.", "sparse"),
    column("version", TEXT, "Version.", "sparse"),
    column("clauses", TEXT, "Names of clauses between semicolons: ;logging;retirement;", "sparse"),
    column("covers_unit", TEXT, "Business unit covered; empty: all.", "sparse"),
    column("covers_environment", TEXT, "Environment covered; empty: all.", "sparse"),
    column("covers_kind", TEXT, "Actor kind covered; empty: all.", "sparse"),
    column("document", TEXT, "file#record of the text, where this is its approval.", "sparse"),
)

EVENTS = (
    column("event_id", TEXT, "Id given by the log.", "sparse"),
    column("occurred_at", TIME, "When it happened (UTC).", "required"),
    column("ingested_at", TIME, "When the log received it (UTC).", "sparse"),
    column("log_source", TEXT, "Log it came through.", "required"),
    column("actor_id", TEXT, "Acting agent or other actor, as the log names it.", "sparse"),
    column("actor_kind", TEXT, "What the log says the actor is.", "sparse"),
    column("principal_id", TEXT, "Identity used."),
    column("credential_id", TEXT, "Credential used."),
    column("session_id", TEXT, "Session, conversation or trace."),
    column(
        "session_key",
        TEXT,
        "Temporary key that signed it, where it shows who asked for the session; less its kind.",
        "sparse",
    ),
    column("parent_session_id", TEXT, "Session that started this one.", "sparse"),
    column("purpose", TEXT, "Workflow, task or process it was done for.", "sparse"),
    column("trigger", TEXT, "What started it.", "sparse"),
    column("on_behalf_of", TEXT, "Who delegated.", "sparse"),
    column(
        "event_class", TEXT, "tool | data | model | session | admin | auth | heartbeat.", "sparse"
    ),
    column("action", TEXT, "What was done."),
    column("tool", TEXT, "Tool called.", "sparse"),
    column("tool_version", TEXT, "Version or hash of the tool that ran.", "sparse"),
    column("effect", TEXT, "Effect class of the action.", "sparse"),
    column("resource", TEXT, "What it was done to."),
    column(
        "rights",
        TEXT,
        "Permissions that the system checked for it and found granted, or that its token carried."
        " They are named as in the log, each with @ and the project, or delegated; separated by"
        " blanks.",
        "sparse",
    ),
    column("resource_environment", TEXT, "Environment of the resource.", "sparse"),
    column("classification", TEXT, "Class of the data touched.", "sparse"),
    column("destination", TEXT, "Where data or effect went.", "sparse"),
    column("environment", TEXT, "Environment of the action.", "sparse"),
    column("peer_id", TEXT, "Other agent of a message.", "sparse"),
    column("message_id", TEXT, "Id or nonce of the message.", "sparse"),
    column("source_ip", TEXT, "Caller's address.", "sparse"),
    column("user_agent", TEXT, "Caller's program.", "sparse"),
    column("auth_method", TEXT, "How the caller authenticated.", "sparse"),
    column("approval_id", TEXT, "Approval used.", "sparse"),
    column("decision", TEXT, "Policy decision recorded.", "sparse"),
    column("model_version", TEXT, "Model that acted.", "sparse"),
    column("cost", INT, "Cost, in hundredths of the currency.", "sparse"),
    column("sequence", INT, "Place in its log.", "sparse"),
    column("hash", TEXT, "Hash of the record, as the log gives it.", "sparse"),
    column("prev_hash", TEXT, "Hash of the record before it.", "sparse"),
    column(
        "hash_holds",
        FLAG,
        "The hash, computed anew from the record as its prefix says, is the same; empty: it does"
        " not say how.",
        "sparse",
    ),
    column("outcome", TEXT, "How it ended.", "required"),
)
