"""The mapping of the documentation is one, and the keys that it explains are those there are."""

from __future__ import annotations

import re

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.mapping_keys import OF_KIND


def test_the_mapping_on_the_page_is_read(root):
    page = (root / "docs" / "reading" / "redcap.md").read_text("utf-8")
    (text,) = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    mapping = parse_mapping(text, "map.toml", "redcap")
    assert len(mapping.labs) == 2


def test_every_key_of_the_kind_is_explained(root):
    page = (root / "docs" / "reading" / "redcap.md").read_text("utf-8")
    keys = OF_KIND["redcap"]
    for key in (*keys.of_source, *keys.of_field, *keys.of_entry):
        assert re.search(rf"`(\[source\] )?{key}\b", page), key
