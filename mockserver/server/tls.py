"""TLS certificates: generated for localhost at the start, or the user's own."""

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files of a certificate and its key; `authority` is the CA that clients must trust."""

    cert: Path
    key: Path
    authority: Path | None


@contextmanager
def generate_certificate(host: str) -> Iterator[Certificate]:
    """Yield a temporary certificate for localhost and `host`."""
    import trustme  # takes 0.1 s to load, which only --tls needs

    names = ["localhost", "127.0.0.1", "::1"]
    if host not in (*names, "0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        names.append(host)
    try:
        folder = tempfile.TemporaryDirectory(prefix="mockserver-tls-")
    except OSError as error:
        raise click.ClickException(
            f"--tls needs a folder for its certificate: {error.strerror}; "
            "set TMPDIR to a writable one"
        ) from None
    with folder as name:
        authority = trustme.CA(organization_name="Account Cart Sandbox")
        leaf = authority.issue_cert(*names)
        certificate = Certificate(
            Path(name, "cert.pem"), Path(name, "key.pem"), Path(name, "authority.pem")
        )
        leaf.private_key_pem.write_to_path(str(certificate.key))
        certificate.cert.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        assert certificate.authority is not None
        authority.cert_pem.write_to_path(str(certificate.authority))
        yield certificate


def load_certificate(cert: Path, key: Path) -> Certificate:
    """Return the user's certificate. Raises click.ClickException if cert and key don't match."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "reason", None) or error
        raise click.ClickException(
            f"--tls-cert {cert} and --tls-key {key} can't be used: {reason}; "
            "write the PEM files of a certificate and of its key"
        ) from None
    return Certificate(cert, key, None)
