"""OffsetFetch with `require_stable` (KIP-447): aiokafka stops at version 3, which ignores pending commits."""

from collections.abc import Sequence
from typing import ClassVar

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

UNSTABLE = 88
"""A transaction that moves the offset has ended, or is about to, and its marker is not written yet: ask again."""

_VERSION = 7


class OffsetFetchResponse(Response):  # type: ignore[misc]  # untyped
    """Per topic and partition: the committed offset (-1: none), its leader epoch, metadata, an error code."""

    API_KEY = 9
    API_VERSION = _VERSION
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("offset", Int64),
                        ("leader_epoch", Int32),
                        ("metadata", CompactString("utf-8")),
                        ("error_code", Int16),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("error_code", Int16),
        ("tags", TaggedFields),
    )


class OffsetFetchRequestStruct(RequestStruct):  # type: ignore[misc]  # untyped
    """The request on the wire."""

    FLEXIBLE_VERSION: ClassVar[bool] = True
    API_KEY = 9
    API_VERSION = _VERSION
    RESPONSE_TYPE = OffsetFetchResponse
    SCHEMA = Schema(
        ("group", CompactString("utf-8")),
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("partitions", CompactArray(Int32)),
                ("tags", TaggedFields),
            ),
        ),
        ("require_stable", Boolean),
        ("tags", TaggedFields),
    )


class OffsetFetchRequest(Request[OffsetFetchRequestStruct]):  # type: ignore[misc]  # untyped
    """The stable committed offsets of some partitions of one topic."""

    API_KEY = 9

    def __init__(self, group: str, topic: str, partitions: Sequence[int]) -> None:
        self._group = group
        self._topics: list[tuple[str, list[int], dict[int, bytes]]] = [(topic, list(partitions), {})]

    def build(self, request_struct_class: type[OffsetFetchRequestStruct]) -> OffsetFetchRequestStruct:
        """The request in the one version that there is."""
        return request_struct_class(self._group, self._topics, True, {})  # noqa: FBT003 - the wire has no keywords
