"""Promises 1 to 4 of the design, checked on what a run has left behind. Each check returns what it found wrong."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from simulator.observed import Observed
from simulator.story import is_poison
from simulator.world import World

from leadflow.contracts.documents import LeadDoc, TouchpointDoc
from leadflow.core.scoring.model import Model
from leadflow.core.scoring.tally import EMPTY, Tally, combine
from leadflow.pipeline.processor.processor import contacts_of
from leadflow.pipeline.scoring.counting import count, signal_of
from leadflow.pipeline.scoring.lead import value_of


def arrived(world: World, seen: Observed) -> Iterator[str]:
    """Promise 1: what was accepted is on the timeline of its profile or in `rejected`."""
    for message_id, touchpoint in world.accepted.items():
        key = world.hasher.touchpoint(touchpoint.source, message_id)
        document = seen.touchpoints.get(key)
        if document is None:
            refusals = [r for r in seen.rejected if r["message_id"] == message_id and r["hop"] == "processor"]
            if not refusals or key not in seen.rejections:
                yield f"{message_id} is lost: neither stored nor refused"
        elif document.addr is None and not document.rejected:
            yield f"{message_id} is lost: it never got an address"
        elif document.rejected != _is_poisoned(document):
            yield f"{message_id} is marked rejected={document.rejected}, which is wrong"
    repeated = Counter((r["message_id"], r.get("repair", 0)) for r in seen.rejected if r["hop"] == "scoring")
    for (message_id, repair), times in repeated.items():
        if times > 1:
            yield f"{message_id} (repair {repair}) was rejected {times} times"
    told = {(r["message_id"], r.get("repair", 0)) for r in seen.rejected}
    for document in seen.touchpoints.values():
        if document.rejected and (document.message_id, document.repair) not in told:
            yield f"{document.message_id} is rejected, but `rejected` does not say so"


def _is_poisoned(document: TouchpointDoc) -> bool:
    """Whether a hop that it passes cannot process it."""
    body = bytes(document.value.body) if document.value else b""
    hops = ("scoring", "processor", "resolver") if document.via == "id" else ("scoring", "processor")
    return any(is_poison(body, hop) for hop in hops)


def own_tallies(seen: Observed, model: Model) -> dict[str, Tally]:
    """What each leaf should have counted: the touchpoints that are addressed to it, in any order."""
    tallies: dict[str, Tally] = defaultdict(lambda: EMPTY)
    for document in seen.touchpoints.values():
        if document.addr is None or document.rejected or document.value is None:
            continue
        signal = signal_of(document.value, contacts_of(document))
        tallies[document.addr] = count(tallies[document.addr], signal, model)[0]
    return tallies


def counted_once(world: World, seen: Observed) -> Iterator[str]:
    """Promises 2 and 4: each leaf counts its touchpoints once, each node the sum over its subtree, to the last bit."""
    tallies = own_tallies(seen, world.model)
    children: dict[str, list[str]] = defaultdict(list)
    for pid, profile in seen.profiles.items():
        if profile.link is not None:
            children[profile.link.parent].append(pid)

    def total(pid: str) -> Tally:
        parts = [(link.at, child, total(child)) for child in children[pid] if (link := seen.profiles[child].link)]
        return combine(tallies[pid], parts)

    for pid in seen.profiles.keys() | seen.leads.keys() | set(tallies):
        lead = seen.leads.get(pid, LeadDoc())
        if lead.own != tallies[pid]:
            yield f"lead {pid} has counted {_shown(lead.own)}, its touchpoints are {_shown(tallies[pid])}"
        elif value_of(lead) != total(pid):
            yield f"lead {pid} is worth {_shown(value_of(lead))}, its subtree {_shown(total(pid))}"


def _shown(tally: Tally) -> str:
    """How much a tally counted, for a message."""
    return ", ".join(f"{rule}: {sorted(hours)}" for rule, hours in sorted(tally.counts.items())) or "nothing"


def changes_published(_: World, seen: Observed) -> Iterator[str]:
    """Promise 3: the changes of a lead are numbered 1 to n, in order, each once, and end where the lead stands."""
    if len({change.id for change in seen.changes}) != len(seen.changes):
        yield "two stage changes have one id"
    published: dict[str, list[int]] = defaultdict(list)
    stages: dict[str, str] = {}
    for change in seen.changes:
        published[change.profile_id].append(change.sequence)
        if change.from_ != stages.get(change.profile_id, "visitor"):
            yield f"stage change {change.id} starts from {change.from_}, not where the one before it ended"
        stages[change.profile_id] = change.to
    for pid, sequence in published.items():
        if sequence != list(range(1, len(sequence) + 1)):
            yield f"the changes of {pid} are numbered {sequence}"
    for pid, lead in seen.leads.items():
        if lead.standing.sequence != len(published[pid]) or lead.standing.stage != stages.get(pid, "visitor"):
            yield f"lead {pid} stands at {lead.standing.stage}, change {lead.standing.sequence}; published: {stages}"


def scores_published(world: World, seen: Observed) -> Iterator[str]:
    """The latest record of `lead-scores` is the score of the lead; a linked lead has none left."""
    for pid, lead in seen.leads.items():
        if lead.parent is not None and (seen.scores.get(pid) is not None or lead.stage is not None):
            yield f"lead {pid} is linked below another and still has a score"
        if lead.parent is None and lead.version and seen.scores.get(pid) != lead.published():
            yield f"the latest published score of {pid} is not that of the lead"
        if lead.parent is None and lead.version and lead.model != world.model.version:
            yield f"lead {pid} was counted by another model"


CHECKS = (arrived, counted_once, changes_published, scores_published)
