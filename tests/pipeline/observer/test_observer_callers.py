"""Who calls is read from headers and address, and remembered where SDKs repeat themselves."""

import base64
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pipeline.observer.world import KEYS

from leadflow.pipeline.ingest.settings import ObserverSettings
from leadflow_observer.callers import Callers

SETTINGS = ObserverSettings(write_keys=KEYS)

authorizations = st.sampled_from(
    [b"Basic " + base64.b64encode(user) for user in (b"k1:", b"k2:x", b"no:", b" :", b":", b"k1" + b"x" * 2000)]
    + [b"", b"Bearer k1", b"basic ***"]
)
headers = st.dictionaries(
    st.sampled_from((b"x-write-key", b"user-agent", b"origin", b"sentat", b"x-other")),
    st.sampled_from((b"", b"k1", b"k2", b"curl/8", b"2026-11-21T18:33:16Z")),
)
anonymous = st.sampled_from(({}, {b"anonymousid": base64.b64encode(b"a1")}, {b"anonymousid": b"***"}))
queries = st.sampled_from((b"", b"writeKey=k2", b"writeKey=", b"a=1"))


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the part of an ASGI scope that says who calls."""
    said = {b"authorization": draw(authorizations), **draw(headers), **draw(anonymous)}
    return {"headers": said, "query_string": draw(queries), "client": ("203.0.113.9", 1)}


@given(st.lists(requests(), min_size=2, max_size=8))
def test_what_is_remembered_is_what_was_said(scopes: list[dict[str, Any]]) -> None:
    """One who has heard the others before reads the same as one who hears it for the first time."""
    old = Callers(SETTINGS)
    for scope in scopes + scopes:
        assert old.read(scope, scope["headers"]) == Callers(SETTINGS).read(scope, scope["headers"])


def test_long_headers_are_not_remembered() -> None:
    """What somebody makes up costs no memory."""
    callers = Callers(SETTINGS)
    for number in range(10):
        callers.read({}, {b"user-agent": b"%d" % number * 2000})
        callers.read({}, {b"user-agent": b"the same"})
    assert callers._known.cache_info().currsize == 1
