"""What the admin API has to be told; nothing in it has a default secret."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from leadflow.core.identity.rules import IdentityRules
from leadflow.core.scoring.model import Model

Pending = Callable[[str, str], Awaitable[int | None]]
"""(source, message id) -> received_at in ms of a touchpoint that lies in the log, unprocessed; None: not known."""

ACTION_SOURCE = "admin"
"""The source of the touchpoints that this API writes; no write key may have that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSettings:
    """`sources`: the names of the write keys and `admin`. `model`: the one in force."""

    token: str
    model: Model
    rules: IdentityRules
    sources: tuple[str, ...]
    action_wait_seconds: float = 5.0
    heartbeat_seconds: float = 15.0
    pending: Pending | None = None  # None: a receipt is 404 until the touchpoint has been processed

    def __post_init__(self) -> None:
        """Refuse to start open to everybody."""
        if not self.token.strip():
            raise ValueError("the admin API needs a token: set LEADFLOW_ADMIN_TOKEN to a long random text")
