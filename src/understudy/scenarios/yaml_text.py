"""YAML as scenarios are written in: a time stays the text that was written, no key stands twice."""

from __future__ import annotations

from typing import Any

import yaml

from understudy import yaml_times


def read_yaml(content: bytes) -> Any:
    """The document in a file's content.

    Raises:
        ValueError: when it is not YAML; says where.
    """
    try:
        return yaml_times.read_yaml(content, _Loader)
    except yaml.YAMLError as error:
        said = str(error).replace('in "<byte string>",', "at")
        raise ValueError(f"is not YAML: {said}") from error


class _Loader(yaml_times.SafeLoader):
    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """As composed, before `<<` brings in keys that may be overridden."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        names: set[str] = set()
        for key, _ in node.value:
            if str(key.value) in names:
                what = f'the key "{key.value}" stands twice'
                raise yaml.composer.ComposerError(None, None, what, key.start_mark)
            names.add(str(key.value))
        return node
