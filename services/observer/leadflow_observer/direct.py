"""The observer's part of `leadflow.runtime.direct`: a lone event in an ordinary request, without a task.

It says and counts the same as the application does for the same bytes; whatever is not ordinary is left to that.
"""

from dataclasses import dataclass
from functools import partial
from typing import final

from leadflow import metrics
from leadflow.pipeline.ingest.parcel import Caller, Parcel
from leadflow.pipeline.ingest.pipe import Ingest
from leadflow.pipeline.ingest.prompt import PromptIngest
from leadflow.pipeline.ingest.refusal import Refusal
from leadflow.ports import Enlisting
from leadflow.runtime.direct import Reply, Take
from leadflow_observer.admission import Admission
from leadflow_observer.answers import SUCCESS, header_lines, may_be_echoed
from leadflow_observer.callers import Callers, Headers, announced
from leadflow_observer.outcomes import answer_to, failed
from leadflow_observer.routes import Route, route_of


class Direct:
    """Tells requests that can be taken without a task, and takes them."""

    def __init__(self, ingest: Ingest, log: Enlisting, callers: Callers, admission: Admission) -> None:
        """All of them are the application's own."""
        self._body_limit = ingest.body_limit
        self._ingest = PromptIngest(ingest, log)
        self._callers = callers
        self._admission = admission

    def prepare(self, path: str, headers: Headers) -> Take | None:
        """See `leadflow.runtime.direct.Prepare`."""
        route, origin = route_of(path), headers.get(b"origin")
        if route is None or route.method != "POST" or route.call.batch is not False or not may_be_echoed(origin):
            return None
        limit = self._body_limit(False).size  # noqa: FBT003  # as in Call
        size, caller = announced(headers, limit), self._callers.lasting(headers)
        if size > limit or caller is None or type(caller.source) is Refusal:
            return None
        desk = _Desk(
            ingest=self._ingest,
            admission=self._admission,
            route=route,
            caller=caller,
            size=size,
            origin=origin,
            success=header_lines(SUCCESS, origin),
        )
        return desk.take


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """Serves the requests of one head. `size`: bytes announced; `success`: the header lines of SUCCESS."""

    ingest: PromptIngest
    admission: Admission
    route: Route
    caller: Caller
    size: int
    origin: bytes | None
    success: bytes

    def take(self, body: bytes, reply: Reply) -> None:
        """Let the request in if there is room, and see it through."""
        refusal = self.admission.enter(self.size)
        if refusal is not None:
            self._answer(reply, refusal)
            return
        try:
            outcome: Refusal | Exception | None = self.ingest.accept(
                Parcel(body, self.route.call, self.caller), partial(self._finish, reply)
            )
        except Exception as error:  # noqa: BLE001  # one request harms itself alone
            outcome = error
        if outcome is not None:
            self._finish(reply, outcome)

    def _finish(self, reply: Reply, outcome: Refusal | Exception | None) -> None:
        """Give the room back, and answer."""
        self.admission.leave(self.size)
        if outcome is None:
            metrics.OBSERVER_REQUESTS.add(1, self.route.path, "200")
            reply(SUCCESS.status, self.success, SUCCESS.body)
        else:
            self._answer(reply, failed(self.route, outcome) if isinstance(outcome, Exception) else outcome)

    def _answer(self, reply: Reply, refusal: Refusal) -> None:
        answer = answer_to(self.route, refusal)
        metrics.OBSERVER_REQUESTS.add(1, self.route.path, str(answer.status))
        reply(answer.status, header_lines(answer, self.origin), answer.body)
