"""The keys that a start needs: those given, else those of the data folder, else generated once. None has a default."""

import hashlib
import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from leadflow.runtime.setting_values import write_keys
from leadflow.runtime.settings import Settings, SettingsError

FILE = "secrets.json"
GENERATED_NAME = "default"
"""The name of a generated write key."""
ALL = ("write_keys", "admin_token", "hash_secret")


class Kept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What secrets.json holds: what was generated, and a mark of the hash secret that the data was made with.

    `unshown` names what was generated and has not been printed yet.
    """

    write_keys: str | None = None
    admin_token: str | None = None
    hash_secret: str | None = None
    hash_mark: str | None = None
    unshown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a process works with. `unshown` names what was generated and never printed; `path` is where it is kept."""

    keys: Mapping[str, str] = field(repr=False)  # {write key: name}
    admin_token: str = field(repr=False)
    hash_secret: bytes = field(repr=False)
    unshown: tuple[str, ...] = ()
    path: Path | None = None  # None: everything was given


def load_or_create(settings: Settings) -> Secrets:
    """Complete what is given from the data folder, generating what is missing there. Raises SettingsError."""
    path = settings.data / FILE
    kept = _read(path)
    _check_mark(kept, settings, path)
    complete = _complete(kept, settings)
    if complete != kept:
        _write(path, complete, first=kept == Kept())
        kept = _read(path)  # another process may have been first
    return _combine(kept, settings, path)


def load(settings: Settings, needed: Sequence[str] = ALL) -> Secrets:
    """Complete what is given from the data folder, generating nothing. SettingsError names all `needed` ones missing.

    What nobody needs and nobody gave is empty: such a key opens nothing.
    """
    path = settings.data / FILE
    kept = _read(path)
    _check_mark(kept, settings, path)
    missing = [
        f"LEADFLOW_{name.upper()}" for name in needed if getattr(settings, name) is None and getattr(kept, name) is None
    ]
    if missing:
        hint = "" if settings.log_url.startswith("kafka:") else f", or let `leadflow init` generate them in {path}"
        raise SettingsError(f"not set: {', '.join(missing)}; set them{hint}")
    return _combine(kept, settings, path)


def mark_shown(secrets: Secrets) -> None:
    """Note that the generated keys have been printed, so that no later start prints them again."""
    if secrets.path is not None and secrets.unshown:
        _write(secrets.path, msgspec.structs.replace(_read(secrets.path), unshown=()), first=False)


def _complete(kept: Kept, settings: Settings) -> Kept:
    """Generate what is neither given nor kept."""
    fresh: dict[str, str] = {}
    if settings.write_keys is None and kept.write_keys is None:
        fresh["write_keys"] = f"{GENERATED_NAME}:{secrets.token_hex(16)}"
    if settings.admin_token is None and kept.admin_token is None:
        fresh["admin_token"] = secrets.token_hex(24)
    if settings.hash_secret is None and kept.hash_secret is None:
        fresh["hash_secret"] = secrets.token_hex(32)
    unshown = (*kept.unshown, *fresh)
    if kept.hash_mark is None:
        given = settings.hash_secret.get_secret_value() if settings.hash_secret else kept.hash_secret
        fresh["hash_mark"] = _mark(given or fresh["hash_secret"])
    return msgspec.structs.replace(kept, unshown=unshown, **fresh)


def _combine(kept: Kept, settings: Settings, path: Path) -> Secrets:
    """Put what is given over what is kept."""
    token = settings.admin_token.get_secret_value() if settings.admin_token else kept.admin_token or ""
    secret = settings.hash_secret.get_secret_value() if settings.hash_secret else kept.hash_secret or ""
    given = settings.write_keys and settings.admin_token and settings.hash_secret
    return Secrets(
        keys=settings.keys or write_keys(kept.write_keys or ""),
        admin_token=token,
        hash_secret=secret.encode(),
        unshown=tuple(name for name in kept.unshown if getattr(settings, name) is None),
        path=None if given else path,
    )


def _mark(secret: str) -> str:
    """Return a mark by which a secret is recognised, not learnt."""
    return hashlib.blake2b(secret.encode(), digest_size=8, person=b"leadflow mark").hexdigest()


def _check_mark(kept: Kept, settings: Settings, path: Path) -> None:
    """Refuse another hash secret than the data was made with: every key in the log and the store would be lost."""
    if settings.hash_secret and kept.hash_mark and _mark(settings.hash_secret.get_secret_value()) != kept.hash_mark:
        raise SettingsError(
            f"LEADFLOW_HASH_SECRET is not the one that {path.parent} was made with: give that, or another LEADFLOW_DATA"
        )


def _read(path: Path) -> Kept:
    """Read the file; an absent one is empty. One that others may read is made private."""
    try:
        content = path.read_bytes()
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            path.chmod(0o600)
        return msgspec.json.decode(content, type=Kept)
    except FileNotFoundError:
        return Kept()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise SettingsError(
            f"{path} is damaged ({error}): restore it from a backup, the data needs its keys"
        ) from error


def _write(path: Path, kept: Kept, *, first: bool) -> None:
    """Write atomically, readable by the owner alone. `first`: if another process was quicker, its file stays."""
    temporary = path.with_name(f".{FILE}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if first:
            _link_unless_there(temporary, path)
        else:
            temporary.replace(path)
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be written: {error.strerror}; is LEADFLOW_DATA a folder of yours?"
        ) from error


def _link_unless_there(temporary: Path, path: Path) -> None:
    """Give the file its name unless another one has it."""
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return
    finally:
        temporary.unlink()
