"""What looks like a credential. In: any text. Out: the text with each credential's value replaced.

`SUSPECT`, in the engine's regular expressions, finds the few texts worth a look; the rules in
Python decide, by shape (ghp_..., in secret_rules.toml) or by place (password=..., Bearer ..., here:
whether a value is a secret hangs on its name and on the sentence around it)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

Match = re.Match[str]

SHORTEST = 15
"""Bytes below which no text of a row is looked at."""

_BEFORE = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))"


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a vendor's keys look like; the fields are told at the head of secret_rules.toml."""

    id: str
    description: str
    regex: str
    keywords: tuple[str, ...] = ()
    entropy: float = 0
    length: int = 0
    glued: bool = False
    packed: bool = False


class _Allowed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values that are no secret."""

    description: str
    regexTarget: Literal["secret"]
    regexes: tuple[str, ...]


class _RuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """secret_rules.toml."""

    title: str
    rules: tuple[_Rule, ...]
    allowlists: tuple[_Allowed, ...]


_RULE_FILE = msgspec.toml.decode(
    Path(__file__).with_name("secret_rules.toml").read_bytes(), type=_RuleFile
)
_PEM, _RANDOM = "private-key", "aws-secret-key"
_BY_ID = {rule.id: rule for rule in _RULE_FILE.rules}
_GROUP = re.compile(r"(?P<beginning>.+?)\(\[\\w-\]\{(?P<least>\d+),\}\)(?P<end>.*)")
"""The regex of a rule whose keys are a beginning and signs that are no words."""
_PREFIX_RULES = [
    (match, rule) for rule in _RULE_FILE.rules if (match := _GROUP.fullmatch(rule.regex))
]
_PREFIXES = "|".join(match["beginning"] for match, _ in _PREFIX_RULES)
_ENDS = "|".join(sorted({match["end"] for match, _ in _PREFIX_RULES} - {""}))
_LONGER = [
    (re.compile(m["beginning"]), int(m["least"])) for m, _ in _PREFIX_RULES if m["least"] != "20"
]
_LONG = {match["beginning"]: rule.length for match, rule in _PREFIX_RULES if rule.length}
_SHAPES = "|".join(
    rule.regex
    for rule in _RULE_FILE.rules
    if rule.id not in (_PEM, _RANDOM) and not _GROUP.fullmatch(rule.regex)
)
_STARTS = [start for rule in _RULE_FILE.rules if rule.glued for start in rule.keywords]
_GLUED = f"(?:{'|'.join(_STARTS)})"
_BREAK = r"(?:\r?\n|\\r\\n|\\n)"
_BROKEN = "|".join(
    rf"{start}[\w-]{{1,{n - 1}}}{_BREAK}[ \t]{{0,8}}[\w-]{{1,{n - 1}}}(?![\w-])"
    for start, n in _LONG.items()
)
_AWS_ID = r"A[KS]IA[A-Z0-9]{16}"

_PASSWORDS = (
    r"pass(?:wd|word|phrase|wort)|pwd|kennwort|wachtwoord|mot[ _-]de["
    r" _-]passe|contrase[n\xf1\xd1]a|(?<![a-z])senha|(?<![a-z])pw(?![a-z])"
)
_NAMES = rf"{_PASSWORDS}|secret|token|authorization|cookie|(?<![a-z])(?:pass|auth|pat|bearer)"
_KEYS = (
    "(?:api|app|application|secret|private|access|account|signing|encryption|master|subscription)[_."
    " -]?key"
)
_IS_PASSWORD = re.compile(_PASSWORDS, re.IGNORECASE)
_SURE = re.compile(
    rf"(?:{_KEYS}|(?:client|app|api|consumer|webhook|signing|shared)[_ -]?secret|[_-]auth"
    r"|(?:access|auth|refresh|bearer|session|id|security|oauth|bot|api)[_ -]?token)$",
    re.IGNORECASE,
)
"""Names of nothing but credentials; a `token` may be that of a page, a `secret` where one is
kept.
"""
_COUNTS = re.compile(
    r"(?:next|page|pagination|continuation|sync|cursor|max|min|prompt|input|output|total)[\W_]{0,3}$|:$",
    re.IGNORECASE,
)
"""What stands before `token` when it is no credential."""
_WIDE = "\xa0\u202f"
"""Spaces that French has before a colon."""
_COLONS = "\uff1a\uff1d"
"""The wide : and =, as in Chinese and Japanese texts."""
_SAYS = (
    rf"\d?(?:(?P<equals>=)|>|(?:\\*[\"'`]\]?)?[\s{_WIDE}]{{0,3}}(?:[:={_COLONS}]=?>?|%3[da])"
    rf"(?:[ \t]{{0,3}}(?:[|>][+-]?[ \t]{{0,3}})?{_BREAK}[ \t]{{0,12}}(?![\"']?[\w.-]{{1,60}}[\"']?["
    rf" \t]{{0,3}}[:=])(?=[^\s#-])|[\s{_WIDE}]{{0,3}})"
    r"|\\*[\"'],\s{0,3}\\*[\"']value\\*[\"']\s{0,3}:\s{0,3})"
)
"""= : => == %3D, the > of XML, and {name: ..., value: ...}; the value may stand in the next line,
as in YAML.
"""
_IS = (
    r"(?:[ \t](?:for|of|to|on|pour|von)[ \t](?:[\w.@-]{1,40}[ \t]){1,3}?|[ \t]{1,3})"
    r"(?:is|was|will be|ist|lautet|war|est|es|\xe8)[ \t]{0,2}[: \t][ \t]{0,2}"
)
"""A sentence that gives a credential: `the password for the vault is ...`."""
_MEASURES = re.compile(r"\d+[-\w]*|(?:sha|md|base|utf|aes|rsa|oauth|v)-?\d+[\w-]*", re.IGNORECASE)
"""What a sentence says of a credential: 12-character, sha256, 90days."""
_FLAG = r"(?<![\w-])--?(?:[a-z0-9]{1,20}[_-]){0,4}"
_SCHEME = "(?:bearer|basic|token|apikey|api-key|ssws|negotiate|digest|splunk|geniekey)"
_VALUE = (
    rf"(?:(?P<quote>\\*[\"'`])(?:(?P<scheme>{_SCHEME})\s+)?(?P<quoted>.*?)(?:(?P=quote)|\Z)"
    rf"|(?:(?P<scheme_>{_SCHEME})\s+)?"
    r"(?P<plain>(?:[^\s\"'`<>&,;|\\]|\\(?![nrtu\"'\\])|[&,;](?!\s|\Z|[\w.\- ]{1,40}[=:]))+))"
)
"""In quotes, or to the next space or sign; & , ; are part of it unless another name follows."""
_CLOSING = ".,:;)]}"
_HINTS = (
    *("pass", "pw", "key", "secret", "token", "auth", "cookie", "pat", "bearer"),
    *("kennwort", "wachtwoord", "contrase", "senha"),
)
_UNSEEN = "\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e01ef"
"""Signs that nobody sees, between which a secret is still one."""
_VARIANTS = "\ufe00-\ufe0f"
"""Signs that nobody sees after a letter; after a picture they are part of it."""
_NOT_SEEN = re.compile(f"(?:[{_UNSEEN}]|(?<=[\\x00-\\x7f])[{_VARIANTS}])[{_UNSEEN}{_VARIANTS}]*")
_VEILED = (
    r"\\u[0-9A-Fa-f]{4}|&#0{0,4}(?:45|58|61|95|[xX]0{0,4}(?:2[dD]|3[aAdD]|5[fF]));|%(?:5[fF]|2[dD])"
    "|[\uff21-\uff3a\uff41-\uff5a]{2}"
)
"""RE2, too: signs written otherwise than is usual: the text is looked at with each as the sign it
stands for, too.
"""
_IS_VEILED = re.compile(_VEILED)
_VEIL = re.compile(
    r"(?<!\\)\\{1,4}u(?P<json>[0-9A-Fa-f]{4})|&#(?:[xX](?P<hex>[0-9A-Fa-f]{1,6})|(?P<decimal>\d{1,7}));"
    "|%(?P<url>5[fF]|2[dD]|3[aAdD])|(?P<wide>[\uff01-\uff5e])",
    re.ASCII,
)

_LOGIN = (
    r"\b(?:mysql\w*|mariadb[\w-]*|sshpass|mongo\w*|(?:docker|podman|helm|az|oc|cf|twine)\b[^\n|]{0,60}?\b(?:login|upload))\b"
    r"[^\n|]{0,200}?[\s\"']-p[\s\"',]{0,4}|\bcurl\b[^\n|]{0,400}?[\s\"',](?:-u|--user)[\s\"',=]{0,4}[^\s:\"',]{1,80}:"
)
"""Commands of which -p is a password, or -u a name and one."""
_IN_URL = (
    r"(?:[?&](?:key|code|auth)=|\b(?:sig|x-(?:amz|goog)-(?:signature|security-token))="
    r"|hooks\.slack\.com/services/|/api/webhooks/\d+/)"
)

_BLANK = re.compile(
    "|".join(regex for allowed in _RULE_FILE.allowlists for regex in allowed.regexes),
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_WORD = (
    r"(?:[A-Za-z]?[a-z]{0,19}(?:[A-Z][a-z]{2,19}){0,7}\d{0,4}"
    r"|[A-Z]{1,20}\d{0,4}|\d{1,8}|\d{1,4}[a-z]{1,3})"
)
_IN_WORDS = re.compile(
    rf"[^A-Za-z0-9]*+(?:(?=[A-Za-z0-9])(?>{_WORD}(?![A-Za-z0-9]))[^A-Za-z0-9]*+)*+"
)
"""No word is tried in a second way: some can be read in two, and twenty of them in a million."""
_LETTERS = re.compile(r"(?:[\W_]*(?:[^\W\d_]{1,20}(?:[\W_]+|\Z))*|[\d.,%]*)")


def redact(text: str) -> str:
    """Return text with each credential's value replaced."""
    return replaced(text, lambda _: "[secret]")


def fingerprinted(text: str, key: str) -> str:
    """Return text with each credential's value replaced by its keyed fingerprint, so that equal
    ones stay comparable.
    """
    return replaced(
        text, lambda value: f"secret-{hashlib.sha256((key + value).encode()).hexdigest()[:12]}"
    )


def replaced(text: str, swap: Callable[[str], str]) -> str:
    """Return text with `swap` of each credential's value in its place; without signs nobody sees
    where there is one.
    """
    if not text.isascii() and (visible_text := _NOT_SEEN.sub("", text)) != text:
        result = replaced(visible_text, swap)
        return text if result == visible_text else result
    if _IS_VEILED.search(text):
        text = _by_rules(*_unveil(text), swap)
    return _by_rules(text, None, swap)


def _unveil(text: str) -> tuple[str, list[str]]:
    """Return a text with each sign as it reads, and for each of its signs what stands for it in the
    text given.
    """
    signs: list[str] = []
    raw: list[str] = []
    position = 0
    for match in _VEIL.finditer(text):
        signs += text[position : match.start()]
        raw += text[position : match.start()]
        position = match.end()
        sign = _sign(match)
        if not _NOT_SEEN.match(f"a{sign}", 1):
            signs.append(sign)
            raw.append(match[0])
        elif raw:
            raw[-1] += match[0]
        else:
            signs.append(" ")
            raw.append(match[0])
    return "".join([*signs, text[position:]]), [*raw, *text[position:]]


def _sign(match: Match) -> str:
    """Return the sign that a match of `_VEIL` stands for."""
    if match["wide"]:
        return chr(ord(match["wide"]) - 0xFEE0)
    code = int(match["decimal"]) if match["decimal"] else int(match[match.lastgroup or 0], 16)
    return "\ufffd" if code > 0x10FFFF or 0xD800 <= code < 0xE000 else chr(code)


def _by_rules(text: str, raw: list[str] | None, swap: Callable[[str], str]) -> str:
    """Return text, or what stands for its signs, with `swap` of each value that a rule finds in its
    place.
    """
    lower_text = text.lower()
    absent_hints: tuple[str, ...] = ("",)
    for rule, hints, is_secret in _RULES:
        if hints == absent_hints or (hints and not any(hint in lower_text for hint in hints)):
            absent_hints = hints
            continue
        pieces: list[str] = []
        raw_pieces: list[str] = []
        position = 0
        for start, end in _value_spans(text, rule, is_secret):
            replacement = swap(text[start:end])
            pieces += [text[position:start], replacement]
            if raw is not None:
                raw_pieces += [*raw[position:start], *replacement]
            position = end
        if pieces:
            text = "".join([*pieces, text[position:]])
            lower_text = text.lower()
            if raw is not None:
                raw = [*raw_pieces, *raw[position:]]
    return text if raw is None else "".join(raw)


def _value_spans(
    text: str, rule: re.Pattern[str], is_secret: Callable[[Match], bool]
) -> Iterator[tuple[int, int]]:
    """Where the values of a rule stand; within a quoted one that is none, another may."""
    position = 0
    while match := rule.search(text, position):
        group = match.lastgroup or ""
        start, end = match.span(group)
        if group == "plain":
            end = start + len(match[group].rstrip(_CLOSING))
        position = match.end()
        if end > start and is_secret(match):
            yield start, end
        elif group == "quoted":
            position = start


def _is_shape(match: Match) -> bool:
    """Tell a vendor's key from words that begin like one."""
    body = match["body"] or match["value"]
    start = match["prefix"] or ""
    least = next((n for beginning, n in _LONGER if beginning.fullmatch(start)), 20)
    return len(body) >= least and not _reads(body)


def _is_random(match: Match) -> bool:
    """Tell the forty signs of an AWS secret key from a hash, a path or a name."""
    value = match["value"]
    counts = Counter(value).values()
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts)
    is_mixed = all(re.search(kind, value) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[/+]"))
    return bool(match["id"]) or (
        is_mixed and entropy > _BY_ID[_RANDOM].entropy and not _reads(value)
    )


def _is_named(match: Match) -> bool:
    """Tell a credential by its name: the vaguer the name, the stranger the value."""
    value, name = _value_of(match), match["name"].lower()
    before = match.string[max(0, match.start() - 15) : match.start()]
    if _BLANK.fullmatch(value):
        return False
    if _IS_PASSWORD.fullmatch(name):
        is_path = name == "pwd" and re.match(r"[~./\\]|[A-Z]:", value)
        is_sure = match["quoted"] or match["equals"]
        return not is_path and bool(is_sure or (len(value) >= 6 and not _LETTERS.fullmatch(value)))
    if _SURE.search(before + name):
        return len(value) >= 6 and not _LETTERS.fullmatch(value)
    if match["scheme"] or match["scheme_"]:
        return True
    return len(value) >= 8 and not _COUNTS.search(before) and not _reads(value)


def _is_flagged(match: Match) -> bool:
    """Tell a credential that follows a flag of a command from the next flag, and from where it is
    kept.
    """
    value, name = _value_of(match), match["name"].lower()
    if _BLANK.fullmatch(value) or value.startswith("-"):
        return False
    if name == "secret" and not _SURE.search(match[0][: match.end("name") - match.start()]):
        return not _reads(value)
    return bool(_IS_PASSWORD.fullmatch(name)) or (len(value) >= 6 and not _LETTERS.fullmatch(value))


def _is_in_sentence(match: Match) -> bool:
    """Tell a credential that a sentence gives ("the password is ...") from what else a sentence
    says of one.
    """
    value = _value_of(match)
    if len(value) < 6 or _BLANK.fullmatch(value) or _LETTERS.fullmatch(value):
        return False
    if _MEASURES.fullmatch(value) or ("-" in value and _reads(value)):
        return False
    if _IS_PASSWORD.fullmatch(match["name"]):
        return True
    return len(value) >= 12 and len(re.findall(r"\d+", value)) > 1 and not _reads(value)


def _is_glued(match: Match) -> bool:
    """Tell a vendor's key that follows a word without a sign between from more words."""
    body = match["body"]
    return bool(re.search(r"\d", body) and re.search(r"[A-Za-z0-9]{16}", body)) and not _reads(body)


def _is_broken(match: Match) -> bool:
    """Tell a vendor's key whose line ends within: it has as many signs as such a key has, and they
    are no words.
    """
    value = re.sub(rf"{_BREAK}[ \t]*", "", match["value"])
    start, count = next((m[0], n) for s, n in _LONG.items() if (m := re.match(s, value)))
    body = value[len(start) :]
    return len(body) == count and bool(re.search(r"\d", body)) and not _reads(body)


def _is_wrapped(match: Match) -> bool:
    """Tell base64 that holds a credential: what it says is looked at like any other text."""
    if not _IS_TELLING.search(match["value"]):
        return False
    payload = re.sub(r"\s|\\[nr]", "", match["value"]).rstrip("=").translate(_URL_SAFE)
    payload = payload[: len(payload) - (len(payload) % 4 == 1)]
    try:
        text = base64.b64decode(payload + "=" * (-len(payload) % 4)).decode()
    except ValueError:
        return False
    return redact(text) != text


def _value_of(match: Match) -> str:
    return match["quoted"] or (match["plain"] or "").rstrip(_CLOSING)


def _is_after_scheme(match: Match) -> bool:
    """Tell what follows Bearer and Basic from words."""
    value = match["value"]
    if match["scheme"].lower() != "basic":
        return len(value) >= 16 and not _reads(value) and _is_filled(match)
    try:
        return b":" in base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except binascii.Error:
        return False


def _is_filled(match: Match) -> bool:
    return not _BLANK.fullmatch(match["value"])


def _is_strange(match: Match) -> bool:
    return _is_filled(match) and not _reads(match["value"])


def _reads(text: str) -> bool:
    """Tell whether a text is made of words and short numbers."""
    return bool(_IN_WORDS.fullmatch(text))


def _rule(
    pattern: str, is_secret: Callable[[Match], bool], *hints: str
) -> tuple[re.Pattern[str], tuple[str, ...], Callable[[Match], bool]]:
    """Make a rule: what it finds, who decides, and pieces of which one stands in every text it
    finds something in.
    """
    return re.compile(pattern, re.ASCII | re.DOTALL), hints, is_secret


_URL_SAFE = str.maketrans("-_", "+/")


def _in_base64(text: str) -> set[str]:
    """Return what of the base64 of a longer text tells that `text` stands in it, for the three
    places where it may begin.

    Where that is too little, the signs beside it are told by what may stand there.
    """
    pieces = set()
    for offset in range(3):
        first, last = -(-offset * 8 // 6), (offset + len(text)) * 8 // 6
        if last - first > 4:
            pieces.add(base64.b64encode(b"\0" * offset + text.encode())[first:last].decode())
        elif last - first == 4 and offset:
            pieces |= {
                base64.b64encode(bytes([65] * (offset - 1) + [before]) + text.encode() + after)[
                    first - 1 : last + 1
                ].decode()
                for before in range(32, 127)
                for after in (b"00", b"AA")
            }
    return pieces


_TELLING = (
    *(start for rule in _RULE_FILE.rules if rule.packed for start in rule.keywords),
    "-----BEGIN",
    "password",
    "passwd",
    "secret",
    "api_key",
    "apiKey",
    "token",
    "Token",
    "Bearer ",
    "PASSWORD",
    "PASSWD",
    "Password",
    "SECRET",
    "Secret",
    "API_KEY",
    "api-key",
    "ACCESS_KEY",
    "TOKEN",
    "bearer ",
    "passwort",
    "Passwort",
)
"""Of a text packed as base64: one of these stands in it if it holds a credential that is looked for
there.
"""
_WRAPPED = sorted({piece for word in _TELLING for piece in _in_base64(word)})
_IS_TELLING = re.compile("|".join(map(re.escape, _WRAPPED)))
_PIECES = sorted({piece.lower() for piece in _WRAPPED})
_AT_START = sorted(
    {base64.b64encode(start.encode())[: len(start) * 8 // 6].decode() for start in _TELLING}
)
"""What base64 begins with that begins with one of these: it is told where a word goes before
without a sign between.
"""
_NAMED = rf"(?=[abcekmpstw])(?P<name>{_NAMES}|{_KEYS})"
_RULES = (
    _rule(f"(?P<value>{_BY_ID[_PEM].regex})", lambda _: True, *_BY_ID[_PEM].keywords),
    _rule(rf"{_BEFORE}(?P<value>{_BROKEN})", _is_broken, "\n", "\\n"),
    _rule(
        rf"{_BEFORE}(?P<value>(?P<prefix>{_PREFIXES})(?P<body>[\w-]{{20,}})(?:{_ENDS})|{_SHAPES})",
        _is_shape,
    ),
    _rule(
        rf"(?<=[A-Za-z0-9])(?P<value>{_GLUED}(?P<body>[\w-]{{20,}}))",
        _is_glued,
        *(s.lower() for s in _STARTS),
    ),
    _rule(
        rf"(?<![\w+/-])(?P<value>(?:(?:[A-Za-z0-9+/]{{60,76}}{_BREAK})+|(?=[\w+/-]{{24}}))[\w+/-]+={{0,2}})(?![\w+/=-])",
        _is_wrapped,
        *_PIECES,
    ),
    _rule(
        r"(?<![A-Za-z0-9])(?P<value>[A-Za-z0-9]{16,}={0,2})(?![A-Za-z0-9=])", _is_wrapped, *_PIECES
    ),
    _rule(
        rf"(?<=[A-Za-z0-9])(?P<value>(?:{'|'.join(_AT_START)})[A-Za-z0-9]{{12,}}={{0,2}})(?![A-Za-z0-9=])",
        _is_wrapped,
        *_PIECES,
    ),
    _rule(
        rf"(?:(?P<id>{_AWS_ID})[\s:,;|\"'/]{{1,4}}|(?<![\w/+.-]))(?P<value>{_BY_ID[_RANDOM].regex})(?![\w/+=-])",
        _is_random,
    ),
    _rule(r"://[^/\s:@\"'<>]*:(?P<value>[^/\s\"'<>]+)@(?!sha\d+:)", _is_filled, "://"),
    _rule(r"://(?P<value>[^/\s:@\"'<>]{20,})@", _is_strange, "://"),
    _rule(rf"(?i:{_IN_URL})(?P<value>[^&#\s\"'<>\\;,]{{16,}})", _is_strange, "=", "://"),
    _rule(rf"(?i){_NAMED}{_SAYS}{_VALUE}", _is_named, *_HINTS),
    _rule(rf"(?i){_NAMED}{_IS}{_VALUE}", _is_in_sentence, *_HINTS),
    _rule(rf"(?i){_FLAG}{_NAMED}(?:\s+|[\"'],\s*[\"']){_VALUE}", _is_flagged, *_HINTS),
    _rule(
        rf"(?i:{_LOGIN})(?P<value>[^\s\"']+)",
        _is_filled,
        "mysql",
        "mariadb",
        "sshpass",
        "mongo",
        "login",
        "upload",
        "curl",
    ),
    _rule(
        r"\b(?P<scheme>(?i:bearer|basic|ssws))\s+(?P<value>[\w.~+/=-]{8,})",
        _is_after_scheme,
        "bearer",
        "basic",
        "ssws",
    ),
)


def _loose(pattern: str) -> str:
    """Return a pattern without what looks around, which RE2 does not know: it then finds more,
    never less.
    """
    return re.sub(r"\(\?<?[=!][^()]*\)", "", pattern)


def _with_sign(length: int) -> str:
    """Return a pattern of so many base64 characters with a / or + among them: no hash has one."""
    pattern = "[/+]"
    for width in range(1, length):
        pattern = f"(?:[/+][A-Za-z0-9/+]{{{width}}}|[A-Za-z0-9]{pattern})"
    return pattern


SUSPECT = (
    rf"(?:^|[^A-Za-z0-9]|\\[nrt]|%[0-9A-Fa-f]{{2}}|\\u[0-9A-Fa-f]{{4}})"
    rf"(?:(?:{_PREFIXES})[\w-]{{20}}|{_loose(_SHAPES)})"
    rf"|[A-Za-z0-9]{_GLUED}[\w-]{{20}}|[{_UNSEEN}]|[\x00-\x7f][{_VARIANTS}]|{_VEILED}"
    rf"|(?:{'|'.join(_LONG)})[\w-]{{1,81}}{_BREAK}|{'|'.join(map(re.escape, _WRAPPED))}"
    r"|PRIVATE KEY|PuTTY-User-Key-File-\d|://[^/\s\x0b\"'<>]{2,}@"
    rf"|(?:^|[^\w/+.-]){_with_sign(40)}(?:[^\w/+=-]|$)|{_AWS_ID}[\s\x0b:,;|\"'/]{{1,4}}{_BY_ID[_RANDOM].regex}"
    rf"|(?i:{_IN_URL}|(?:{_loose(_NAMES)}|{_KEYS})\d?[\\\"'`\]\s\x0b{_WIDE}]*(?:[=:>,{_COLONS}]|%3[da])"
    rf"|(?:{_loose(_NAMES)}|{_KEYS}){_IS}"
    rf"|-(?:[a-z0-9]{{1,20}}[_-]){{0,4}}(?:{_loose(_NAMES)}|{_KEYS})(?:[\s\x0b]|[\"'],)|(?:bearer|basic|ssws)[\s\x0b]+[\w.~+/=-]{{8}}"
    r"|(?:mysql|mariadb|sshpass|mongo|login|upload)[^\n|]*[\s\x0b\"']-p|curl[^\n|]*[\s\x0b\"',](?:-u|--user))"
)
"""RE2: every text in which a rule finds a credential, and few others."""
