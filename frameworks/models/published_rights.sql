-- One role or permission that a vendor publishes, in small letters, and whether its holder can give itself the rest.
-- name text: Role or permission, or the id of a role.
-- form text: role, permission, or app_permission: it counts where an application holds it for itself, not for a person.
-- is_admin flag: Administrative: it gives rights, takes over who has them, or allows everything.
-- Read on 28 November 2026. Entra: "Microsoft Entra built-in roles" (20 January 2026), those marked privileged but for three
-- that only read. Azure: "Azure built-in roles" (9 April 2026), the category privileged, and what gives roles on a condition;
-- beside these only roles that agents are commonly given. Google Cloud: who may set the policy of projects (iam-dataset, commit
-- 2073fa5), and IAM's own administrators. Graph: a known path to Global Admin (emiliensocchi/azure-tiering, commit 0f5fed1),
-- less what is untested or legacy, and full control of all sites. GitHub: "Permissions required for GitHub Apps".
WITH listed AS (
  SELECT
    'role' AS form,
    TRUE AS is_admin,
    'administratoraccess; iamfullaccess; poweruseraccess; cluster-admin; system:masters;
    roles/editor; roles/owner; roles/iam.denyadmin; roles/iam.organizationroleadmin; roles/iam.roleadmin;
    roles/iam.securityadmin; roles/iam.serviceaccountadmin; roles/iam.serviceaccountkeyadmin; roles/iam.workforcepooladmin;
    roles/iam.workloadidentitypooladmin; roles/orgpolicy.policyadmin; roles/resourcemanager.folderadmin;
    roles/resourcemanager.folderiamadmin; roles/resourcemanager.organizationadmin; roles/resourcemanager.projectiamadmin;
    key vault data access administrator; reservations administrator; role based access control administrator;
    user access administrator; virtual machine data access administrator (preview);
    a8889054-8d42-49c9-bc1c-52486c10e7cd; f58310d9-a9f6-439a-9e8d-f62e7b41a168;
    agent id administrator; application administrator; application developer; attribute provisioning administrator;
    authentication administrator; authentication extensibility administrator; b2c ief keyset administrator;
    cloud application administrator; cloud device administrator; conditional access administrator; directory writers;
    domain name administrator; external identity provider administrator; global administrator; helpdesk administrator;
    hybrid identity administrator; intune administrator; lifecycle workflows administrator; partner tier1 support;
    partner tier2 support; password administrator; privileged authentication administrator; privileged role administrator;
    security administrator; security operator; user administrator;
    db506228-d27e-4b7d-95e5-295956d6615f; cf1c38e5-3621-4004-a7cb-879624dced7c; ecb2c6bf-0ab6-418e-bd87-7986f8d63bbe;
    25a516ed-2fa0-40ea-a2d0-12923a21473a; aaf43236-0c0d-4d5f-883a-6955382ac081; 7698a772-787b-4ac8-901f-60d6b08affd2;
    8329153b-31d0-4727-b945-745eb3bc5f31; be2f45a1-457d-42af-a067-6ec1fa63bc45; 59d46f88-662b-457b-bceb-5c3809e5908f;
    4ba39ca4-527c-499a-b93d-d9b492c50246; e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8; 5f2222b1-57c3-48ba-8ad5-d4759f1fde6f' AS names

  UNION ALL

  SELECT
    'role',
    FALSE,
    'reader; acrpull; acrpush; app configuration data reader; azure ai developer; azure ai user;
    azure event hubs data receiver; azure event hubs data sender; azure service bus data receiver;
    azure service bus data sender; billing reader; cognitive services contributor; cognitive services openai contributor;
    cognitive services openai user; cognitive services user; cosmos db account reader role; cost management reader;
    key vault crypto user; key vault reader; key vault secrets user; log analytics reader; monitoring metrics publisher;
    monitoring reader; search index data contributor; search index data reader; search service contributor;
    storage account contributor; storage blob data contributor; storage blob data reader; storage file data smb share contributor;
    storage file data smb share reader; storage queue data contributor; storage queue data message processor;
    storage queue data message sender; storage queue data reader; storage table data contributor; storage table data reader;
    virtual machine contributor; virtual machine user login;
    agent id developer; agent registry administrator; ai administrator; attack payload author;
    attack simulation administrator; attribute assignment administrator; attribute assignment reader;
    attribute definition administrator; attribute definition reader; attribute log administrator; attribute log reader;
    attribute provisioning reader; authentication policy administrator; azure devops administrator;
    azure information protection administrator; b2c ief policy administrator; billing administrator;
    cloud app security administrator; compliance administrator; compliance data administrator;
    customer lockbox access approver; desktop analytics administrator; directory readers; dragon administrator;
    dynamics 365 administrator; dynamics 365 business central administrator; edge administrator; exchange administrator;
    exchange backup administrator; exchange recipient administrator; extended directory user administrator;
    external id user flow administrator; external id user flow attribute administrator; fabric administrator; global reader;
    global secure access administrator; global secure access log reader; groups administrator; guest inviter;
    identity governance administrator; insights administrator; insights analyst; insights business leader;
    iot device administrator; kaizala administrator; knowledge administrator; knowledge manager; license administrator;
    message center privacy reader; message center reader; microsoft 365 backup administrator;
    microsoft 365 migration administrator; microsoft entra joined device local administrator;
    microsoft graph data connect administrator; microsoft hardware warranty administrator;
    microsoft hardware warranty specialist; network administrator; office apps administrator;
    organizational branding administrator; organizational data source administrator; organizational messages approver;
    organizational messages writer; people administrator; permissions management administrator; places administrator;
    power platform administrator; printer administrator; printer technician; reports reader; search administrator;
    search editor; security reader; service support administrator; sharepoint administrator;
    sharepoint advanced management administrator; sharepoint backup administrator; sharepoint embedded administrator;
    skype for business administrator; teams administrator; teams communications administrator;
    teams communications support engineer; teams communications support specialist; teams devices administrator;
    teams reader; teams telephony administrator; tenant creator; usage summary reports reader;
    user experience success manager; virtual visits administrator; viva glint tenant administrator;
    viva goals administrator; viva pulse administrator; windows 365 administrator;
    windows update deployment administrator; yammer administrator'

  UNION ALL

  SELECT
    'permission',
    TRUE,
    'application.readwrite.all; approleassignment.readwrite.all; directory.accessasuser.all; directory.readwrite.all;
    full_access_as_app; rolemanagement.readwrite.directory;
    administration:write; enterprise_administration:write; members:write; organization_administration:write; admin:enterprise;
    admin:org; site_admin'

  UNION ALL

  SELECT
    'app_permission',
    TRUE,
    'administrativeunit.readwrite.all; application.readwrite.ownedby; entitlementmanagement.readwrite.all;
    group.readwrite.all; groupmember.readwrite.all; policy.readwrite.authenticationmethod; policy.readwrite.permissiongrant;
    privilegedaccess.readwrite.azureadgroup; privilegedassignmentschedule.readwrite.azureadgroup;
    privilegedeligibilityschedule.readwrite.azureadgroup; roleassignmentschedule.readwrite.directory;
    roleeligibilityschedule.readwrite.directory; rolemanagementpolicy.readwrite.azureadgroup;
    rolemanagementpolicy.readwrite.directory; sites.fullcontrol.all; user.readwrite.all;
    userauthenticationmethod.readwrite.all'
)

SELECT unnest(regexp_split_to_array(names, ';\s*')) AS name, form, is_admin
FROM listed
