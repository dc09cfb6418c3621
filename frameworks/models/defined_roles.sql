-- One role of which a definition was supplied, in small letters: its actions, or the name of the permission that it is.
-- role text: Role, or id of a permission.
-- actions text: As in role_definitions.
-- is_any flag: It allows any action.
SELECT
  lower(role) AS role,
  min(actions) AS actions,
  bool_or(list_contains(string_split(actions, ' '), '*')) AS is_any
FROM role_definitions
GROUP BY lower(role)
