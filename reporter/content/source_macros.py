"""Helpers for the SQL of sources. In: nothing. Out: the text of each macro, which is part of every
cache key.

The names under which a tool call's arguments say where something goes stand here, once for all
traces."""

from __future__ import annotations

from reporter.engine.base import Engine, quoted_list
from reporter.schema.label_keys import MACHINERY, WRITTEN

RECEIVERS = (
    "recipient",
    "recipients",
    "recipientid",
    "recipientname",
    "recipientaddress",
    "recipientemail",
    "recipientemails",
    "toaddress",
    "toaddresses",
    "toemail",
    "toemails",
    "torecipients",
    "touser",
    "tonumber",
    "tophone",
    "tochannel",
    "toaccount",
    "toiban",
    "sendto",
    "cc",
    "bcc",
    "ccrecipients",
    "bccrecipients",
    "email",
    "emails",
    "emailaddress",
    "emailaddresses",
    "useremail",
    "participants",
    "attendees",
    "invitees",
    "payee",
    "beneficiary",
    "iban",
    "account",
    "accountnumber",
    "phone",
    "phonenumber",
    "channel",
    "channels",
    "channelid",
    "channelname",
    "chatid",
    "url",
    "urls",
    "uri",
    "webhook",
    "webhookurl",
    "callbackurl",
    "endpoint",
    "host",
    "hostname",
    "domain",
    "user",
    "username",
)
"""Names of arguments whose value is a destination, whatever it looks like; lower case, letters and
digits only.
"""
PERHAPS = ("to", "destination", "destinations", "target", "address")
"""Names that also mean other things (a date, a language, an airport): only an address counts, or
what a message is sent to.
"""
MESSAGE = ("body", "message", "subject", "content")
"""Arguments beside which the name in `to` is a receiver."""
LESSER = (
    ("bucket", "bucketname"),
    (
        "path",
        "paths",
        "file",
        "files",
        "filepath",
        "filepaths",
        "filename",
        "notebookpath",
        "destinationpath",
        "targetpath",
        "outputpath",
        "outputfile",
    ),
)
"""Names that count only where nothing better is named, in this order."""
WRAPPERS = (
    "kwargs",
    "inputs",
    "input",
    "inputstr",
    "arguments",
    "args",
    "params",
    "parameters",
    "toolinput",
    "toolargs",
    "payload",
    "request",
    "message",
)
"""Names under which the arguments stand in an object of their own, or as JSON in a text."""

UNNAMED = ("Agent workflow", "Voice Agent", "LangGraph", "RunnableSequence", "AgentExecutor")
"""What frameworks call a workflow that nobody named: the OpenAI Agents SDK, LangChain."""

READERS = (
    *("cat", "cmp", "df", "diff", "du", "egrep", "fgrep", "git ls-files", "git rev-parse"),
    *("git status", "grep", "head", "ls", "pwd", "stat", "tail", "uname", "wc", "which", "whoami"),
)
"""Shell commands that only read, whatever their arguments. Not among them: `find` (-delete, -exec),
`rg` (--pre), `git grep` (-O), `sort`, `tree` (-o), `less`: one option of theirs writes or starts
something.
"""
HISTORIES = ("git diff", "git log", "git show")
"""Commands that read, but write a file with --output: which of it a rule lets through shows where
it tells all arguments.
"""

_ADDRESS = (
    r"@|://|^[~./\\#]|^[A-Za-z]:\\|^\+[0-9]|^0x[0-9a-fA-F]{40}$|^[A-Z]{2}[0-9]{2}[A-Z0-9]{8,}$"
    r"|^([0-9]{1,3}\.){3}[0-9]{1,3}(:[0-9]+)?$|^([A-Za-z0-9_-]+\.)+[A-Za-z]{2,}([:/?#]\S*)?$"
)
_HOST = r"^((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})(?::[0-9]+)?(?:[/?#].*)?$"
_URL = r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/@?#]*@)?([^/?#:]*)"
_ALL = (*RECEIVERS, *PERHAPS, *(name for names in LESSER for name in names))


def _tiers() -> str:
    """SQL: the names of arguments, the best first."""
    tiers = enumerate((RECEIVERS, *LESSER), 1)
    return ", ".join(f"{{'level': {n}, 'names': {quoted_list(names)}}}" for n, names in tiers)


def _plain(depth: int) -> str:
    """SQL: JSON text of an AnyValue `v`; what it holds is written by the macro one less deep."""
    variable = f"plain_{depth}"
    item, pair = (
        f"_plain_{depth - 1}({y})" if depth else "'null'"
        for y in (variable, f"{variable} -> 'value'")
    )
    values = [
        f"coalesce(json_extract(v, '$.{kind}Value.values[*]'), []) || coalesce(json_extract(v,"
        f" '$.{kind}_value.values[*]'), [])"
        for kind in ("array", "kvlist")
    ]
    return (
        "CASE WHEN coalesce(json_type(v, '$.arrayValue'), json_type(v, '$.array_value')) IS NOT"
        f" NULL THEN '[' || array_to_string(list_transform({values[0]}, lambda {variable}:"
        f" coalesce({item}, 'null')), ',') || ']' WHEN coalesce(json_type(v, '$.kvlistValue'),"
        " json_type(v, '$.kvlist_value')) IS NOT NULL THEN '{' ||"
        f" array_to_string(list_transform({values[1]}, lambda {variable}: CAST(to_json({variable}"
        f" ->> 'key') AS VARCHAR) || ':' || coalesce({pair}, 'null')), ',') || '}}' ELSE"
        " coalesce(CAST(to_json(json_extract_string(v, '$.*')[1]) AS VARCHAR), 'null') END"
    )


MACROS = (
    "txt(j, p) AS CASE json_type(j, p) WHEN 'NULL' THEN '' ELSE j ->> p END",
    (
        "items(j, p) AS CASE WHEN json_type(j, p) = 'ARRAY' THEN CAST(json_extract(j, p) AS JSON[])"
        " WHEN json_type(j, p) = 'VARCHAR' AND (j ->> p) <> '' THEN list_transform(string_split(j"
        " ->> p, ';'), lambda x: CAST(to_json(trim(x)) AS JSON)) END"
    ),
    # A cell of a table that a collector wrote: nothing is null in JSON, and an empty cell or one of
    # these words in CSV. An object or a list in it is a text in CSV.
    (
        "cell(j, p) AS CASE WHEN json_type(j, p) = 'NULL' OR (j ->> p) IN ('<null>', '<nil>') THEN"
        " '' ELSE j ->> p END"
    ),
    (
        "nested(j, p) AS CASE WHEN json_type(j, p) = 'VARCHAR' THEN TRY_CAST(j ->> p AS JSON) ELSE"
        " json_extract(j, p) END"
    ),
    # Labels in one order, so that two records that say the same are alike: an object of them, or a
    # list of pairs as AWS has it. What says nothing or is no word of people's own is left out; a
    # text that holds neither stays what it is.
    (
        "_label_pairs(t) AS CASE json_type(t) WHEN 'OBJECT' THEN"
        " map_entries(TRY_CAST(t AS MAP(VARCHAR, VARCHAR))) WHEN 'ARRAY' THEN"
        " list_transform(json_extract(t, '$[*]'), lambda label_pairs_1: {'key':"
        " coalesce(label_pairs_1 ->> 'Key', label_pairs_1 ->> 'key', label_pairs_1 ->> 'TagKey'),"
        " 'value': coalesce(label_pairs_1 ->> 'Value', label_pairs_1 ->> 'value', label_pairs_1 ->>"
        " 'TagValue')}) END"
    ),
    (
        "_is_label(x) AS trim(x.key) <> '' AND trim(x.value) <> '' AND NOT"
        f" (regexp_matches(lower(x.key), '^({'|'.join(MACHINERY)})') AND NOT"
        f" regexp_full_match(lower(x.key), '{WRITTEN}'))"
    ),
    # Each value is bound once, in a list of one: a macro is text, and would repeat it.
    (
        "labels(j, p) AS list_transform(list_transform([nested(j, p)], lambda labels_1:"
        " [CAST(labels_1 ->> '$' AS VARCHAR), CASE WHEN json_type(labels_1) IN ('OBJECT', 'ARRAY')"
        " THEN '{' || array_to_string(list_sort(list_transform(list_filter(_label_pairs(labels_1),"
        " lambda labels_2: _is_label(labels_2)), lambda labels_3: CAST(to_json(labels_3.key) AS"
        " VARCHAR) || ':' || CAST(to_json(trim(labels_3.value)) AS VARCHAR))), ',') || '}' END]),"
        " lambda labels_4: coalesce(nullif(labels_4[2], '{}'), CASE WHEN labels_4[2] IS NULL THEN"
        " coalesce(labels_4[1], txt(j, p)) END))[1]"
    ),
    # Attributes in sets, as Entra and Google Workspace have them: `set.attribute`, a list as texts
    # in one order.
    (
        "set_labels(j, p) AS list_transform([CASE WHEN json_type(j, p) = 'OBJECT' THEN"
        " json_extract(j, p) END], lambda set_labels_1: '{' || array_to_string(flatten("
        "list_transform(map_entries(TRY_CAST(set_labels_1 AS MAP(VARCHAR, JSON))), lambda"
        " set_labels_2: list_transform(list_filter(map_entries(TRY_CAST(set_labels_2.value AS"
        " MAP(VARCHAR, JSON))), lambda set_labels_3: NOT contains(set_labels_3.key, '@')), lambda"
        " set_labels_4: CAST(to_json(set_labels_2.key || '.' || set_labels_4.key) AS VARCHAR) ||"
        " ':' || CAST(to_json(CASE json_type(set_labels_4.value) WHEN 'ARRAY' THEN array_to_string("
        "list_sort(list_transform(json_extract(set_labels_4.value, '$[*]'), lambda set_labels_5:"
        " coalesce(set_labels_5 ->> 'value', set_labels_5 ->> '$'))), ', ') ELSE set_labels_4.value"
        " ->> '$' END) AS VARCHAR)))), ',') || '}')[1]"
    ),
    # The class of data that a tag or label gives, as a rank; words that are no class of ours give
    # none. Which keys of tags speak of a class.
    (
        "class_rank(x) AS CASE WHEN regexp_full_match(lower(trim(x)), 'restricted|secret|strictly"
        " confidential|highly[ _-]confidential') THEN 4 WHEN regexp_full_match(lower(trim(x)),"
        " 'confidential|sensitive') THEN 3 WHEN lower(trim(x)) = 'internal' THEN 2 WHEN"
        " lower(trim(x)) = 'public' THEN 1 END"
    ),
    (
        "class_name(rank) AS CASE rank WHEN 4 THEN 'restricted' WHEN 3 THEN 'confidential' WHEN 2"
        " THEN 'internal' WHEN 1 THEN 'public' END"
    ),
    (
        "is_class_key(x) AS regexp_full_match(lower(x), '(data[ _:-]?)?(classification|sensitivity"
        "|class)')"
    ),
    # A package of an MCP server.json: where it lies, as components name it, its version and hash.
    (
        "package_place(p) AS CASE WHEN p ->> 'registryType' IN ('npm', 'pypi') THEN (p ->>"
        " 'registryType') || ':' || lower(p ->> 'identifier') WHEN p ->> 'registryType' = 'oci'"
        " THEN 'oci:' || lower(regexp_replace(p ->> 'identifier', '(@sha256:.*|:[^:/]*)$', '')) END"
    ),
    (
        "package_version(p) AS coalesce(nullif(p ->> 'version', ''), nullif(regexp_extract(p ->>"
        " 'identifier', '@(sha256:.*)$', 1), ''), nullif(regexp_extract(p ->> 'identifier',"
        " ':([^:/@]*)$', 1), ''))"
    ),
    (
        "package_hash(p) AS CASE WHEN p ->> 'fileSha256' <> '' THEN 'sha256:' || lower(p ->>"
        " 'fileSha256') END"
    ),
    # What a rule of a shell lets a command do: the rest is `execute`, and so is a command in which
    # the shell does something. Reading a secret is reading, as it is with a tool for files.
    (
        "_command_effect(c) AS CASE WHEN regexp_matches(c, '[;&|<>`$(\n]') THEN 'execute' WHEN"
        f" regexp_full_match(c, '({'|'.join(READERS)})( .*|:\\*)?') THEN 'read' WHEN"
        f" regexp_full_match(c, '({'|'.join(HISTORIES)})( [^*]*)?') AND NOT regexp_matches(c,"
        " '--(output|ext-diff)') THEN 'read' WHEN"
        f" regexp_full_match(c, '({'|'.join(HISTORIES)})( .*|:\\*)') THEN 'write' ELSE 'execute'"
        " END"
    ),
    # What a rule of Claude Code lets a tool do; part: what stands in its brackets.
    (
        "claude_rule_effect(tool, part) AS CASE WHEN tool IN ('Read', 'Glob', 'Grep', 'LS',"
        " 'NotebookRead', 'WebFetch', 'WebSearch', 'TodoRead', 'BashOutput') THEN 'read' WHEN tool"
        " IN ('Write', 'Edit', 'MultiEdit', 'NotebookEdit') THEN 'write' WHEN tool = 'Bash' AND"
        " part IS NOT NULL THEN _command_effect(part) WHEN tool IN ('Bash', 'PowerShell') THEN"
        " 'execute' END"
    ),
    "from_ns(x) AS CAST(make_timestamp(TRY_CAST(x AS BIGINT) // 1000) AS VARCHAR)",
    # The name of a workflow; nothing where it is a framework's own word, a text, a path, or one
    # run's with an id or a date in it.
    (
        "workflow_name(x) AS CASE WHEN length(trim(x)) BETWEEN 1 AND 100 AND NOT"
        f" list_contains({quoted_list(UNNAMED)}, trim(x)) AND NOT regexp_matches(x,"
        " '[\n?{]|[0-9]{5}|[0-9]{4}-[0-9]{2}-[0-9]{2}|^[A-Z]+ +/') AND NOT"
        " regexp_matches(array_to_string(regexp_extract_all(x, '[0-9A-Fa-f]{8,}'), ' '),"
        " '[0-9]') THEN trim(x) END"
    ),
    # JSON of a text: JSON, JSON in a JSON text, or a Python dict without a quote that could
    # mislead.
    (
        "_parsed(x) AS coalesce(TRY_CAST(x AS JSON), CASE WHEN x LIKE '{''%' AND NOT contains(x,"
        " '\"') AND NOT contains(x, '\\') THEN TRY_CAST(regexp_replace(regexp_replace(replace(x,"
        " '''', '\"'), ': None([,}])', ': null\\1', 'g'), ': (True|False)([,}])', ': 0\\2', 'g') AS"
        " JSON) END)"
    ),
    (
        "parsed(x) AS list_transform(list_transform([CAST(x AS VARCHAR)], lambda parsed_1:"
        " _parsed(parsed_1)), lambda parsed_2: CASE WHEN json_type(parsed_2) = 'VARCHAR' THEN"
        " _parsed(parsed_2 ->> '$') ELSE parsed_2 END)[1]"
    ),
    # An AnyValue of OTLP: a scalar as it is, lists and maps as JSON without the wrapping of types,
    # three deep.
    f"_plain_0(v) AS {_plain(0)}",
    f"_plain_1(v) AS {_plain(1)}",
    f"_plain_2(v) AS {_plain(2)}",
    (
        "plain_value(v) AS CASE WHEN json_type(v, '$.*')[1] = 'OBJECT' THEN _plain_2(v) ELSE"
        " json_extract_string(v, '$.*')[1] END"
    ),
    # What a value names: one text, each of a list, the address inside an object.
    (
        "_named(x) AS CASE json_type(x) WHEN 'OBJECT' THEN coalesce(x ->> '$.emailAddress.address',"
        " x ->> 'email', x ->> 'address', x ->> 'url', x ->> 'name') WHEN 'ARRAY' THEN NULL WHEN"
        " 'BOOLEAN' THEN NULL ELSE x ->> '$' END"
    ),
    (
        "_texts(x) AS CASE WHEN json_type(x) = 'ARRAY' THEN list_transform(json_extract(x, '$[*]'),"
        " lambda texts_1: _named(texts_1)) WHEN json_type(x) = 'VARCHAR' AND (x ->> '$') LIKE '[%'"
        " AND json_type(TRY_CAST(x ->> '$' AS JSON)) = 'ARRAY' THEN"
        " list_transform(json_extract(CAST(x ->> '$' AS JSON), '$[*]'), lambda texts_1:"
        " _named(texts_1)) WHEN json_type(x) = 'VARCHAR' AND regexp_matches(x ->> '$',"
        " '@.*[,;].*@') AND NOT contains(x ->> '$', '://') THEN list_filter(string_split_regex(x"
        " ->> '$', '[,;]'), lambda texts_1: contains(texts_1, '@')) ELSE [_named(x)] END"
    ),
    (
        "_place(x, is_path) AS list_transform([trim(x)], lambda place_1: CASE WHEN length(place_1)"
        " NOT BETWEEN 1 AND 300 OR regexp_matches(place_1, '[\n{]|^data:') THEN NULL WHEN"
        " starts_with(place_1, 'file:///') THEN substr(place_1, 8) WHEN regexp_matches(place_1,"
        f" '{_URL}') THEN nullif(lower(regexp_extract(place_1, '{_URL}', 1)), '') WHEN is_path THEN"
        f" place_1 WHEN regexp_matches(place_1, '{_HOST}') THEN lower(regexp_extract(place_1,"
        f" '{_HOST}', 1)) WHEN regexp_matches(place_1, '<[^<>@ ]+@[^<>@ ]+>') THEN"
        " regexp_extract(place_1, '<([^<>@ ]+@[^<>@ ]+)>', 1) WHEN starts_with(lower(place_1),"
        " 'mailto:') THEN regexp_extract(place_1, '^.{7}([^?]*)', 1) ELSE place_1 END)[1]"
    ),
    (
        "_keys(o) AS list_transform(json_keys(o), lambda keys_1: regexp_replace(lower(keys_1),"
        " '[^a-z0-9]', '', 'g'))"
    ),
    "_pairs(o) AS list_zip(_keys(o), json_extract(o, '$.*'))",
    (
        "_counts(name, x, tier, names) AS CASE WHEN list_contains(tier['names'], name) THEN TRUE"
        f" WHEN tier['level'] > 1 OR NOT list_contains({quoted_list(PERHAPS)}, name) THEN FALSE"
        f" ELSE regexp_matches(x, '{_ADDRESS}') OR (name = 'to' AND list_has_any(names,"
        f" {quoted_list(MESSAGE)})) END"
    ),
    (
        f"_best(pairs) AS list_filter(list_transform([{_tiers()}], lambda best_1:"
        " list_filter(flatten(list_transform(pairs, lambda best_2: list_transform(list_filter(CASE"
        f" WHEN list_contains({quoted_list(_ALL)}, best_2[1]) THEN _texts(best_2[2]) ELSE [] END,"
        " lambda best_3: _counts(best_2[1], best_3, best_1, list_transform(pairs, lambda best_4:"
        " best_4[1]))), lambda best_5: _place(best_5, best_1['level'] = 3)))), lambda best_6:"
        " best_6 IS NOT NULL)), lambda best_7: length(best_7) > 0)[1]"
    ),
    (
        "_object(x) AS CASE json_type(x) WHEN 'OBJECT' THEN x WHEN 'ARRAY' THEN x -> '$[0]' WHEN"
        " 'VARCHAR' THEN parsed(x ->> '$') END"
    ),
    (
        "_wrapped(pairs) AS list_filter(list_transform(list_filter(pairs, lambda wrapped_1:"
        f" list_contains({quoted_list(WRAPPERS)}, wrapped_1[1])), lambda wrapped_2:"
        " _object(wrapped_2[2])), lambda wrapped_3: json_type(wrapped_3) = 'OBJECT')"
    ),
    "_within(pairs) AS flatten(list_transform(_wrapped(pairs), lambda within_1: _pairs(within_1)))",
    # Where a tool call's arguments say that something goes: the host of a URL, else as written; ';
    # ' between several.
    (
        "destination(x) AS list_transform(list_transform(list_transform([_object(parsed(x))],"
        " lambda destination_1: CASE WHEN json_type(destination_1) = 'OBJECT' THEN"
        " _pairs(destination_1) END), lambda destination_2:"
        " list_filter(list_transform(list_transform([_within(destination_2)], lambda destination_3:"
        " [destination_2, destination_3, _within(destination_3)])[1], lambda destination_4:"
        " _best(destination_4)), lambda destination_5: destination_5 IS NOT NULL)[1]), lambda"
        " destination_6: nullif(array_to_string(list_filter(destination_6, lambda destination_7, i:"
        " list_position(destination_6, destination_7) = i), '; '), ''))[1]"
    ),
)


def define(engine: Engine) -> None:
    """Make the helpers every source may use."""
    for macro in MACROS:
        engine.run(f"CREATE OR REPLACE MACRO {macro}")
