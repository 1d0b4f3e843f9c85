"""Leadflow as an operator runs it on several machines: `leadflow init`, then each service as a process of its own."""

from collections.abc import Mapping
from pathlib import Path

from e2e.api import Api
from e2e.server import ADMIN_TOKEN, SETTINGS
from fire.cast import initialise
from fire.member import ROLES, Member


class Services:
    """One process of each service over one log and one store, with the interface of `Server`."""

    token = ADMIN_TOKEN

    def __init__(self, folder: Path, log_url: str, settings: Mapping[str, str] = SETTINGS) -> None:
        """Nothing is started yet. Topics are this folder's own: several can share a broker."""
        self.settings = {
            "LEADFLOW_STORE": f"sqlite:///{folder / 'store.db'}",
            **settings,
            "LEADFLOW_LOG": log_url,
            "LEADFLOW_DATA": str(folder),
            "LEADFLOW_TOPIC_PREFIX": f"{folder.name}.",
            "LEADFLOW_KAFKA_SESSION_TIMEOUT": "6",
        }
        self.folder = folder
        self.members = {role: Member(role, 0, folder, self.settings) for role in ROLES}
        self.url = self.address("observer")

    def address(self, role: str) -> str:
        """Where a service listens."""
        return f"http://127.0.0.1:{self.members[role].port}"

    def client(self) -> Api:
        """A client that sends to the observer and asks the admin API."""
        return Api(self.url, self.token, self.address("admin-api"))

    def start(self) -> Api:
        """Create what is missing, start every service, and return once all are ready."""
        initialise(self.folder, self.settings)
        for member in self.members.values():
            member.start()
        for member in self.members.values():
            member.wait_until_ready()
        return self.client()

    def stop(self) -> None:
        """Ask all to end, as a service manager does; a stop that is not clean fails the test."""
        for member in self.members.values():
            member.ask_to_stop()
        for member in self.members.values():
            member.wait_until_stopped()

    def kill(self) -> None:
        """End all at once."""
        for member in self.members.values():
            member.kill()

    @property
    def running(self) -> bool:
        """Whether there is any process to end."""
        return any(member.alive for member in self.members.values())

    def logs(self) -> str:
        """What all of them have logged."""
        return "".join(member.log.read_text(errors="replace") for member in self.members.values())

    def tail(self) -> str:
        """The ends of their logs."""
        return "\n".join(f"--- {member.name}:\n{member.tail()}" for member in self.members.values())
