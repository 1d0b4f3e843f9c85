"""YAML as Kubernetes and Docker read it: a key that stands twice is an error."""

from typing import Any

import yaml


class OncePerKey(yaml.CSafeLoader):
    """A loader that refuses a key given twice, which YAML's own takes in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002  PyYAML's
        """Read a mapping."""
        keys = [key.value for key, _ in node.value if key.value != "<<"]
        assert len(keys) == len(set(keys)), f"a key stands twice: {node.start_mark}"
        return super().construct_mapping(node, deep)
