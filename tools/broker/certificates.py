"""Certificates for a cluster on the loopback interface, made by OpenSSL: one authority, the brokers', a client's."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"]
_OPENSSL_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: the authority, the brokers' key with its certificate in one file, a client's in two."""

    authority: Path
    brokers: Path
    client: Path
    client_key: Path


def certificates(folder: Path) -> Certificates:
    """Return those in `folder`, made at the first call."""
    made = Certificates(*(folder / name for name in ("ca.pem", "brokers.pem", "client.pem", "client.key")))
    if made.brokers.exists():
        return made
    folder.mkdir(mode=0o700, exist_ok=True)
    own = ["-subj", "/CN=Kafka for tests", "-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    _certify(*own, "-keyout", str(folder / "ca.key"), "-out", str(made.authority))
    signed = ["-CA", str(made.authority), "-CAkey", str(folder / "ca.key"), "-addext", "basicConstraints=CA:FALSE"]
    client = ["-subj", "/CN=client", "-keyout", str(made.client_key), "-out", str(made.client)]
    _certify(*signed, *client)
    key, certificate = folder / "brokers.key", folder / "brokers.crt"
    named = ["-subj", "/CN=broker", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    _certify(*signed, *named, "-keyout", str(key), "-out", str(certificate))
    made.brokers.write_text(key.read_text(encoding="ascii") + certificate.read_text(encoding="ascii"), encoding="ascii")
    return made


def _certify(*arguments: str) -> None:
    command = ["openssl", "req", "-x509", *_KEY, *arguments]
    done = subprocess.run(  # noqa: S603  our own arguments, no shell
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_OPENSSL_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
