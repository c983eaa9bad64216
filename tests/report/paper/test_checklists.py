"""The checklists: all items, and no address of what was not made."""

from __future__ import annotations

from relapse_model.report.paper import consort
from relapse_model.report.paper.checklists import consort_checklist, tripod_checklist
from relapse_model.report.paper.trial_tables import trial_tables
from relapse_model.report.tripod import ANSWERED, IN_PART, OPEN
from relapse_model.report.tripod import ITEMS as TRIPOD


def by_item(table):
    return {row[0]: row for row in table.rows}


def test_consort_2025_has_30_items_and_42_with_their_parts():
    """Hopewell et al. 2025, Table 1."""
    numbers = [item.number for item in consort.ITEMS]
    assert len(numbers) == len(set(numbers)) == 42
    assert list(dict.fromkeys(int(one.rstrip("abcd")) for one in numbers)) == list(range(1, 31))
    parts = {"1": 2, "5": 2, "12": 2, "16": 2, "17": 2, "20": 2, "21": 4, "22": 2, "23": 2, "24": 2}
    assert {n: sum(one.rstrip("abcd") == n for one in numbers) for n in parts} == parts


def test_every_place_that_consort_names_exists_for_some_trial(trial):
    """Tables by their names in trial_tables, figures by those of the page."""
    known = {*trial_tables(trial), "harms", consort.REGISTRY, consort.PLAN}
    known |= {f"figure {name}" for name in ("flow", "failures", "sensitivity", "subgroups")}
    assert {one for item in consort.ITEMS for one in item.where} <= known


def test_what_was_made_is_pointed_at_and_nothing_else(trial):
    rows = by_item(consort_checklist(trial, ["flow", "table_one", "figure flow"]))
    assert rows["22a"][3:6] == (ANSWERED, "tables/flow; figures/flow", "")
    assert rows["25"][3:5] == (ANSWERED, "tables/table_one")
    assert rows["2"][3:5] == (IN_PART, "NCT07328711")
    assert rows["27"][3:6] == (OPEN, "", "not in the data: harms")
    assert rows["5a"][3] == OPEN
    assert all(row[6] == "" for row in rows.values())  # pages are the authors'


def test_an_item_is_answered_in_full_only_where_nothing_is_left_to_the_authors(trial):
    for row in consort_checklist(trial, [*trial_tables(trial), "figure flow"]).rows:
        assert (row[3] == ANSWERED) == bool(row[4] and not row[5])


def test_tripod_points_at_sections_of_the_report_and_at_tables():
    rows = by_item(tripod_checklist(["performance"], "validation/report.html"))
    assert len(rows) == len(TRIPOD) == 27
    assert rows["23"][4].split("; ")[-1] == "tables/performance"
    assert "validation/report.html#performance" in rows["23"][4]
    assert rows["2"][3:5] == (OPEN, "")
