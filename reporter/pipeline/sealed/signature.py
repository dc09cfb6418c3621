"""Who vouches for a bundle. In: a private key; a public one. Out: a DSSE envelope around an in-toto
statement about the manifest, signed with ed25519; what it proves.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reporter.errors import InputError
from reporter.pipeline.sealed.extras import SEAL, canonical, needed
from reporter.pipeline.sealed.manifest import ENVELOPE, is_digest, strict_json
from reporter.pipeline.sealed.names import Refused
from reporter.runs.store import MANIFEST

STATEMENT = "https://in-toto.io/Statement/v1"
PAYLOAD = "application/vnd.in-toto+json"
PREDICATE = "urn:agent-reporter:bundle:v1"
"""The kind of our statement; docs/verify.md says what it holds."""
LARGEST = 1 << 20
_PRIVATE = "Make one: `reporter seal --new-key FILE`, or `openssl genpkey -algorithm ed25519`."
_PUBLIC = "Write it with `openssl pkey -in KEY -pubout`; the sender gives it to you."


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature that holds says."""

    manifest: str
    """SHA-256 of the manifest."""
    root: str
    """Of the tree over all results."""
    count: int
    """Results."""
    key: str
    """The public key as PEM, and nobody's word whose it is."""
    is_vouched: bool
    """Whether it is the key that the reader brought."""


def new_key(path: Path) -> tuple[Path, Path]:
    """Write a new private key, for its owner only, and its public key beside it; return both.

    Raises InputError where one of the files exists.
    """
    private = needed("cryptography.hazmat.primitives.asymmetric.ed25519", SEAL)
    forms = needed("cryptography.hazmat.primitives.serialization", SEAL)
    key = private.Ed25519PrivateKey.generate()
    public = path.with_name(f"{path.name}.pub")
    for place in (path, public):
        if place.exists() or place.is_symlink():
            raise InputError("exists and is not overwritten", str(place), "Name another file.")
    text = key.private_bytes(forms.Encoding.PEM, forms.PrivateFormat.PKCS8, forms.NoEncryption())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
    public.write_bytes(_pem(key.public_key()))
    return path, public


def read_private(path: Path) -> Any:
    """Return a private key of a PKCS#8 file; raise InputError where it is no ed25519 key."""
    text = _text_of(path, _PRIVATE)
    forms = needed("cryptography.hazmat.primitives.serialization", SEAL)
    try:
        key = forms.load_pem_private_key(text, None)
    except TypeError as error:
        raise InputError(
            "the key needs a passphrase, which nobody asks for here",
            str(path),
            "Give a file without one, readable by its owner only.",
        ) from error
    except (ValueError, needed("cryptography.exceptions", SEAL).UnsupportedAlgorithm) as error:
        what = "is a public key" if b"PUBLIC KEY" in text else "is no private key as PKCS#8 in PEM"
        raise InputError(what, str(path), _PRIVATE) from error
    _refuse_kind(key, "Ed25519PrivateKey", path, _PRIVATE)
    return key


def read_public(path: Path) -> Any:
    """Return a public key of a PEM file; raise InputError where it is no ed25519 key."""
    text = _text_of(path, _PUBLIC)
    if b"PRIVATE KEY" in text:
        raise InputError("is a private key, which must not leave its owner", str(path), _PUBLIC)
    key = _public(text)
    if key is None:
        raise InputError("is no public key in PEM", str(path), _PUBLIC)
    _refuse_kind(key, "Ed25519PublicKey", path, _PUBLIC)
    return key


def _public(text: bytes) -> Any:
    forms = needed("cryptography.hazmat.primitives.serialization", SEAL)
    try:
        return forms.load_pem_public_key(text)
    except (ValueError, needed("cryptography.exceptions", SEAL).UnsupportedAlgorithm):
        return None


def _text_of(path: Path, hint: str) -> bytes:
    if not path.is_file():
        raise InputError("no such file", str(path), hint)
    with path.open("rb") as file:
        return file.read(LARGEST)


def _refuse_kind(key: Any, kind: str, path: Path, hint: str) -> None:
    ed25519 = needed("cryptography.hazmat.primitives.asymmetric.ed25519", SEAL)
    if not isinstance(key, getattr(ed25519, kind)):
        found = type(key).__name__.lstrip("_")
        raise InputError(
            f"is a key of another kind ({found}); ed25519 is expected", str(path), hint
        )


def _pem(public: Any) -> bytes:
    forms = needed("cryptography.hazmat.primitives.serialization", SEAL)
    text: bytes = public.public_bytes(forms.Encoding.PEM, forms.PublicFormat.SubjectPublicKeyInfo)
    return text


def sign(manifest: bytes, data: dict[str, Any], private: Any) -> bytes:
    """Return the envelope of a manifest: the same bytes for the same key and manifest."""
    signers = needed("securesystemslib.signer", SEAL)
    dsse = needed("securesystemslib.dsse", SEAL)
    signer = signers.CryptoSigner(private)
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": MANIFEST, "digest": {"sha256": hashlib.sha256(manifest).hexdigest()}}],
        "predicateType": PREDICATE,
        "predicate": {
            "organisation": data["organisation"],
            "as_of": data["as_of"],
            "evidence_id": data["evidence_id"],
            "parent": data["parent"],
            "results": {"count": data["results"]["count"], "root": data["results"]["root"]},
            "public_key": _pem(private.public_key()).decode(),
        },
    }
    envelope = dsse.Envelope(canonical(statement), PAYLOAD, {})
    envelope.sign(signer)
    return canonical(envelope.to_dict())


def check(envelope: bytes, place: str, public: Any | None) -> Signed:
    """Return what an envelope proves: with a public key, who signed it; without one, only that it
    fits the key that it brings itself.

    Raises Refused where the signature does not hold, or the envelope is not as `sign` writes it.
    """
    data = strict_json(envelope, place)
    payload = _payload(data, place)
    if canonical(data) != envelope:
        raise Refused("is not in the form of RFC 8785", place)
    statement = strict_json(payload, place)
    signed = _said(statement, place, public is not None)
    if canonical(statement) != payload:
        raise Refused("its statement is not in the form of RFC 8785", place)
    own = _public(signed.key.encode())
    if own is None or _pem(own).decode() != signed.key:
        raise Refused("the public key in its statement is none", place)
    _verify(data, own if public is None else public, place, public is not None)
    if public is not None and _pem(public).decode() != signed.key:
        raise Refused("its statement names another key than signed it", place)
    return signed


def _payload(data: Any, place: str) -> bytes:
    if not isinstance(data, dict) or {*data} != {"payload", "payloadType", "signatures"}:
        raise Refused("is no DSSE envelope", place)
    signatures = data["signatures"]
    if data["payloadType"] != PAYLOAD:
        raise Refused(f"its payload is no in-toto statement, {PAYLOAD}", place)
    if not isinstance(signatures, list) or len(signatures) != 1:
        raise Refused("has not just one signature", place)
    if not isinstance(signatures[0], dict) or {*signatures[0]} != {"keyid", "sig"}:
        raise Refused("its signature has not just keyid and sig", place)
    _decoded(signatures[0]["sig"], place)
    if not isinstance(signatures[0]["keyid"], str):
        raise Refused("its keyid is no text", place)
    return _decoded(data["payload"], place)


def _decoded(text: object, place: str) -> bytes:
    """Return base64 decoded; several texts stand for the same bytes, and only one is taken."""
    try:
        data = base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused(f"holds what is no base64: {error}", place) from error
    if base64.b64encode(data).decode() != text:
        raise Refused("holds base64 in another form than it is written in", place)
    return data


def _said(statement: Any, place: str, is_vouched: bool) -> Signed:
    try:
        [subject] = statement["subject"]
        predicate = statement["predicate"]
        results = predicate["results"]
        signed = Signed(
            subject["digest"]["sha256"],
            results["root"],
            results["count"],
            predicate["public_key"],
            is_vouched,
        )
        is_ours = (
            statement["_type"] == STATEMENT
            and statement["predicateType"] == PREDICATE
            and subject["name"] == MANIFEST
            and is_digest(signed.manifest)
            and is_digest(signed.root)
            and type(signed.count) is int
            and isinstance(signed.key, str)
        )
    except (TypeError, KeyError, ValueError) as error:
        raise Refused(f"its statement is not one about a bundle: {error!r}", place) from error
    if not is_ours:
        raise Refused(f"its statement is no {PREDICATE} about {MANIFEST}", place)
    return signed


def _verify(data: dict[str, Any], public: Any, place: str, is_vouched: bool) -> None:
    signers = needed("securesystemslib.signer", SEAL)
    dsse = needed("securesystemslib.dsse", SEAL)
    wrong = needed("securesystemslib.exceptions", SEAL)
    key = signers.SSlibKey.from_crypto(public)
    keyid = data["signatures"][0]["keyid"]
    whose = "of --key" if is_vouched else "that it brings itself"
    if keyid != key.keyid:
        raise Refused(f"was signed with the key {keyid[:80]}, not with {key.keyid} {whose}", place)
    envelope = dsse.Envelope.from_dict(strict_json(canonical(data), place))
    try:
        envelope.verify([key], 1)
    except wrong.VerificationError as error:
        raise Refused(f"the signature does not fit the key {whose}", place) from error


def check_bundle(folder: Path, public: Any | None) -> Signed:
    """Return what the signature of a bundle proves; raise Refused as `check`."""
    path = folder / ENVELOPE
    if not path.is_file() or path.is_symlink():
        raise Refused(f"no {ENVELOPE} in it: nobody has signed it", str(folder))
    if path.stat().st_size > LARGEST:
        raise Refused("is larger than an envelope", str(path))
    return check(path.read_bytes(), str(path), public)
