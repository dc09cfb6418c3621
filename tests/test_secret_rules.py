"""Which texts hold a credential and which do not, one by one and by chance; the engine's pattern misses none."""

from __future__ import annotations

import base64
import json
import random
import re
import string
import time
from collections.abc import Iterable, Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reporter.engine.duckdb import DuckDB
from reporter.ingest.readers.records import excerpt
from reporter.privacy import redact_sql
from reporter.privacy.redact_sql import may_name_one, named_secrets
from reporter.privacy.secrets import _PREFIX_RULES, _RULE_FILE, SUSPECT, fingerprinted, redact

pytestmark = pytest.mark.slow

LETTERS = string.ascii_letters + string.digits


def some(length: int, alphabet: str = LETTERS, seed: int = 1) -> str:
    """Random-looking text, the same in every run."""
    rnd = random.Random(f"{length}{alphabet}{seed}")
    return "".join(rnd.choice(alphabet) for _ in range(length))


def hexa(length: int) -> str:
    return some(length, "0123456789abcdef")


UPPER = string.ascii_uppercase + string.digits
BASE64 = LETTERS + "+/"
AWS = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYz1x2c3v4b5"
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{some(64, BASE64)}\n{some(30, BASE64)}\n-----END RSA PRIVATE KEY-----"


def packed(text: str, width: int = 0) -> str:
    """Return base64 of a text, in one line or in lines."""
    made = base64.b64encode(text.encode()).decode()
    return "\n".join(made[i : i + width] for i in range(0, len(made), width)) if width else made


SHAPES = (
    f"sk-{some(48)}", f"sk-ant-api03-{some(93)}AA", f"sk-proj-{some(74)}", f"sk-lf-3f8e9c1a-1234-4abc-9def-{hexa(12)}",
    f"sk-or-v1-{hexa(64)}", f"sk_{hexa(48)}", f"ghp_{some(36)}", f"gho_{some(36)}", f"github_pat_{some(22)}_{some(59)}",
    f"glpat-{some(20)}", f"gldt-{some(20)}", f"glrt-{some(20)}", f"glcbt-1_{some(20)}", f"glpat-{some(27)}.01.{some(9)}",
    f"xoxb-{some(12, '0123456789')}-{some(24)}", f"xapp-1-A012-345-{hexa(64)}", f"AIza{some(35)}", f"GOCSPX-{some(28)}",
    f"ya29.{some(80)}", f"1//0{some(60)}", f"hf_{some(34)}", f"npm_{some(36)}", f"pypi-AgEIcHlwaS5vcmc{some(80)}",
    f"dapi{hexa(32)}", f"dapi{hexa(32)}-2", f"gsk_{some(52)}", f"xai-{some(80)}", f"pplx-{some(48)}", f"r8_{some(37)}",
    f"nvapi-{some(64)}", f"sk_live_{some(24)}", f"rk_test_{some(24)}", f"whsec_{some(32, BASE64)}", f"dop_v1_{hexa(64)}",
    f"shpat_{hexa(32)}", f"lin_api_{some(40)}", f"ntn_{some(46)}", f"secret_{some(43)}", f"PMAK-{hexa(24)}-{hexa(34)}",
    f"dp.pt.{some(43)}", f"hvs.{some(90)}", f"s.{some(24)}", f"{some(14)}.atlasv1.{some(67)}", f"glsa_{some(32)}_{hexa(8)}",
    f"NRAK-{some(27, UPPER)}", f"SG.{some(22)}.{some(43)}", f"SK{hexa(32)}", f"123456789:AA{some(33)}", f"00{some(40)}",
    f"abC8Q~{some(34)}", f"AGE-SECRET-KEY-1{some(58, UPPER)}", f"eyJ{some(20)}.eyJ{some(40)}.{some(43)}",
    f"eyJ{some(20)}.{some(30)}.{some(16)}.{some(40)}.{some(22)}", f"lsv2_pt_{hexa(32)}_{hexa(10)}", f"ATATT3xFfGF0{some(180)}=AB12CD34",
    f"dckr_pat_{some(27)}", f"{hexa(32)}-us12", f"IQoJb3JpZ2lu{some(300, BASE64)}", f"MTA{some(21)}.{some(6)}.{some(38)}", AWS,
    f"-----BEGIN RSA PRIVATE KEY-----\n{some(64, BASE64)}\n{some(30, BASE64)}\n-----END RSA PRIVATE KEY-----",
    f"-----BEGIN OPENSSH PRIVATE KEY-----\\n{some(70, BASE64)}\\n-----END OPENSSH PRIVATE KEY-----",
    f"-----BEGIN PRIVATE KEY-----\\\\n{some(64, BASE64)}\\\\n-----END PRIVATE KEY-----",
    f"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n{some(64, BASE64)}\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----",
    f"HRKU-3fa85f64-5717-4562-b3fc-{hexa(12)}", f"HRKU-AA{some(58)}", f"v1.0-{hexa(24)}-{hexa(146)}", f"cfut_{some(48)}",
    packed(f"sk-ant-api03-{some(93)}AA"), packed(f"ghp_{some(36)}"), packed(f"x: ghp_{some(36)}"), packed(f"xx: glpat-{some(20)}"),
    packed("password=hunter2x\n"), packed('{"client_secret": "abc123x"}'), packed("Authorization: Bearer abc.def.123"),
    packed(PEM).rstrip("="), packed(PEM, 76), packed(PEM, 64).replace("\n", "\\n"), base64.urlsafe_b64encode(b"??>>?token=abc123def456").decode(),
    packed(f"AWS_SECRET_ACCESS_KEY={AWS}"), packed(f"Bearer ghp_{some(36)}"), packed(f"a ghr_{some(36)}"), packed("DB_PASSWORD=hunter2x"), packed("Passwort: Sommer26!"),
    f"GHP_{some(36, UPPER)}", f"GLPAT-{some(20, UPPER)}", f"ghp_{some(36)[:17]}\n{some(36)[17:]}", f"glpat-{some(20)[:9]}\\n  {some(20)[9:]}",
    f"PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 1\n{some(64, BASE64)}\nPrivate-MAC: {hexa(40)}",
)  # fmt: skip
"""The whole text is the secret."""

PLACES = (
    "password=«hunter2»", "password: «hunter2»", 'password = "«two words»" next', "PASSWORD=«summer»", "pwd=«x1!y2»;",
    '{"password": "«hunter»"}', '{\\"password\\": \\"«hunter two»\\"}', "{'client_secret': '«abc123»'}", "passphrase: «Str0ng9»",
    "client_secret=«abc123»&scope=x", "aws_secret_access_key = «" + AWS + "»", "AKIAIOSFODNN7EXAMPLE:«" + some(40) + "»",
    "DD_API_KEY=«" + hexa(32) + "»", "CLOUDFLARE_API_TOKEN: «" + some(40) + "»", "X-Api-Key: «abc123»", "apiKey=>«k1k2k3»",
    "AccountName=x;AccountKey=«" + some(86, BASE64) + "==»;EndpointSuffix=core.windows.net",
    "SharedAccessKeyName=Root;SharedAccessKey=«" + some(43, BASE64) + "=»", "Server=db;User Id=a;Password=«a&b;c!d»;Encrypt=true",
    "SharedAccessSignature sr=x&sig=«" + some(40) + "%3d»&se=1", "https://x.blob/y?sv=1&sig=«" + some(43) + "%3D»&sp=r",
    "https://h/x?token=«abc12345»&z=1", "https://h/x?api_key=«abc#123»&z=1", "?access_token=«a1b2c3»", "/f?code=«" + some(50) + "==»",
    "https://h/?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE&X-Amz-Signature=«" + hexa(64) + "»", "token%3D«abc123def»",
    "https://hooks.slack.com/services/«T01/B02/" + some(24) + "»", "https://discord.com/api/webhooks/12/«" + some(68) + "»",
    "https://u:«pw1»@h/x", "redis://:«pw1x»@h", "postgres://u:«p@ss»@db.example/x", "https://«" + some(32) + "»@git.example/x",
    "Authorization: Bearer «xyz»", "authorization: Basic «dXNlcjpwYXNz»", '"Authorization": "Bearer «abc.def»"', "Bearer «" + hexa(32) + "»",
    "-H 'Authorization: token «abcdef1»'", "Authorization: SSWS «abc12345»", "basic «dXNlcjpwYXNz»", "Cookie: «sid=abc123def456»; x=y",
    "//registry.npmjs.org/:_authToken=«" + some(36) + "»", "_auth=«" + some(40, BASE64) + "»", "export TOKEN=«abc123def456»",
    "run --api-key «abc123» --fast", "run --api-key=«abc123»", "run --password «summer» x", "run --db-password '«two words»'",
    '["--token", "«abc123def»"]', "mysql -u root -p«hunter2» db", "sshpass -p «hunter2» ssh h", "docker login -u x -p «hunter2» r.example",
    "curl -s -u bob:«hunter2» https://h", '"env": {"API_KEY": "«abc123»"}', '{"name": "DB_PASSWORD", "value": "«hunter2»"}',
    "<password>«hunter2»</password>", "token: none, password=«hunter2»", '{"secret": "see password=«hunter2» there"}',
    "say \\n«ghp_" + some(36) + "»", "a%20«ghp_" + some(36) + "»", "(«ghp_" + some(36) + "»)", "key_«ghp_" + some(36) + "».",
    "Passwort: «Sommer26!»", "PASSWORT=«geheim»", "Kennwort : «a1b2c3d4»", "mot de passe : «Été2026x»", "mot de passe\xa0: «abc123x»",
    '"contraseña": "«hola1234»"', "Contraseña=«hola»", "senha: «s3nh4xyz»", "wachtwoord=«welkom»",
    "the password is «hunter2x».", "The password for the vault is «Tr0ub4dor&3» today", "password was «S3cret!x», now it is not",
    "Das Passwort lautet: «Xy12345z»", "the password is '«two w0rds»'", "your API key is «a1b2c3d4e5f6a7»", "mot de passe est «azerty99»",
    "token«ghp_" + some(36) + "»", "key1«sk-ant-api03-" + some(60) + "»", "x«glpat-" + some(20) + "»/y", "envHRKU=1,aa«HRKU-AA" + some(58) + "»",
    "say «" + packed("ghp_" + some(36)) + "» there", "echo «" + packed("api_key=abc123x456y") + "»|base64 -d", "data:text/plain;base64,«" + packed("password: hunter2x") + "»",
    "agt-i8-«" + packed("ghp_" + some(36)).rstrip("=") + "»", "log_«" + packed("ghp_" + some(36)).rstrip("=") + "»_2026.json", "word«" + packed("ghp_" + some(36)) + "» x",
    '{bad "«ghp_qY\\u200b' + some(34) + '»"', '{bad "«ghp_qY\\\\u200d' + some(34) + '»"', '{bad "«g\\u00adhp_' + some(36) + '»"', '{bad "«\\u0067hp_' + some(36) + '»"',
    '{bad "contrase\\u00f1a: «hola1234»"', '{bad "password\\u00a0:\\u00a0«X12345y»"', '{bad "caf\\u00e9 token=«abc123def»"', '{bad "\\ud83d\\ude00 password: «hunt\\ud83der2»"',
    "client_secret:\n      «abc123x9»", "client_secret:\\n  «abc123x9»", "client_secret: >-\n    «abc123x9» and",
    "pw: «hunter2x»", "Kennwort: «Sommer26!»", "le mot de passe est «azerty99»", "password&#61;«hunter2»", "password&#x3D;«hunter2»", "api%5Fkey%3D«a1b2c3d4»", "api%5fkey%3a«a1b2c3d4»",
    "ｐａｓｓｗｏｒｄ：«hunter2x»", "ｐａｓｓｗｏｒｄ＝«ｈｕｎｔｅｒ２»", "password：«hunter2x»", "token＝«abc123def»",
    "both «ghp_" + some(36) + "» and password=«hunter2»",
)  # fmt: skip
"""The secret stands between « and »."""

STAYS = (
    "AKIAIOSFODNN7EXAMPLE", "aws_access_key_id=AKIAIOSFODNN7EXAMPLE", "access_key: AKIAIOSFODNN7EXAMPLE", "LTAI5tFakeFakeFakeFake",
    "arn:aws:iam::111122223333:role/x", "arn:aws:secretsmanager:eu-west-1:1:secret:prod/db-AbCdEf", "urn:ietf:params:oauth:token-type:jwt",
    "3fa85f64-5717-4562-b3fc-2c963f66afa6", "session-" + hexa(24), "sess_" + some(24), "0123456789abcdef01234567", "req_" + some(24),
    hexa(7), f"key-{hexa(32)}-1", hexa(32), hexa(40), hexa(64), "00" + hexa(62), "sha256:" + hexa(64), "sha512-" + some(86, BASE64) + "==", some(40),
    "secret-0123456789ab", "[secret]", "get_token", "get_token: success", "tool: get_token", "secrets:read", "token:write", "password:reset",
    "read_secret: vault/kv/app1", "input_tokens: 5321", "max_tokens=4096", "token=4096", "total_token: 53213", "nextPageToken: " + some(40),
    "token: none", "token: n/a", "token expired", "bearer token", "Bearer authentication-required-for-all", "Basic authentication",
    "basic plan-2024 customers", "token_type=bearer", "authorization: required", "authorization:code", "Authorization: Bearer token",
    "api_key=${API_KEY}", "api_key=$API_KEY", "api_key=<your-key>", "api_key=YOUR_API_KEY", "--api-key YOUR_API_KEY", "--token $TOKEN",
    "password=***", "password=xxxxxxxx", "password: REDACTED", "password: [REDACTED]", "secret={{secret}}", "password=%PASSWORD%",
    "password=${{ secrets.DB }}", "password = os.environ['X']", "token = get_token(user)", "password: op://vault/item/field",
    "secret=projects/p-12345/secrets/db/versions/3", "secret: prod/db-password-2", "--secret my-db-creds", "client_secret: @Microsoft.KeyVault(x)",
    "password: reset by admin", "password-policy: v2", "password_last_changed=2026-01-01", "password: 2026-01-01", "--password --verbose",
    "one-time-password reset now", "deploy_static_secret: true", '"secret_in_config": false', '"password": null', '"password": ""',
    "docker://alpine:3.18@sha256:" + hexa(64), "https://host:8080/path@v2", "git@github.com:org/repo.git", "mailto:a@b.example",
    "https://${USER}:${PASS}@h", "https://user:***@h", "spiffe://good/agent-1", "https://sts.example/oauth/token?grant=x",
    "task-2026-07-01-invoices-and-orders", "risk-assessment-agent-2026-07", "sk-learn-model-registry-server-2", "sk-short", "ghp_short",
    "eyJ.eyJ", "npm_package_config_registry_url", "hf_transformers_model_loader_v2", "key-value-store-of-the-north", "s.internal.example",
    "glue-etl-production-nightly-run-2", "ops_team_production_readonly_bot", "key-3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "pypi-simple-index-mirror-2", "mkdir -p /a/b/c", "docker run -p 8080:80 x", "ssh -p 2222 host", "PWD=/home/alice/project1",
    "auth: oauth2", "author: x12345678z", "compat: 12ab34cd56", "tokenizer=gpt2x1234", "secret_version: 3", "key: value12345678",
    "the password is required", "the password is 12 characters long", "password is 12-character", "the token is 4096 characters", "password is sha256-hashed",
    "The password was changed on 2026-07-01", "password is user-defined", "the secret is in vault/kv/app1", "the access token is base64url-encoded",
    "the token is valid until 2026-07-01T00:00:00Z", "the api key is stored in the vault", "password is case-sensitive", "the password is '***'",
    "Passwort: geändert", "Passwort vergessen", "mot de passe oublié", "mot de passe : réinitialisé", "desenha: abc12345x", "the password is expired",
    "highp_" + "words_and_more_words_go_here", "half_life_of_the_elements_in_the_table", "pnpm_config_registry_for_all_packages_here",
    packed("an ordinary sentence about the token of our esteem"), packed("password: required"), packed("see the secret garden, a book for children"),
    packed('{"next_token": 12, "page": 3, "total_tokens": 4096}'), "docFormat", packed("hello world, hello world, hello"),
    "GHP_SOME_LONG_VARIABLE_NAME_HERE", "SK_LIVE_OR_DEAD_AND_OTHER_WORDS", "pw: none", "pw: geändert", "kpw=hunter2x", "password:\n    required: true", "password:\n      minLength: 12ab34", "token:\n      name: my-token1x9z",
    "client_secret:\n  # kept in the vault", "ghp_short\nnext line", f"{hexa(20)}\n{hexa(20)}", "glpat-is-a-word\nand-so-on-x", "caf\\u00e9 token of love", "a%5Fb%3D1 and c%2Dd", "1 &#61; 1", "ｔｏｋｅｎ ｏｆ ｌｏｖｅ", "１２３：４５６", "I ❤\ufe0f it, 1\ufe0f\u20e3 first",
    "agt-i8-" + packed("an ordinary sentence about the token of our esteem").rstrip("="), "C:\\users\\u1234\\x", "\\ud83d\\ude00 said \\u0022hello\\u0022",
    "👩\u200d💻 wrote this", "soft\xadhyphen and zero\u200bwidth words", "keyboard=qwerty12", "src/main/java/com/Example/Service2Impl/abc", "secret_arn=arn:aws:x", "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/x",
)  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    with DuckDB(tmp_path_factory.mktemp("engine")) as made:
        yield made


def _suspects(engine: DuckDB, texts: list[str]) -> list[bool]:
    """What the engine's pattern says of texts."""
    engine.run("CREATE OR REPLACE TEMP TABLE texts (i BIGINT, x VARCHAR)")
    engine.insert("texts", list(enumerate(texts)))
    return [
        m for (m,) in engine.rows("SELECT regexp_matches(x, ?) FROM texts ORDER BY i", [SUSPECT])
    ]


def told_otherwise(expected: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the texts of which the rules make something else than expected, and what."""
    return {text: made for text, right in expected if (made := redact(text)) != right}


def test_a_key_is_told_by_its_shape() -> None:
    frames = ("{}", "see {} there", '"{}"', "({}),", "x={}")
    framed = [(f.format(text), f.format("[secret]")) for f in frames for text in SHAPES]
    assert told_otherwise(framed) == {}


@pytest.mark.parametrize(
    ("parts", "rule"), _PREFIX_RULES, ids=lambda value: getattr(value, "id", "")
)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_each_rule_of_a_vendor_hides_every_key_that_begins_so(
    parts: re.Match[str], rule: Any, data: st.DataObject
) -> None:
    begins = data.draw(st.from_regex(re.compile(parts["beginning"], re.ASCII), fullmatch=True))
    key = begins + some(max(int(parts["least"]), rule.length))
    assert redact(f"see {key} there") == "see [secret] there"


def test_rules_have_ids_of_their_own_and_keywords_that_their_keys_begin_with() -> None:
    rules = {rule.id: rule for rule in _RULE_FILE.rules}
    assert len(rules) == len(_RULE_FILE.rules) > 70
    for parts, rule in _PREFIX_RULES:
        assert all(re.fullmatch(parts["beginning"], word) for word in rule.keywords), rule.id
    marked = {rule.id for rule in rules.values() if rule.glued or rule.packed or rule.length}
    assert marked == {rule.id for _, rule in _PREFIX_RULES if rule.keywords}


def test_only_the_value_is_replaced() -> None:
    marked = [(re.sub("[«»]", "", t), re.sub("«.*?»", "[secret]", t)) for t in PLACES]
    assert told_otherwise(marked) == {}


def test_what_is_no_credential_stays() -> None:
    framed = [f.format(text) for f in ("{}", "see {} there") for text in STAYS]
    assert told_otherwise(zip(framed, framed, strict=True)) == {}


def test_the_engine_looks_at_every_text_that_holds_a_credential(engine: DuckDB) -> None:
    texts = [*SHAPES, *(re.sub("[«»]", "", t) for t in PLACES)]
    missed = [t for t, seen in zip(texts, _suspects(engine, texts), strict=True) if not seen]
    assert missed == []


def _found(engine: DuckDB, texts: list[str], are_few: bool) -> bool:
    """Whether a secret may stand in some rows, each with a text between two that hold none."""
    engine.run("CREATE OR REPLACE TEMP TABLE few (i BIGINT, x VARCHAR, y VARCHAR)")
    engine.insert("few", [(n, t, "arn:aws:crm:eu-west-1") for n, t in enumerate(texts)])
    return redact_sql.has_suspect(engine, "few", ["x", "y"], are_few)


def test_of_few_rows_each_text_that_holds_a_credential_is_found(engine: DuckDB) -> None:
    pytest.importorskip("re2", reason="needs the extra watch")
    kept = "arn:aws:crm:eu-west-1:12345678:object/9e3779b1"
    for text in (*SHAPES, *(re.sub("[«»]", "", t) for t in PLACES)):
        expected = _found(engine, [kept, text, kept], are_few=False)
        assert _found(engine, [kept, text, kept], are_few=True) or not expected, text
    assert not _found(engine, [kept, "a word that says nothing", kept], are_few=True)
    assert not _found(engine, [], are_few=True)


def test_without_the_library_few_rows_are_searched_as_many_are(
    engine: DuckDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redact_sql, "_compiled", lambda: None)
    assert _found(engine, ["a text", f"see ghp_{some(36)}"], are_few=True)
    assert not _found(engine, ["a text", "a word that says nothing"], are_few=True)


def test_signs_that_nobody_sees_hide_no_secret(engine: DuckDB) -> None:
    key = f"ghp_{some(36)}"
    texts = [
        f"{key[:at]}{sign}{key[at:]} and x"
        for at in (1, 2, 4, 9, 30)
        for sign in "\u200b\u200c\u200d\u2060\ufeff\xad\ufe00\ufe0f\u202e\U000e0100"
    ]
    texts += [
        "pass\u200bword=hunter2 and x",
        f"Bearer \u200b{hexa(32)} and x",
        "password\u200d:\u200b hunter2x and x",
    ]
    assert _suspects(engine, texts) == [True] * len(texts)
    for text in texts:
        assert (
            redact(text).replace("password=", "").replace("Bearer ", "").replace("password: ", "")
            == "[secret] and x"
        )
        assert fingerprinted(text, "k") == fingerprinted(
            re.sub("[\u200b-\u200d\u2060\ufeff\xad\ufe00\ufe0f\u202e\U000e0100]", "", text), "k"
        )


WORDS = (
    "Passwort", "mot de passe", "contraseña", "Kennwort", "is", " is ", " for the vault is ", "lautet:", "\u200b", "\xad", packed("password=hunter2x"),
    packed("a: ghp_" + some(36)), packed("token: abcd1234efgh5678"),
    "password", "passwd", "pwd", "passphrase", "secret", "token", "authorization", "cookie", "pass", "auth", "pat",
    "bearer", "api_key", "apiKey", "master", "client_secret", "access.key", "encryption_key", "accessToken", "_auth",
    "next_", "Bearer", "basic", "ssws", "login", "mysql", "docker", "curl", "--token", "--db-password", "-p", "-u",
    "https://u", ":", "@", "?key=", "&code=", "sig=", "hooks.slack.com/services/", "/api/webhooks/12/",
    "AKIAIOSFODNN7EXAMPLE", "none", "hunter2", "the", "Name", "pw", "\\u200b", "\\u00f1", "\\u0067hp_", "&#61;", "%5F", "%3A", "ｐａｓｓ", "：", "\ufe0f", "GHP_", "\r\n    ", "|-\n  ",
)  # fmt: skip
SIGNS = ("=", ":", " ", ": ", "=>", "%3D", '"', "'", "`", '\\"', ",", '", "', '"value":', ";", "&", "?", "\n", "\\n", "\t", "\x0b", "\x0c",
         "\xa0", "\u2028", "<", ">", "[", "]", "{", "(", ")", "|", "/", "@", "-", "--", "_", ".", "1", "\u017f", "\u212a", "\u0130", "$", "***")  # fmt: skip
STARTS = (
    "sk-", "ghp_", "AIza", "ya29.", "npm_", "dapi", "s.", "key-", "00", "eyJ", "glpat-", "whsec_", "SG.", "SK",
    "123456789:AA",
)  # fmt: skip
BODIES = st.builds(some, st.sampled_from([6, 16, 24, 40]), st.just(BASE64), st.integers(0, 99))
PIECES = st.one_of(
    st.sampled_from(WORDS), st.sampled_from(SIGNS), st.sampled_from(SHAPES), BODIES,
    st.builds(lambda start, n: start + some(n), st.sampled_from(STARTS), st.sampled_from([20, 33, 36, 40, 60])),
)  # fmt: skip
TEXTS = st.lists(PIECES, min_size=1, max_size=9).map("".join)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXTS, min_size=30, max_size=60))
def test_the_engine_and_the_rules_agree_on_texts_made_by_chance(
    engine: DuckDB, texts: list[str]
) -> None:
    for text, seen in zip(texts, _suspects(engine, texts), strict=True):
        assert seen or redact(text) == text


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=3))
def test_of_few_rows_no_less_is_found_than_of_many(engine: DuckDB, texts: list[str]) -> None:
    pytest.importorskip("re2", reason="needs the extra watch")
    assert _found(engine, texts, are_few=True) >= _found(engine, texts, are_few=False)


@settings(max_examples=200, deadline=None)
@given(pieces=st.lists(PIECES, min_size=1, max_size=9))
def test_what_is_redacted_stays_as_it_is(pieces: list[str]) -> None:
    once = redact(" ".join(pieces))
    assert redact(once) == once
    printed = fingerprinted(" ".join(pieces), "k")
    assert fingerprinted(printed, "k") == printed


def test_a_fingerprint_is_of_the_value_alone_and_needs_the_key() -> None:
    prints = {text: fingerprinted(text, "k") for text in SHAPES}
    assert [t for t, p in prints.items() if not re.fullmatch("secret-[0-9a-f]{12}", p)] == []
    assert [
        text
        for text, p in prints.items()
        if fingerprinted(f"see {text} and {text}", "k") != f"see {p} and {p}"
    ] == []
    assert [t for t, p in prints.items() if fingerprinted(t, "other") == p] == []


@pytest.mark.parametrize(
    "veiled", ["password\\u003dhunter2x", "p\\u0061ssword=hunt\\u0065r2x", "password&#61;hunter2x", "ｐａｓｓｗｏｒｄ＝ｈｕｎｔｅｒ２ｘ"]
)  # fmt: skip
def test_a_value_has_the_same_fingerprint_however_its_signs_are_written(veiled: str) -> None:
    print_ = fingerprinted("password=hunter2x", "k").removeprefix("password=")
    assert fingerprinted(veiled, "k").endswith(print_)


def test_a_value_has_one_fingerprint_wherever_it_stands() -> None:
    prints = re.findall(
        "secret-[0-9a-f]{12}",
        fingerprinted("password=abc123x --api-key abc123x https://u:abc123x@h Bearer: 0", "k"),
    )
    assert len(prints) == 3 and len(set(prints)) == 1


HOSTILE = ("a", "sk-", "password=", 'token="x', "token='\\\"", "-a-", "mysql -p ", "curl -u a", "token=a,b ", "://a:", "-----BEGIN A PRIVATE KEY",
           "eyJaaaaaaaaaa.", "password is ", "password for a b c ", "c2VjcmV0", "cGFzc3dvcm", "YWFh\\n", "agh" + "p_", "x\u200b", packed("password: x" * 5), "\\", "\\u00", "\\u200b", "ghp_a\n", "ａ", "&#61;", "pw:\n ", "Z2hwX", "x_Z2hwX1", "a\ufe0f", "aB3/", "0a", "_", "\\", "docker ", "token\", \"value\": ", "MAAAAAAAAAAAAAAAAAAAAAAAA.", "next_token: abc1d ")  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_no_text_takes_long(unit: str) -> None:
    started = time.process_time()
    redact((unit * 100_000)[:100_000])
    assert time.process_time() - started < 2


@pytest.mark.parametrize("unit", ["-", "ab ", "The-", "=", *HOSTILE])
def test_no_text_takes_long_for_its_end(unit: str) -> None:
    started = time.process_time()
    for length in (60, 100_000):
        redact(f'token: "{(unit * length)[:length]}Q9zK3xQ9zKK9Qz9Q')
    assert time.process_time() - started < 2


@pytest.mark.parametrize("before", range(3700, 4200, 20))
def test_a_secret_that_is_cut_shows_no_piece(before: int) -> None:
    key = f"-----BEGIN PRIVATE KEY-----\n{some(before, BASE64)}\n-----END PRIVATE KEY-----"
    made = excerpt(f"{key} {'x ' * 40}ghp_{some(36)} password=hunter2")
    assert some(36)[:8] not in made and "hunter2" not in made
    assert made.startswith("[secret]")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (some(64, BASE64), "[secret]"),
        (f"  {some(22, BASE64)}==", "[secret]"),
        (hexa(64), hexa(64)),
        ("inventory", "inventory"),
    ],
)
def test_a_line_of_a_private_key_is_not_shown(line: str, said: str) -> None:
    assert excerpt(line) == said


_NAMES = st.sampled_from(["password", "credentials", "api_key", "Token", "access key value", "name", "note"])  # fmt: skip
_VALUES = st.recursive(
    st.sampled_from(["hunter22-long-enough", "x", "", "a}, b", 'q"]', None, 7, True]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.lists(st.dictionaries(_NAMES, _VALUES, max_size=3), min_size=1, max_size=20), st.sampled_from([None, 1]))  # fmt: skip
def test_the_engine_asks_python_for_every_record_with_a_secret_by_name(
    records: list[dict[str, Any]], indent: int | None
) -> None:
    """Where `may_name_one` says no, nobody looks; so it may say yes too often, and never no."""
    with duckdb.connect() as con:
        for record in records:
            text = json.dumps(record, indent=indent)
            if list(named_secrets(record)):
                assert con.execute(f"SELECT {may_name_one('?')}", [text] * 3).fetchall() == [(True,)], text  # fmt: skip


@pytest.mark.parametrize("held", ["hunter22", ["hunter22"], [["hunter22"]], [{"a": 1}, "hunter22"], [[{"a": [2]}], "hunter22"]])  # fmt: skip
def test_a_text_anywhere_in_a_list_has_the_name_of_the_list(held: object) -> None:
    assert list(named_secrets({"password": held})) == ["hunter22"]
    with duckdb.connect() as con:
        for indent in (None, 2):
            text = json.dumps({"x": [{"password": held}]}, indent=indent)
            assert con.execute(f"SELECT {may_name_one('?')}", [text] * 3).fetchall() == [(True,)]


def test_a_list_of_credentials_is_no_secret_by_its_name() -> None:
    text = json.dumps({"credentials": [{"credential_id": "c-1", "type": "api_key"}], "tools": [{"name": "x"}, {"name": "y"}]})  # fmt: skip
    with duckdb.connect() as con:
        assert con.execute(f"SELECT {may_name_one('?')}", [text] * 3).fetchall() == [(False,)]


def test_no_pattern_finds_anything_in_an_id_that_is_not_looked_at() -> None:
    signs = [s for s in map(chr, range(128)) if re.fullmatch(redact_sql.ID, s)]
    assert "".join(signs) == "-0123456789ABCDEFabcdef"
    least = _shortest(re._parser.parse(SUSPECT), signs)  # type: ignore[attr-defined]
    assert least is not None and least > redact_sql.LONGEST_ID
    assert _shortest(re._parser.parse("a{3}(?:x|[^b-z]9)?b+"), ["a", "b"]) == 4  # type: ignore[attr-defined]


def _shortest(tree: Any, signs: list[str], ignore_case: bool = False) -> int | None:
    """Return how many of the given signs a match of a pattern takes at least; None where it takes others too."""
    length = 0
    for op, argument in tree:
        name = str(op)
        if name == "AT":
            continue
        if name == "BRANCH":
            options = [_shortest(branch, signs, ignore_case) for branch in argument[1]]
            least = min((o for o in options if o is not None), default=None)
        elif name == "SUBPATTERN":
            least = _shortest(argument[3], signs, ignore_case or bool(argument[1] & re.IGNORECASE))
        elif name in ("MAX_REPEAT", "MIN_REPEAT"):
            once = _shortest(argument[2], signs, ignore_case)
            least = 0 if not argument[0] else None if once is None else argument[0] * once
        else:
            flags = re.IGNORECASE if ignore_case else 0
            one = re._compiler.compile(_single(tree, op, argument), flags)  # type: ignore[attr-defined]
            least = 1 if any(one.fullmatch(s) for s in signs) else None
        if least is None:
            return None
        length += least
    return length


def _single(tree: Any, op: Any, argument: Any) -> Any:
    """Return the pattern of one sign."""
    return re._parser.SubPattern(tree.state, [(op, argument)])  # type: ignore[attr-defined]
