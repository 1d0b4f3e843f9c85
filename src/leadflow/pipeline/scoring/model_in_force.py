"""Which model the leads are counted by.

Announcements are numbered. A process is outdated once another model has a later number than its own: it must neither
go on counting nor announce its model again.
"""

from leadflow.contracts.collections import MODELS
from leadflow.contracts.documents import ModelDoc
from leadflow.contracts.resolved import Rescore
from leadflow.core.scoring.model import Model
from leadflow.pipeline.scoring.rescoring import ask_for_rescoring
from leadflow.ports import Log, Store, Superseded

_CURRENT = "current"


class ModelInForce:
    """The model that this process counts by, and the number of the announcement under which it does so."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._generation: int | None = None  # not announced yet: what starts now is the latest

    async def announce(self, log: Log, store: Store) -> bool:
        """Ask for a rescoring of all leads if they were counted with another model; True when asked.

        May be called whenever a group is joined and by several processes: a rescoring done twice gives the same.
        Raises Superseded where another model was announced after ours.
        """
        while True:
            (known,) = await store.get(MODELS, [_CURRENT])
            if known is None:
                (done,) = await store.insert(MODELS, [(_CURRENT, self._document(0))])
                if done:
                    self._generation = 0
                    return False
                continue
            latest = known.value
            if (latest.name, latest.version) == (self._model.name, self._model.version):
                self._generation = latest.generation
                return False
            self._refuse_later(latest.name, latest.version, latest.generation)
            document = self._document(latest.generation + 1)
            await ask_for_rescoring(log, store, self._model, document.generation)
            (done,) = await store.replace(MODELS, [(_CURRENT, document, known.rev)])
            if done:
                self._generation = document.generation
                return True

    def check(self, order: Rescore) -> None:
        """Raise Superseded before an order to count by another, later model is carried out with ours."""
        if order.version != self._model.version:
            self._refuse_later(order.model, order.version, order.generation)

    def _refuse_later(self, name: str, version: str, generation: int) -> None:
        if self._generation is not None and generation > self._generation:
            raise Superseded(
                f"the model {self._model.name} {self._model.version} of this process was superseded by "
                f"{name} {version}, which another process announced later: stop this one, or give it that model; "
                "started anew as it is, it would take over again"
            )

    def _document(self, generation: int) -> ModelDoc:
        return ModelDoc(name=self._model.name, version=self._model.version, generation=generation)
