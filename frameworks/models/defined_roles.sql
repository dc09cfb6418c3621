-- One role of which a definition was provided, in small letters: its actions, or the name of the permission that it is.
-- role text: Role, or id of a permission.
-- actions text: As in role_definitions.
-- is_any flag: It allows any action.
-- is_admin flag: It allows to give roles in Azure, or to set a policy or change a role in Google Cloud.
SELECT
  lower(role) AS role,
  min(actions) AS actions,
  bool_or(list_contains(string_split(actions, ' '), '*')) AS is_any,
  bool_or(
    regexp_matches(actions, '(^| )([\w.]+\.setIamPolicy|iam\.roles\.update)( |$)')
    OR len(list_filter(
      ['microsoft.authorization/roleassignments/write', 'microsoft.authorization/roledefinitions/write',
        'microsoft.authorization/elevateaccess/action'],
      lambda y: is_action_of(y, actions) AND NOT coalesce(is_action_of(y, excluded), FALSE)
    )) > 0
  ) AS is_admin
FROM role_definitions
GROUP BY lower(role)
