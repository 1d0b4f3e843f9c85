"""Keyed hashes: names for people that say nothing about them to anyone without the secret."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b

from leadflow.core.identity.forest import IdentifierKey
from leadflow.core.touchpoint import Identifier

MIN_SECRET_BYTES = 16
DIGEST_BYTES = 12  # 96 bits: a collision among ten billion names has odds of about one in a billion

_DOMAINS = (b"identifier", b"profile", b"touchpoint", b"partition")
_REMEMBERED = 32_768  # names
_BEGUN = 1_024  # first parts that many names have in common: types of identifiers, write keys
_WORTH_REMEMBERING = 256  # characters: as long as identifiers may be
_MAX_KEY_BYTES = 64  # of BLAKE2b, RFC 7693 section 2.1


@dataclass(frozen=True, slots=True)
class Hasher:
    """Keyed BLAKE2b (RFC 7693), 24 lower-case hexadecimal characters, a domain of its own for each purpose.

    The secret must stay the same for the life of a workspace: every key in the log and the store depends on it.
    Raises ValueError for a secret shorter than 16 bytes.
    """

    secret: bytes = field(repr=False)
    # People come back: the keys of records sent lately need no hashing.
    _remembered: Callable[[bytes, str, str], str] = field(init=False, repr=False, compare=False)
    # To copy: the key is taken in once, and so are first parts that come back.
    _keyed: Mapping[bytes, blake2b] = field(init=False, repr=False, compare=False)
    _begun: Callable[[bytes, str], blake2b] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_remembered", lru_cache(maxsize=_REMEMBERED)(self._digest))
        object.__setattr__(self, "_keyed", {domain: self._key(domain) for domain in _DOMAINS})
        object.__setattr__(self, "_begun", lru_cache(maxsize=_BEGUN)(self._begin))
        if len(self.secret) < MIN_SECRET_BYTES:
            raise ValueError(
                f"the hash secret has {len(self.secret)} bytes: give at least {MIN_SECRET_BYTES} random bytes, "
                "e.g. `openssl rand -hex 32`"
            )

    def identifier(self, identifier: Identifier) -> IdentifierKey:
        """The key of an identifier: `type:hash`."""
        return f"{identifier.type}:{self._digest(b'identifier', identifier.type, identifier.value)}"

    def profile(self, identifier_key: IdentifierKey, incarnation: int) -> str:
        """The id of the profile that is born of an identifier; each incarnation after an erasure gives another one."""
        return _ended(self._begin(b"profile", identifier_key), str(incarnation))  # no two begin alike

    def touchpoint(self, source: str, message_id: str) -> str:
        """The key of a touchpoint's document: one per message id and write key."""
        return self._digest(b"touchpoint", source, message_id)

    def partition_key(self, kind: str, value: str) -> str:
        """The key of a record in `touchpoints`, which nobody can join with an identifier's key."""
        digest = self._remembered if len(value) <= _WORTH_REMEMBERING else self._digest
        return digest(b"partition", kind, value)

    def _digest(self, domain: bytes, first: str, second: str) -> str:
        return _ended(self._begun(domain, first).copy(), second)

    def _begin(self, domain: bytes, first: str) -> blake2b:
        # The length in front keeps ("a", "bc") and ("ab", "c") apart.
        head = first.encode("utf-8", "surrogatepass")
        hashing = self._keyed[domain].copy()
        hashing.update(len(head).to_bytes(4, "big") + head)
        return hashing

    def _key(self, domain: bytes) -> blake2b:
        secret = self.secret if len(self.secret) <= _MAX_KEY_BYTES else blake2b(self.secret).digest()
        return blake2b(digest_size=DIGEST_BYTES, key=secret, person=domain)


def _ended(begun: blake2b, second: str) -> str:
    """The digest with its second part; `begun` is used up. Surrogates may come from JSON escapes."""
    begun.update(second.encode("utf-8", "surrogatepass"))
    return begun.hexdigest()
