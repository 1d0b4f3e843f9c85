"""The straight path: who goes on without the resolver."""

from leadflow.core.identity.classify import Known, Route, classify
from leadflow.core.identity.forest import Claim


def test_identifiers_of_one_leaf_go_straight_on_whatever_its_root() -> None:
    """Nobody has to know the root: it is one tree."""
    claims: dict[str, Claim | None] = {"email:1": Claim(leaf="leaf"), "user_id:1": Claim(leaf="leaf")}
    assert classify(("user_id:1", "email:1"), 5, Known(claims, {})) == Route("straight", "leaf")


def test_two_leaves_go_straight_on_only_under_one_root() -> None:
    """Else the resolver decides whether they are one person."""
    claims: dict[str, Claim | None] = {"email:1": Claim(leaf="late"), "user_id:1": Claim(leaf="early")}
    ids = ("user_id:1", "email:1")
    assert classify(ids, 5, Known(claims, {"late": "early", "early": "early"})) == Route("straight", "early")
    assert classify(ids, 5, Known(claims, {"late": "late", "early": "early"})) == Route("evidence")


def test_one_leaf_beside_what_nobody_has_claimed_is_evidence() -> None:
    """So is one whose identifier was erased after the touchpoint had been received."""
    claims: dict[str, Claim | None] = {"email:1": None, "user_id:1": Claim(leaf="leaf")}
    assert classify(("user_id:1", "email:1"), 5, Known(claims, {})) == Route("evidence")
    erased = {**claims, "email:1": Claim(leaf="leaf", erased_at=5)}
    assert classify(("user_id:1", "email:1"), 5, Known(erased, {})) == Route("evidence")
