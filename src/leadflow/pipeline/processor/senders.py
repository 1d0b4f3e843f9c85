"""Who sent a touchpoint, in the forms that documents and records need; worked out once for people who come back."""

import msgspec

from leadflow.contracts.touchpoint import Touchpoint
from leadflow.core.identity.forest import IdentifierKey
from leadflow.core.identity.hashing import Hasher
from leadflow.core.identity.normal_forms import MAX_LENGTH
from leadflow.core.identity.rules import IdentityRules
from leadflow.core.reading import SenderFields, Sent, identify, read_sent, sent_by
from leadflow.core.touchpoint import TouchpointType

CONTACT_TYPES = ("email", "phone")

_YOUNG = 16_384  # what people sent, mostly a browser's id and perhaps a user's; as many old ones are kept


class Sender(msgspec.Struct, frozen=True, gc=False):
    """Identifiers in normal form, strongest first, and their keys in the same order."""

    keys: tuple[IdentifierKey, ...] = ()
    ids: tuple[tuple[str, str], ...] = ()  # (type, normal value)
    contacts: tuple[tuple[str, str], ...] = ()  # the e-mails and phones among them
    ignored: tuple[tuple[str, str], ...] = ()  # (type, why it identifies nobody)


NOBODY = Sender()


class Senders:
    """Recognises senders by the rules of identity. What was sent decides alone, so remembering it is safe.

    Remembered in two generations: whoever has not come while the young one filled up is forgotten with the old one.
    """

    def __init__(self, rules: IdentityRules, hasher: Hasher) -> None:
        self._rules = rules
        self._hasher = hasher
        self._young: dict[Sent, Sender] = {}
        self._old: dict[Sent, Sender] = {}

    def of(self, touchpoint: Touchpoint) -> Sender:
        """The sender of a touchpoint that is no action of sales."""
        return self._known(read_sent(touchpoint.body, touchpoint.context, touchpoint.type, self._rules.in_traits))

    def told_by(self, fields: SenderFields, kind: TouchpointType) -> Sender:
        """The sender of an event of its own, no batch's, that has been decoded. Raises where `of` may know more."""
        return self._known(sent_by(fields, kind, self._rules.in_traits))

    def _known(self, found: Sent) -> Sender:
        sent = tuple(found)
        try:
            return self._young.get(sent) or self._remember(sent, self._old.get(sent) or self._recognise(sent))
        except TypeError:  # lists and objects cannot be looked up
            return self._recognise(sent)

    def _remember(self, sent: Sent, sender: Sender) -> Sender:
        if _is_short_text(sent):
            if len(self._young) >= _YOUNG:
                self._old, self._young = self._young, {}
            self._young[sent] = sender
        return sender

    def _recognise(self, sent: Sent) -> Sender:
        found = identify(sent, self._rules)
        ids = tuple([(identifier.type, identifier.value) for identifier in found.kept])
        return Sender(
            keys=tuple(map(self._hasher.identifier, found.kept)),
            ids=ids,
            contacts=tuple([pair for pair in ids if pair[0] in CONTACT_TYPES]),
            ignored=found.ignored,
        )


def _is_short_text(sent: Sent) -> bool:
    """Whether it can be remembered: only text compares as it reads (1 equals true), and long text is no identifier."""
    for _, raw in sent:  # noqa: SIM110 - a generator costs twice as much, for every touchpoint
        if raw is not None and (type(raw) is not str or len(raw) > MAX_LENGTH):
            return False
    return True
