"""Certificates of `--tls`: made for localhost at the start, or the user's own."""

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files of a certificate and its key; `authority` is what clients have to trust."""

    cert: Path
    key: Path
    authority: Path | None


@contextmanager
def made_certificate(host: str) -> Iterator[Certificate]:
    """Yield a certificate for localhost and `host`, made now and removed at the end."""
    import trustme  # its cryptography takes a tenth of a second to load: only --tls pays for it

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
        made = Certificate(
            Path(name, "cert.pem"), Path(name, "key.pem"), Path(name, "authority.pem")
        )
        leaf.private_key_pem.write_to_path(str(made.key))
        made.cert.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
        assert made.authority is not None
        authority.cert_pem.write_to_path(str(made.authority))
        yield made


def own_certificate(cert: Path, key: Path) -> Certificate:
    """Return a certificate of the user's. Raises click.ClickException when the two don't fit."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "reason", None) or error
        raise click.ClickException(
            f"--tls-cert {cert} and --tls-key {key} can't be used: {reason}; "
            "write the PEM files of a certificate and of its key"
        ) from None
    return Certificate(cert, key, None)
