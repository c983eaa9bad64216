from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from relapse_model.report.figures.label_places import fits, label_places, thinned


def test_labels_with_room_stay_where_they_are():
    places, line = label_places([1.0, 3.0], [1.0, 1.0], 0.0, 4.0, 0.1)
    assert places.tolist() == [1.0, 3.0]
    assert line.tolist() == [0, 0]


def test_labels_too_near_move_apart_by_the_same_amount():
    # Centres 2.0 and 2.4, each 1 wide, gap 0.2: they must be 1.2 apart, so each moves by 0.4.
    places, _ = label_places([2.4, 2.0], [1.0, 1.0], 0.0, 5.0, 0.2)
    np.testing.assert_allclose(places, [2.8, 1.6])


def test_labels_at_the_limit_are_pushed_inwards():
    places, _ = label_places([0.0, 0.1], [1.0, 1.0], 0.0, 5.0, 0.0)
    np.testing.assert_allclose(places, [0.5, 1.5])


def test_labels_too_wide_for_one_line_are_stacked_right_of_their_ticks_the_rightmost_first():
    places, line = label_places([1.0, 1.1, 1.2], [2.0, 2.0, 2.0], 0.0, 4.5, 0.1)
    assert line.tolist() == [2, 1, 0]
    np.testing.assert_allclose(places, [2.1, 2.2, 2.3])  # left edges 0.1 right of the ticks
    places, _ = label_places([0.0, 4.0], [3.0, 3.0], 0.0, 4.5, 0.1)
    np.testing.assert_allclose(places, [1.6, 3.0])  # the second can go no further right


def test_thinning_keeps_both_ends():
    assert thinned([3.0, 0.0, 0.4, 2.9], [0.5] * 4, 0.1) == [1, 0]
    assert thinned([0.0, 0.1], [1.0, 1.0], 0.1) == [0, 1]


def test_labels_that_touch_do_not_fit():
    assert not fits([0.0, 1.0], [1.0, 1.0], 0.1)
    assert fits([1.1, 0.0], [1.0, 1.0], 0.1 - 1e-12)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 4), st.floats(0.1, 2)), min_size=1, max_size=9))
def test_labels_never_overlap_and_never_leave_the_sheet(labels):
    centres, widths = (np.array(column) for column in zip(*labels, strict=True))
    places, line = label_places(centres, widths, 0.0, 4.0, 0.05)
    assert (places - widths / 2 >= -1e-9).all()
    assert (places + widths / 2 <= 4 + 1e-9).all()
    for one in np.unique(line):
        order = np.flatnonzero(line == one)[np.argsort(places[line == one])]
        edge = places[order] - widths[order] / 2
        assert (edge[1:] >= places[order][:-1] + widths[order][:-1] / 2 + 0.05 - 1e-9).all()
