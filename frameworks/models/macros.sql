-- What several models and checks say alike. A macro is text: the engine puts it in place before it plans, the SQL policy before it
-- compiles; in checks it may use no more than a check may.

-- A name as LIKE reads it, with the escape '!', where * is no wildcard.
CREATE MACRO literal(name) AS REPLACE(REPLACE(REPLACE(name, '!', '!!'), '_', '!_'), '%', '!%');

-- A name with * as LIKE reads it, with the escape '!'.
CREATE MACRO pattern_of(name) AS replace(literal(name), '*', '%');

-- Whether a text that separates names by blanks has a name, as it is written.
CREATE MACRO stands_among(name, names) AS ' ' || names || ' ' LIKE '% ' || literal(name) || ' %' ESCAPE '!';

-- Whether a right to tools, given as its pattern, covers a tool; what a deny rule takes out of it (excluded) it does not.
CREATE MACRO covers_tool(tool, pattern, excluded) AS
  tool LIKE pattern ESCAPE '!' AND NOT COALESCE(stands_among(tool, excluded), FALSE);

-- An action of IAM with * and ? as LIKE reads it, with the escape '!', in small letters.
CREATE MACRO action_pattern(action) AS replace(pattern_of(lower(action)), '?', '_');

-- Whether an action, in small letters, is one of those that a text lists, such as iam:* s3:Get?bject.
CREATE MACRO is_action_of(action, listed) AS
  len(list_filter(string_split(listed, ' '), lambda x: action LIKE action_pattern(x) ESCAPE '!')) > 0;

-- The field of a change in the words of approvals and snapshots: tools becomes tool, prompts prompt.
CREATE MACRO kind_of_change(field) AS rtrim(lower(trim(field)), 's');

-- The several values of a text, such as ["a", "b"] or a; b, as a list.
CREATE MACRO values_of(told) AS regexp_split_to_array(trim(regexp_replace(told, '[\[\]"]', '', 'g')), '\s*[;,]\s*');

-- Whether something that ends holds at a moment; what tells no end does.
CREATE MACRO holds_at(ends, moment) AS ends IS NULL OR ends >= moment;

-- Whether two names of people or things are one, whatever their case.
CREATE MACRO is_same(one, other) AS LOWER(TRIM(one)) = LOWER(TRIM(other));

-- How somebody who approves something stands in the lists on that day: there, or where the lists name no people (n_people) unlisted;
-- by_no_person, left, not_yet, away; or what the lists do not tell: stranger, by_group, stateless, away_undated.
CREATE MACRO standing_on(person, n_people, kind, state, state_since, first_day, last_day, moment) AS
  CASE
    WHEN person IS NULL THEN NULL
    WHEN kind IS NULL THEN CASE WHEN n_people > 0 THEN 'stranger' ELSE 'unlisted' END
    WHEN kind = 'group' THEN 'by_group'
    WHEN kind <> 'human' THEN 'by_no_person'
    WHEN CAST(last_day AS DATE) < CAST(moment AS DATE) THEN 'left'
    WHEN CAST(first_day AS DATE) > CAST(moment AS DATE) THEN 'not_yet'
    WHEN state = 'active' OR (last_day IS NOT NULL AND (state IS NULL OR state = 'retired')) THEN 'there'
    WHEN state IS NULL THEN 'stateless'
    WHEN state_since IS NULL THEN 'away_undated'
    WHEN CAST(state_since AS DATE) < CAST(moment AS DATE) THEN 'away'
    ELSE 'there'
  END;

-- Whether a standing undoes an approval, and whether it leaves open if it is one.
CREATE MACRO is_no_approver(standing) AS standing IN ('by_no_person', 'left', 'not_yet', 'away');
CREATE MACRO is_doubtful_approver(standing) AS standing IN ('stranger', 'by_group', 'stateless', 'away_undated');

-- A record as a text that sorts by its time, and by its place where the time is the same; the blank sorts before the point
-- of a fraction of a second.
CREATE MACRO moment(happened_at, ref) AS CAST(happened_at AS VARCHAR) || ' ' || ref;

-- Whether two purposes are one, as far as both are told.
CREATE MACRO same_purpose(one, other) AS one IS NULL OR other IS NULL OR one = other;

-- Whether an approval may hold at a moment for a purpose, as far as no refusal surely ended it.
CREATE MACRO may_hold(approved_for, used_for, approved_at, perhaps_until, moment) AS
  same_purpose(approved_for, used_for) AND approved_at <= moment AND holds_at(perhaps_until, moment);

-- A kind of credential or of authenticating as our lists spell it: OAuth-Client becomes oauth_client.
CREATE MACRO spelled(told) AS replace(replace(lower(told), '-', '_'), ' ', '_');

-- The rank of a class of data: the higher, the more there is to lose.
CREATE MACRO rank_of(class) AS
  CASE class WHEN 'public' THEN 1 WHEN 'internal' THEN 2 WHEN 'confidential' THEN 3 WHEN 'restricted' THEN 4 END;

-- A level of autonomy as its figure: L2 becomes 2.
CREATE MACRO level_of(told) AS REPLACE(UPPER(told), 'L', '');

-- Whether a decision came before an effect, and at most 14 days before.
CREATE MACRO is_timely(decided_at, effective_at) AS
  decided_at <= effective_at AND decided_at >= effective_at - INTERVAL 14 DAY;

-- What is wrong with when a change was approved, if anything; an emergency may be approved until a week later.
CREATE MACRO delay_of_approval(matched_by, ticket_type, approved_at, effective_at) AS
  CASE
    WHEN approved_at IS NULL THEN 'no_date'
    WHEN matched_by = 'late' THEN 'late'
    WHEN ticket_type = 'emergency' AND approved_at <= effective_at + INTERVAL 7 DAY THEN NULL
    WHEN approved_at > effective_at THEN 'late'
  END;

-- Since when something dated counts: since it was entered, where that was later.
CREATE MACRO counts_from(dated_at, recorded_at) AS
  CASE WHEN recorded_at > dated_at THEN recorded_at ELSE dated_at END;

-- Whether one thing was before another; where the time of day of the first is not recorded, only an earlier day tells.
CREATE MACRO is_before(one, other) AS
  CAST(one AS DATE) < CAST(other AS DATE) OR (one < other AND one > CAST(one AS DATE));

-- A moment as it was recorded: as a day where it has no time.
CREATE MACRO as_recorded(happened_at) AS REPLACE(CAST(happened_at AS VARCHAR), ' 00:00:00', '');

-- A clause that a policy lacks, after a comma; nothing where it has it.
CREATE MACRO lacks(clauses, clause) AS
  CASE WHEN LOWER(clauses) LIKE '%;' || REPLACE(clause, '_', '!_') || ';%' ESCAPE '!' THEN '' ELSE ', ' || clause END;

-- The environment that a name such as prod or uat stands for.
CREATE MACRO environment_of(name) AS
  CASE
    WHEN LOWER(TRIM(name)) IN ('production', 'prod', 'prd', 'live') THEN 'production'
    WHEN LOWER(TRIM(name)) IN ('staging', 'stage', 'stg', 'uat') THEN 'staging'
    WHEN LOWER(TRIM(name)) IN ('test', 'qa', 'sandbox') THEN 'test'
    WHEN LOWER(TRIM(name)) IN ('development', 'dev') THEN 'development'
  END;

-- How sure something is: 2 yes, 1 not recorded, 0 no; the least of several is how sure it is that all of them hold.
CREATE MACRO certainty(flag) AS CASE WHEN flag THEN 2 WHEN NOT flag THEN 0 ELSE 1 END;

-- Whether a share (met of n) lies more than so many points below another.
CREATE MACRO lies_below(met, n, other_met, other_n, points) AS
  100 * met * other_n < 100 * other_met * n - points * n * other_n;

-- Whether a text such as ;a;b; lists an item.
CREATE MACRO is_listed(item, listed) AS REPLACE(listed, ';' || item || ';', '') <> listed;

-- Whether an event is a call of a tool, of data or of a model, as far as its class is told.
CREATE MACRO is_call(event_class) AS event_class IS NULL OR event_class IN ('tool', 'data', 'model');

-- A name of a model, or a version, without what people write in several ways.
CREATE MACRO bare(text) AS REPLACE(REPLACE(REPLACE(REPLACE(LOWER(text), '-', ''), ' ', ''), '.', ''), '_', '');

-- Whether a model that ran is one on record: by version, by name and version in any order, or by the supplier's id.
CREATE MACRO is_model(ran, id, name, version) AS
  bare(ran) = bare(version) OR bare(ran) LIKE '%' || bare(name) || bare(version) OR LOWER(ran) = LOWER(id)
  OR (LENGTH(bare(version)) >= 6 AND REPLACE(bare(ran), bare(version), '') <> bare(ran)
    AND REPLACE(bare(ran), bare(name), '') <> bare(ran));

-- Whether a log names a model on record, and no version of it.
CREATE MACRO is_bare_model(ran, name) AS bare(ran) = bare(name) OR bare(ran) LIKE '%/' || bare(name);

-- A version in small letters, or a hash without its kind before it.
CREATE MACRO plain_version(version) AS REPLACE(LOWER(TRIM(version)), 'sha256:', '');

-- Whether two versions or hashes of a tool are one.
CREATE MACRO is_version(one, other) AS
  plain_version(one) = plain_version(other) OR 'v' || plain_version(one) = plain_version(other)
  OR plain_version(one) = 'v' || plain_version(other);

-- Whether a version is a hash.
CREATE MACRO is_hash(version) AS LOWER(version) LIKE 'sha256:%' OR LENGTH(version) >= 40;

-- Whether a tool is a component, or one of those that it offers: files.read, mcp__files__read.
CREATE MACRO is_tool_of(tool, id, name) AS
  tool = name OR tool = id OR tool LIKE literal(COALESCE(name, id)) || '.%' ESCAPE '!'
  OR tool LIKE literal(COALESCE(name, id)) || '/%' ESCAPE '!' OR tool LIKE literal(COALESCE(name, id)) || ':%' ESCAPE '!'
  OR tool LIKE literal(COALESCE(name, id)) || '!_!_%' ESCAPE '!'
  OR tool LIKE 'mcp!_!_' || literal(COALESCE(name, id)) || '!_!_%' ESCAPE '!';

-- A name without what nobody minds: case, blanks, - _ and dots.
CREATE MACRO spelling_of(name) AS
  REPLACE(REPLACE(REPLACE(REPLACE(LOWER(TRIM(name)), '-', ''), '_', ''), ' ', ''), '.', '');

-- One spelling for all names that look alike: digits and letters that read as others too.
CREATE MACRO look_of(name) AS
  REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
    spelling_of(name), '0', 'o'), '1', 'l'),
    'а', 'a'), 'е', 'e'), 'о', 'o'), 'р', 'p'), 'с', 'c'), 'і', 'i'),
    'у', 'y'), 'х', 'x'), 'ѕ', 's'), 'ο', 'o');

-- A flag as a word, so that the least of several is the worst: no, not_recorded, yes.
CREATE MACRO flag_word(flag) AS CASE WHEN flag THEN 'yes' WHEN NOT flag THEN 'no' ELSE 'not_recorded' END;

-- A text such as "a, b; c" as ;a;b;c; in which is_listed finds its items.
CREATE MACRO as_list(told) AS ';' || REPLACE(REPLACE(told, ', ', ';'), '; ', ';') || ';';

-- Whether an actor is not yet or no longer to be used; what tells no state is in use.
CREATE MACRO is_idle(state) AS COALESCE(state IN ('draft', 'retired', 'rejected'), FALSE);

-- The smaller of two figures, or the one that is told.
CREATE MACRO least_told(one, other) AS LEAST(COALESCE(one, other), COALESCE(other, one));

-- How grave the standing of an approval of something new is: 1 a fault, 2 not known, 3 none, 4 none was needed.
CREATE MACRO standing_rank(standing) AS
  CASE
    WHEN standing IN ('unapproved', 'late', 'uncovered') THEN 1
    WHEN standing = 'approved' THEN 3
    WHEN standing = 'read' THEN 4
    ELSE 2
  END;

-- Whether it is not told how sensitive a right is: data without a class, a tool without an effect.
CREATE MACRO is_unclassed(type, class, effect) AS
  (type = 'data' AND class IS NULL) OR (type = 'tool' AND effect IS NULL);

-- A name as its parts in small letters, a blank around each: deployments/Billing-API becomes " deployments billing-api ".
CREATE MACRO parts_of_name(name) AS ' ' || REPLACE(REPLACE(REPLACE(LOWER(name), '/', ' '), '.', ' '), ':', ' ') || ' ';

-- Whether the name of a right names the actor itself, as a whole part, or any.
CREATE MACRO names(right_name, actor_id) AS
  REPLACE(parts_of_name(right_name), parts_of_name(actor_id), '') <> parts_of_name(right_name) OR right_name LIKE '%*%';

-- Whether it may: billing-api may be billing, or something else.
CREATE MACRO perhaps_names(right_name, actor_id) AS REPLACE(LOWER(right_name), LOWER(actor_id), '') <> LOWER(right_name);

-- Of what holds one principal or credential: the only one; empty where there are several.
CREATE MACRO only_one(told) AS CASE WHEN min(told) = max(told) THEN min(told) END;

-- Whether one of those who hold it is a gateway. An agent or a person that is declared to be one is none: what it does is its own.
CREATE MACRO is_gateway(is_intermediary, kind) AS
  coalesce(bool_or(is_intermediary AND kind IN ('service_account', 'workload')), FALSE);

-- Whether an event is something done, and no sign that a log is alive.
CREATE MACRO is_act(event_class) AS event_class IS DISTINCT FROM 'heartbeat';

-- Whether a moment lies in a period; its end does not.
CREATE MACRO is_within(moment, starts, ends) AS moment >= starts AND moment < ends;

-- The number of a kind of event; `derive` refuses two of one number.
CREATE MACRO kind_of(log_source, event_class, effect, classification, environment, resource_environment, outcome, source) AS
  hash(log_source, event_class, effect, classification, environment, resource_environment, outcome, source);

-- Time, file and record number of an event as one number: its minimum is the first event, the same one whatever the threads do.
CREATE MACRO stamp_of(occurred_at, part, record) AS
  CAST(epoch_us(occurred_at) AS HUGEINT) * 18446744073709551616 + part * 1099511627776 + record;

-- The time of a stamp.
CREATE MACRO time_of(stamp) AS make_timestamp(CAST(stamp >> 64 AS BIGINT));

-- The number of the file of a stamp.
CREATE MACRO part_of(stamp) AS (stamp >> 40) & 16777215;

-- file#record of a stamp.
CREATE MACRO ref_of(file, stamp) AS file || '#' || CAST(stamp & 1099511627775 AS VARCHAR);

-- file#record of a row.
CREATE MACRO ref_to(file, record) AS file || '#' || CAST(record AS VARCHAR);

-- The minute in which a log received an event.
CREATE MACRO minute_of(ingested_at) AS epoch_us(ingested_at) // 60000000;

-- How long after it happened a log received an event, in microseconds.
CREATE MACRO delay_of(ingested_at, occurred_at) AS epoch_us(ingested_at) - epoch_us(occurred_at);

-- The effect of a tool as a number, the gravest last.
CREATE MACRO gravity_of(effect) AS
  CASE effect
    WHEN 'read' THEN 1 WHEN 'write' THEN 2 WHEN 'publish' THEN 3 WHEN 'execute' THEN 4
    WHEN 'transfer' THEN 5 WHEN 'delete' THEN 6 WHEN 'grant' THEN 7 WHEN 'admin' THEN 8
  END;

-- The gravest effect that lists of one tool tell, and whether all of them that tell it say yes.
CREATE MACRO gravest(effect) AS ARG_MAX(effect, gravity_of(effect));
CREATE MACRO all_say(flag) AS MIN(CASE WHEN flag THEN 1 WHEN NOT flag THEN 0 END) = 1;

-- The same in steps, where what logs name alike for one act is one step. Who may execute may do anything by it: as a granted
-- effect that is the last step. In a log it tells how a tool was called, not what it did.
CREATE MACRO step_of(effect) AS
  CASE effect
    WHEN 'read' THEN 1 WHEN 'write' THEN 2 WHEN 'publish' THEN 2 WHEN 'transfer' THEN 3 WHEN 'delete' THEN 3
    WHEN 'grant' THEN 4 WHEN 'admin' THEN 4 WHEN 'execute' THEN 4
  END;

-- Whether an effect can do much harm.
CREATE MACRO is_grave(effect) AS effect IN ('delete', 'transfer', 'execute', 'publish', 'grant', 'admin');

-- Blast radius of a tool: 0, 1 or 2; one whose effect nobody tells counts as given.
CREATE MACRO blast_of(effect, untold) AS
  CASE WHEN effect IS NULL THEN untold WHEN is_grave(effect) THEN 2 WHEN effect = 'read' THEN 0 ELSE 1 END;

-- How much there is to lose of a class of data: 0, 1 or 2.
CREATE MACRO gravity_of_data(classification) AS
  CASE classification WHEN 'restricted' THEN 2 WHEN 'confidential' THEN 1 ELSE 0 END;

-- The risk tier of autonomy, blast radius and data: by their sum; full autonomy with a full blast radius is at least tier 3.
CREATE MACRO tier_of(autonomy, blast, data) AS
  CASE
    WHEN autonomy + blast + data = 6 THEN 4
    WHEN autonomy + blast + data >= 4 OR (autonomy = 2 AND blast = 2) THEN 3
    WHEN autonomy + blast + data >= 2 THEN 2
    ELSE 1
  END;

-- The host of a URL, the domain of a mail address, or a bare host with or without port and path; else empty.
CREATE MACRO host_of(address) AS
  rtrim(lower(coalesce(
    nullif(regexp_extract(address, '^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#\\]*@)?(\[[0-9A-Fa-f:.]*\]|[^/?#\\:@]*)', 1), ''),
    nullif(regexp_extract(
      address, '^(?:[Mm][Aa][Ii][Ll][Tt][Oo]:)?[^\s@,;:<>/?#\\]+@((?:[A-Za-z0-9_-]+\.)+[A-Za-z0-9-]+\.?)$', 1
    ), ''),
    nullif(regexp_extract(address, '^[^<>@]*<[^\s@,;:<>/?#\\]+@((?:[A-Za-z0-9_-]+\.)+[A-Za-z0-9-]+\.?)>$', 1), ''),
    nullif(regexp_extract(address, '^((?:[A-Za-z0-9_-]+\.)+[A-Za-z0-9-]+\.?)(?::[0-9]+)?(?:[/?#].*)?$', 1), '')
  )), '.');

-- A place to send to as it is compared: hosts and mail domains have no case.
CREATE MACRO place_of(address) AS lower(trim(address));

-- Whether a name is a web address.
CREATE MACRO is_web_address(name) AS
  regexp_matches(lower(name), '^([a-z][a-z0-9+.-]*://|www\.|[0-9]{1,3}(\.[0-9]{1,3}){3}([:/]|$))');

-- The first word of a tool's name, without the place where it lives: mcp__shop__getOrder becomes get.
CREATE MACRO first_word_of(tool) AS
  lower(regexp_extract(
    regexp_replace(
      regexp_replace(regexp_extract(tool, '([^./:]+)$', 1), '^.*__', ''), '([a-z0-9])([A-Z])', '\1_\2', 'g'
    ), '^_*([A-Za-z]+)', 1
  ));

-- Whether the first word of a tool's name says that it reads; any other name is taken for one that changes something.
CREATE MACRO is_reading_word(word) AS word IN (
  'get', 'gets', 'read', 'search', 'list', 'ls', 'find', 'check', 'query', 'fetch', 'view', 'show', 'lookup', 'look',
  'count', 'describe', 'browse', 'retrieve', 'peek', 'head', 'stat', 'exists', 'verify', 'validate', 'inspect',
  'summarize', 'summarise', 'analyze', 'analyse', 'calculate', 'compute', 'think', 'plan', 'explain', 'compare',
  'grep', 'glob', 'cat', 'select', 'scan', 'open', 'navigate', 'load', 'download', 'translate', 'classify', 'detect',
  'estimate', 'ask', 'websearch', 'webfetch', 'todoread'
);

-- Whether a session says itself who or what started it.
CREATE MACRO starts_itself(is_human, trigger) AS is_human OR trigger IN ('schedule', 'event');

-- Whether a person was there at a moment; the last day counts in full.
CREATE MACRO was_there(state, state_since, retired_at, moment) AS
  CASE
    WHEN CAST(retired_at AS DATE) + INTERVAL 1 DAY <= moment THEN FALSE
    WHEN state = 'active' OR (state = 'retired' AND retired_at IS NOT NULL) THEN TRUE
    WHEN state IS NOT NULL THEN state_since > moment
  END;

-- Of which kind an id of an organisation is, by its form; empty: of none that tells who it is.
CREATE MACRO id_kind(id) AS
  CASE
    WHEN regexp_full_match(lower(id), '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}') THEN 'tenant'
    WHEN regexp_full_match(id, '[0-9]{12}') THEN 'account'
    WHEN lower(id) LIKE 'github.com/%' THEN 'github'
    WHEN regexp_full_match(lower(id), '([a-z0-9-]+\.)+[a-z]{2,}') THEN 'domain'
  END;
