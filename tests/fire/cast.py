"""Who plays: two observers, three processors, two scorers and an admin API, as processes over one log and one store."""

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from e2e.server import PROGRAM, SETTINGS
from fire.member import Member

NUMBERS: Mapping[str, int] = {"observer": 2, "processor": 3, "scoring": 2, "admin-api": 1}
SESSION_SECONDS = 3.0
SHORT: Mapping[str, str] = {
    "LEADFLOW_KAFKA_SESSION_TIMEOUT": f"{SESSION_SECONDS:g}",
    "LEADFLOW_KAFKA_TRANSACTION_TIMEOUT": "6",
    "LEADFLOW_KAFKA_CALL_TIMEOUT": "5",
}
"""Time-outs so short that a run sees many of them."""


@dataclass(slots=True)
class Cast:
    """The members by name, in the order of their entrance."""

    folder: Path
    settings: Mapping[str, str]
    members: list[Member] = field(default_factory=list)

    def enter(self, role: str) -> Member:
        """One more of a role, not started yet."""
        member = Member(role, sum(one.role == role for one in self.members), self.folder, self.settings)
        self.members.append(member)
        return member

    def of(self, *roles: str) -> Sequence[Member]:
        """The members of some roles."""
        return [member for member in self.members if member.role in roles]

    def roles(self) -> Sequence[str]:
        """The roles that are played, each once."""
        return list(dict.fromkeys(member.role for member in self.members))

    def tails(self) -> str:
        """The last lines of every log, for a failure."""
        return "\n".join(f"--- {member.name} ({member.code}):\n{member.tail()}" for member in self.members)

    def end(self) -> None:
        """Nobody survives the play."""
        for member in self.members:
            member.kill()


def distributed(folder: Path, log_url: str) -> dict[str, str]:
    """The settings of every member: a log of its own, one SQLite store for all, short time-outs."""
    return {
        **SETTINGS,
        **SHORT,
        "LEADFLOW_LOG": log_url,
        "LEADFLOW_STORE": f"sqlite:///{folder / 'store.db'}",
        "LEADFLOW_DATA": str(folder),
    }


def initialise(folder: Path, settings: Mapping[str, str]) -> None:
    """Create the topics and the store, as an operator does before anything starts."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LEADFLOW_")}
    done = subprocess.run(  # noqa: S603  the program under test
        [PROGRAM, "init"], env={**environment, **settings}, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"leadflow init ended with {done.returncode}: {done.stdout}{done.stderr}"


@contextmanager
def playing(cast: Cast, numbers: Mapping[str, int] = NUMBERS) -> Iterator[None]:
    """Start everybody, end everybody; a failure in between shows the ends of their logs."""
    try:
        for role, number in numbers.items():
            for _ in range(number):
                cast.enter(role).start()
        for member in cast.members:
            member.wait_until_ready()
        yield
    except AssertionError as error:
        raise AssertionError(f"{error}\n{cast.tails()}") from error
    finally:
        cast.end()
