"""When a signature existed at the latest, by RFC 3161. In: the answer of a time-stamp authority,
the signature. Out: the time, and whether somebody trusted vouches for it.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Any

from reporter.errors import InputError
from reporter.pipeline.sealed.extras import STAMP, needed
from reporter.pipeline.sealed.names import Refused

LARGEST = 1 << 20
_HASHES = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_ASK = "Ask for one of manifest.dsse.json: `openssl ts -query -data manifest.dsse.json -cert`."


def stamped_at(path: Path, signature: bytes, authority: Path | None) -> tuple[str, bool]:
    """Return the time of a stamp of a signature as ISO 8601, and whether the certificates of an
    authority, which are trusted, vouch for it.

    Raises InputError where a file is missing or none, Refused where the stamp does not hold.
    """
    answer = _answer(path)
    imprint = answer.tst_info.message_imprint
    name = _HASHES.get(imprint.hash_algorithm.dotted_string)
    if name is None:
        raise Refused("is made with a hash that nobody should rely on", str(path), _ASK)
    if not hmac.compare_digest(hashlib.new(name, signature).digest(), imprint.message):
        raise Refused("is the stamp of another file than this signature", str(path), _ASK)
    if authority is not None:
        _verify(answer, signature, path, authority)
    return answer.tst_info.gen_time.isoformat(), authority is not None


def _answer(path: Path) -> Any:
    client = needed("rfc3161_client", STAMP)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST)
        try:
            return client.decode_timestamp_response(data)
        except ValueError:
            return client.decode_timestamp_response(_in_order(data))
    except FileNotFoundError as error:
        raise InputError("no such file", str(path), _ASK) from error
    except ValueError as error:
        raise InputError(f"is no answer as RFC 3161 describes: {error}", str(path), _ASK) from error


def _in_order(answer: bytes) -> bytes:
    """Return an answer with its certificates in the order of DER. OpenSSL leaves them in that of
    the chain, and the stamp does not cover them. Raises ValueError where it is no answer.
    """
    try:
        parsed = needed("asn1crypto.tsp", STAMP).TimeStampResp.load(answer)
        signed = parsed["time_stamp_token"]["content"]
        signed["certificates"] = sorted(signed["certificates"], key=lambda c: c.dump())
        ordered: bytes = parsed.dump(force=True)
    except (KeyError, TypeError) as error:
        raise ValueError("it holds no certificates") from error
    return ordered


def _verify(answer: Any, signature: bytes, path: Path, authority: Path) -> None:
    client, x509 = needed("rfc3161_client", STAMP), needed("cryptography.x509", STAMP)
    try:
        roots = x509.load_pem_x509_certificates(authority.read_bytes())
    except FileNotFoundError as error:
        raise InputError("no such file", str(authority)) from error
    except ValueError as error:
        raise InputError(f"holds no certificates in PEM: {error}", str(authority)) from error
    builder = client.VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify_message(answer, signature)
    except client.VerificationError as error:
        raise Refused(
            f"the certificates of {authority.name} do not vouch for it ({_plain(error)})", str(path)
        ) from error


def _plain(error: Exception) -> str:
    """Return what a library says of a stamp, without what its own libraries said."""
    return str(error).partition(": ErrorStack")[0].strip(" .")
