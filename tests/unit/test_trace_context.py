"""Trace contexts: read as W3C says, and made anew the same way each time."""

import pytest

from leadflow.core.trace_context import TraceContext, read_traceparent

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
HERE = TraceContext(TRACE, SPAN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"00-{TRACE}-{SPAN}-01", HERE),
        (f"00-{TRACE}-{SPAN}-03", HERE),
        (f"00-{TRACE}-{SPAN}-00", TraceContext(TRACE, SPAN, sampled=False)),
        (f"01-{TRACE}-{SPAN}-01-what-comes-later", HERE),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE}-{SPAN}-01\n", None),
        ("", None),
        ("somebody@mail.example", None),
    ],
)
def test_a_header_is_read_as_the_standard_says(text: str, expected: TraceContext | None) -> None:
    """What is no `traceparent` is none; a later version may say more."""
    assert read_traceparent(text) == expected


def test_a_context_is_written_as_it_is_read() -> None:
    """Sampled or not."""
    for context in (HERE, TraceContext(TRACE, SPAN, sampled=False)):
        assert read_traceparent(context.traceparent()) == context


def test_what_happens_at_a_place_has_the_same_context_each_time() -> None:
    """And another one elsewhere, or in another trace; the trace goes on, and so does whether it is wanted."""
    assert HERE.inner("touchpoints/0/7") == HERE.inner("touchpoints/0/7")
    others = [
        HERE,
        HERE.inner("touchpoints/0/7"),
        HERE.inner("touchpoints/0/8"),
        TraceContext(TRACE, "1" * 16).inner("touchpoints/0/7"),
    ]
    assert len({context.span for context in others}) == len(others)
    assert {context.trace for context in others} == {TRACE}
    assert not TraceContext(TRACE, SPAN, sampled=False).inner("a").sampled
    assert read_traceparent(HERE.inner("a").traceparent()) == HERE.inner("a")
