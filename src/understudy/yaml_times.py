"""YAML in which a time stays the text that was written, as it does in JSON."""

from __future__ import annotations

import yaml

TIME = "tag:yaml.org,2002:timestamp"
# What plain text is read as, by its first character: as YAML says, but for times.
RESOLVERS = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != TIME]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
