"""A PDF signed for those who open it in a reader. In: a PDF, a certificate with its key. Out: a
copy with a PAdES signature, which says when it was made and so is never the same bytes twice.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from reporter.errors import InputError
from reporter.pipeline.sealed.extras import SIGN_PDF, needed

FIELD = "Sealed"
_KEY = (
    "Give one PEM file with the certificate, its chain and its private key, without a passphrase."
)


def read_signer(path: Path, at: datetime) -> Any:
    """Return what signs with the certificate and key of a PEM file.

    Raises InputError where the file does not hold both, they do not belong together, or the
    certificate is not valid at that moment.
    """
    if not path.is_file():
        raise InputError("no such file", str(path), _KEY)
    signers = needed("pyhanko.sign.signers", SIGN_PDF)
    others = needed("asn1crypto.pem", SIGN_PDF)
    x509 = needed("asn1crypto.x509", SIGN_PDF)
    keys = needed("asn1crypto.keys", SIGN_PDF)
    registry = needed("pyhanko_certvalidator.registry", SIGN_PDF)
    text = path.read_bytes()
    try:
        blocks = list(others.unarmor(text, multiple=True)) if b"-----BEGIN" in text else []
        certificates = [x509.Certificate.load(d) for kind, _, d in blocks if kind == "CERTIFICATE"]
        private = [keys.PrivateKeyInfo.load(d) for kind, _, d in blocks if kind == "PRIVATE KEY"]
    except ValueError as error:
        raise InputError(f"cannot be read: {error}", str(path), _KEY) from error
    if not certificates or len(private) != 1:
        what = f"holds {len(certificates)} certificates and {len(private)} private keys (PKCS#8)"
        raise InputError(what, str(path), _KEY)
    _refuse_useless(certificates[0], private[0], path, at)
    chain = registry.SimpleCertificateStore()
    chain.register_multiple(certificates[1:])
    return signers.SimpleSigner(certificates[0], private[0], chain)


def _refuse_useless(certificate: Any, private: Any, path: Path, at: datetime) -> None:
    """Raise InputError where no reader would take what a certificate and a key sign."""
    x509 = needed("cryptography.x509", SIGN_PDF)
    forms = needed("cryptography.hazmat.primitives.serialization", SIGN_PDF)
    key = forms.load_der_private_key(private.dump(), None).public_key()
    own = x509.load_der_x509_certificate(certificate.dump())
    if key != own.public_key():
        raise InputError(
            "its private key is not that of its first certificate, and no reader would take such a"
            " signature",
            str(path),
            _KEY,
        )
    first, last = own.not_valid_before_utc, own.not_valid_after_utc
    if not first <= at <= last:
        raise InputError(
            f"its first certificate is valid from {first:%Y-%m-%d} to {last:%Y-%m-%d}, and today"
            f" is {at:%Y-%m-%d}",
            str(path),
            _KEY,
        )


def sign_pdf(source: Path, target: Path, signer: Any) -> None:
    """Write a signed copy of a PDF: its bytes, and the signature behind them."""
    signers = needed("pyhanko.sign.signers", SIGN_PDF)
    fields = needed("pyhanko.sign.fields", SIGN_PDF)
    writer = needed("pyhanko.pdf_utils.incremental_writer", SIGN_PDF)
    about = signers.PdfSignatureMetadata(
        FIELD, subfilter=fields.SigSeedSubFilter.PADES, md_algorithm="sha256"
    )
    with source.open("rb") as file, target.open("xb") as output:
        signers.sign_pdf(writer.IncrementalPdfFileWriter(file), about, signer, output=output)
