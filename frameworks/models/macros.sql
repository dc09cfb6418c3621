-- What several models say alike. A macro is text: the engine puts it in place before it plans.

-- A name with * as LIKE reads it, with the escape '!'.
CREATE MACRO pattern_of(name) AS
  replace(replace(replace(replace(name, '!', '!!'), '_', '!_'), '%', '!%'), '*', '%');

-- The field of a change in the words of approvals and snapshots: tools becomes tool, prompts prompt.
CREATE MACRO kind_of_change(field) AS rtrim(lower(trim(field)), 's');

-- The several values of a text, such as ["a", "b"] or a; b, as a list.
CREATE MACRO values_of(told) AS regexp_split_to_array(trim(regexp_replace(told, '[\[\]"]', '', 'g')), '\s*[;,]\s*');

-- Whether something that ends holds at a moment; what tells no end does.
CREATE MACRO holds_at(ends, moment) AS ends IS NULL OR ends >= moment;

-- Whether two purposes are one, as far as both are told.
CREATE MACRO same_purpose(one, other) AS one IS NULL OR other IS NULL OR one = other;
