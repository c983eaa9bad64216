"""What a mapping's event may mean, for all readers alike."""

from __future__ import annotations

import pandas as pd
import pytest

from relapse_model.cohort.readers.made_table import MadeTable
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.outcome_events import with_names
from relapse_model.errors import MappingError

HEAD = '[mapping]\nprotocol = 1\nkind = "redcap"\n[patients]\nid = "record_id"\n[outcome]\ndate = "on"\n'


def event_of(meaning: str) -> str:
    return HEAD + f'event = {{ field = "ended", values = {{ "1" = "{meaning}" }} }}\n'


@pytest.mark.parametrize("meaning", ["relapse", "Free", "competing: death", "Competing : liver transplantation", ""])
def test_meanings_of_an_event(meaning):
    assert parse_mapping(event_of(meaning)).outcome is not None


@pytest.mark.parametrize(
    "meaning",
    [
        "relaps",
        "death",
        "1",
        "competing",
        "competing:",
        "free: death",
        "competing: relapse",
        "competing: Free",
        "competing: lost to follow-up",
    ],
)
def test_a_slip_is_not_the_name_of_an_event(meaning):
    with pytest.raises(MappingError, match=r"line 8, key 'outcome\.event'.*expected relapse, free, or competing: NAME"):
        parse_mapping(event_of(meaning))


def test_a_name_may_stand_in_a_column_of_its_own():
    stated = 'event = { field = "ended", values = { "1" = "competing" } }\ncompeting_event = "cause"\n'
    assert parse_mapping(HEAD + stated).outcome.fields["competing_event"].name == "cause"
    with pytest.raises(MappingError, match="no 'event' beside it"):
        parse_mapping(HEAD + 'relapse = "relapsed"\ncompeting_event = "cause"\n')


def test_names_are_put_in_their_column_and_do_not_replace_what_stands_there():
    rows = pd.DataFrame({
        "event": ["competing: death", "free", "competing", "competing: other"],
        "competing_event": ["", "", "lymphoma", "accident"],
    }, index=[4, 5, 6, 7], dtype=object)  # fmt: skip
    made = with_names(MadeTable(rows, "ends", None, {"event": "ended"}))
    assert made.rows["event"].tolist() == ["competing", "free", "competing", "competing"]
    assert made.rows["competing_event"].tolist() == ["death", "", "lymphoma", "accident"]
    plain = MadeTable(pd.DataFrame({"event": ["free", "relapse"]}, dtype=object), "ends")
    assert with_names(plain) is plain
