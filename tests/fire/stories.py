"""How a cluster fails, and what observers answer meanwhile."""

from collections.abc import Callable
from time import monotonic

from fire.ledger import OK
from fire.outage import ACK_SECONDS, SLACK, Gap, Numbers, Outage, quantile
from tools.broker import Node

Story = Callable[[Outage], Numbers]
_ATTEMPTS = 20  # that have to be told to come again before the broker is back


def away(how: Callable[[Node], None]) -> Story:
    """The only node goes away under load, and comes back when everybody has waited beyond every deadline."""

    def story(outage: Outage) -> Numbers:
        [node] = outage.cluster.nodes
        outage.load()
        how(node)
        gap = Gap(monotonic())
        outage.while_away(gap, _ATTEMPTS)
        gap.ended = monotonic()
        node.start()
        back = outage.first_success(monotonic())
        outage.load()
        took = outage.senders.ledger.seconds(gap.holds)
        assert took[-1] < ACK_SECONDS + SLACK, f"an answer took {took[-1]:.1f} s while the broker was away"
        return {
            "gap_s": round(gap.ended - gap.began, 1),
            "attempts in it": len(took),
            "slowest answer_s": round(took[-1], 2),
            "taken again after_s": round(back, 2),
        }

    return story


def one_of_three(outage: Outage) -> Numbers:
    """A node of three dies under load, and comes back much later: requests are taken all the time."""
    outage.load()
    before = outage.senders.ledger.seconds(lambda answer: answer.status == OK)
    node = outage.cluster.nodes[0]
    node.kill()
    gap = Gap(monotonic())
    first = outage.first_success(gap.began)
    for _ in range(3):
        outage.load()
    gap.ended = monotonic()
    node.start()
    outage.load()
    took = outage.senders.ledger.seconds(lambda answer: gap.holds(answer) and answer.status == OK)
    return {
        "p99 before_s": round(quantile(before, 0.99), 3),
        "taken again after_s": round(first, 2),
        "taken without it": len(took),
        "p50_s": round(quantile(took, 0.5), 3),
        "p99_s": round(quantile(took, 0.99), 3),
    }
