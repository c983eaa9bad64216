"""The mappings of the documentation are mappings, and the keys that it explains are those there are."""

from __future__ import annotations

import re

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.mapping_keys import OF_KIND


def test_the_mappings_on_the_page_are_read(root):
    page = (root / "docs" / "reading" / "cdisc.md").read_text("utf-8")
    found = [
        parse_mapping(text, "map.toml", "cdisc") for text in re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    ]
    assert [len(one.labs) for one in found] == [2, 1]


def test_every_key_of_the_kind_is_explained(root):
    page = (root / "docs" / "reading" / "cdisc.md").read_text("utf-8")
    keys = OF_KIND["cdisc"]
    for key in (*keys.of_source, *keys.of_field, *keys.of_entry):
        assert re.search(rf"`(\[source\] )?{key}\b", page), key
