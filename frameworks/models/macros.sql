-- What several models and checks say alike. A macro is text: the engine puts it in place before it plans, the judge before it
-- judges; in checks it may use no more than a check may.

-- A name with * as LIKE reads it, with the escape '!'.
CREATE MACRO pattern_of(name) AS
  replace(replace(replace(replace(name, '!', '!!'), '_', '!_'), '%', '!%'), '*', '%');

-- The field of a change in the words of approvals and snapshots: tools becomes tool, prompts prompt.
CREATE MACRO kind_of_change(field) AS rtrim(lower(trim(field)), 's');

-- The several values of a text, such as ["a", "b"] or a; b, as a list.
CREATE MACRO values_of(told) AS regexp_split_to_array(trim(regexp_replace(told, '[\[\]"]', '', 'g')), '\s*[;,]\s*');

-- Whether something that ends holds at a moment; what tells no end does.
CREATE MACRO holds_at(ends, moment) AS ends IS NULL OR ends >= moment;

-- Whether two names of people or things are one, whatever their case.
CREATE MACRO is_same(one, other) AS LOWER(TRIM(one)) = LOWER(TRIM(other));

-- A record as a text that sorts by its time, and by its place where the time is the same.
CREATE MACRO moment(happened_at, ref) AS CAST(happened_at AS VARCHAR) || ref;

-- Whether two purposes are one, as far as both are told.
CREATE MACRO same_purpose(one, other) AS one IS NULL OR other IS NULL OR one = other;

-- A kind of credential or of authenticating as our lists spell it: OAuth-Client becomes oauth_client.
CREATE MACRO spelled(told) AS replace(replace(lower(told), '-', '_'), ' ', '_');

-- The rank of a class of data: the higher, the more there is to lose.
CREATE MACRO rank_of(class) AS
  CASE class WHEN 'public' THEN 1 WHEN 'internal' THEN 2 WHEN 'confidential' THEN 3 WHEN 'restricted' THEN 4 END;

-- A level of autonomy as its figure: L2 becomes 2.
CREATE MACRO level_of(told) AS REPLACE(UPPER(told), 'L', '');

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

-- A name as LIKE reads it, with the escape '!', where * is no wildcard.
CREATE MACRO literal(name) AS REPLACE(REPLACE(REPLACE(name, '!', '!!'), '_', '!_'), '%', '!%');

-- Whether a tool is a component, or one of those that it offers: files.read, mcp__files__read.
CREATE MACRO is_tool_of(tool, id, name) AS
  tool = name OR tool = id OR tool LIKE literal(COALESCE(name, id)) || '.%' ESCAPE '!'
  OR tool LIKE literal(COALESCE(name, id)) || '/%' ESCAPE '!' OR tool LIKE literal(COALESCE(name, id)) || ':%' ESCAPE '!'
  OR tool LIKE literal(COALESCE(name, id)) || '!_!_%' ESCAPE '!'
  OR tool LIKE 'mcp!_!_' || literal(COALESCE(name, id)) || '!_!_%' ESCAPE '!';

-- One spelling for all names that look alike: case, blanks, - _ . and digits or letters that read as others.
CREATE MACRO look_of(name) AS
  REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(
    REPLACE(REPLACE(REPLACE(REPLACE(
    LOWER(TRIM(name)), '-', ''), '_', ''), ' ', ''), '.', ''), '0', 'o'), '1', 'l'),
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

-- Whether the name of a right is of the actor itself, or of any.
CREATE MACRO names(right_name, actor_id) AS
  REPLACE(LOWER(right_name), LOWER(actor_id), '') <> LOWER(right_name) OR right_name LIKE '%*%';
