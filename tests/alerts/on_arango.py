"""The embedded pipeline over ArangoDB (its double), and what can befall the store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alerts.deeds import Deeds
from alerts.repeating import repeating
from alerts.traffic import flowing
from e2e import plain_http
from e2e.server import ADMIN_TOKEN, SETTINGS, Server
from fire.cast import initialise
from tools.arango_double.process import Place, place

DEEDS: "Deeds[OnArango]" = Deeds()


@dataclass(slots=True)
class OnArango:
    """One process, and the double that keeps its documents."""

    server: Server
    documents: Place

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.server.port


@contextmanager
def on_arango(folder: Path) -> Iterator[OnArango]:
    """Run both."""
    with place("alerts") as documents:
        settings = {**SETTINGS, **documents.settings}
        initialise(folder, {**settings, "LEADFLOW_DATA": str(folder / "data")})
        server = Server(folder, settings)
        server.start().close()
        try:
            yield OnArango(server, documents)
        finally:
            if server.running:
                server.kill()


@DEEDS("LeadflowStoreConflicts")
def somebody_else_writes_there(scene: OnArango) -> Iterator[None]:
    """Half of the documents written meet another write."""
    scene.documents.trouble(conflict=0.5)
    with flowing(scene.port, pause=0.02, threads=2, batch=20):
        yield
    scene.documents.trouble()


@DEEDS("LeadflowStoreAway", "LeadflowAdminErrors")
def the_database_is_away(scene: OnArango) -> Iterator[None]:
    """Every request is answered with 503; somebody goes on to look at leads."""
    scene.documents.trouble(unavailable=1.0)
    with flowing(scene.port, seed=1), repeating(lambda: _look(scene)):
        yield
    scene.documents.trouble()


def _look(scene: OnArango) -> None:
    """As a dashboard does."""
    bearer = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    plain_http.get(f"{scene.server.url}/api/v1/leads", headers=bearer, timeout=20)
