"""Errors: one line a problem, all of them kept, nobody named."""

from __future__ import annotations

import pickle

import pytest

from relapse_model import errors
from relapse_model.errors import CohortError, Problem, ProblemsError, RelapseModelError, StudyError, problem_lines

SECRET = "ZHANG-SAN-1985"


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("labs", 7, "week", "'x'", "a number"), "labs, row 7, column 'week': 'x'; expected a number."),
        (Problem("labs", 7, None, "twice", "once", "Take it out"), "labs, row 7: twice; expected once. Take it out"),
        (Problem("labs", None, "week", "missing", "it"), "labs, column 'week': missing; expected it."),
        (Problem("labs.csv", None, None, "empty", "rows"), "labs.csv: empty; expected rows."),
        # In a study file the same two places are a line and a key.
        (Problem("s.toml", 3, "a.b", "1", "text", counted="line"), "s.toml, line 3, key 'a.b': 1; expected text."),
        (Problem("labs.csv", 3, None, "a byte", "UTF-8", counted="line"), "labs.csv, line 3: a byte; expected UTF-8."),
    ],
)
def test_a_problem_says_where_what_came_what_was_expected_and_what_to_do(problem, text):
    assert str(problem) == text
    assert text.startswith(problem.place + ":")


def test_whom_a_problem_concerns_is_known_but_never_printed():
    problem = Problem("labs", 2, "week", "'x'", "a number", "Look", SECRET)
    error = CohortError("refused", [problem])
    assert problem.patient == SECRET
    assert SECRET not in f"{problem!s}{problem!r}{error!s}{error!r}{error.problems!r}{error.args!r}"


def test_an_error_lists_every_problem_and_prints_the_first_hundred():
    # Of different kinds: problems of one kind share a line, which they did not before.
    problems = [Problem("labs", row, "week", "'x'", f"a number above {row}") for row in range(2, 105)]
    error = CohortError("the cohort was refused", iter(problems))
    lines = str(error).split("\n")
    assert error.problems == tuple(problems)
    assert lines[0] == "the cohort was refused: 103 problems"
    assert lines[1:101] == [f"  {problem}" for problem in problems[:100]]
    assert lines[101:] == ["  ... and 3 more (all of them in the exception's .problems)."]


def test_many_problems_of_one_kind_share_a_line_and_are_all_kept():
    many = [Problem("labs", row, "week", "'x'", "a number", "Look") for row in range(2, 256)]
    other = Problem("patients", 2, "sex", "'?'", "F or M")
    error = CohortError("the cohort was refused", [many[0], other, *many[1:]])
    assert str(error).split("\n") == [
        "the cohort was refused: 255 problems",
        "  labs, column 'week', 254 times (row 2, 3, 4, ...): 'x'; expected a number. Look",
        "  patients, row 2, column 'sex': '?'; expected F or M.",
        "  (All of them in the exception's .problems; `check` and `read` write them with --problems FILE.)",
    ]
    assert len(error.problems) == 255
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_line_of_many_tells_what_came_if_that_differs_and_counts_what_stands_for_others():
    told = [Problem("LB", row, "LBDTC", f"'{row}'", "a date", counted="observation") for row in range(1, 12)]
    others = Problem(
        "LB", None, "LBDTC", "1,000 more rows like these", "a date", stands_for=1000, counted="observation"
    )
    text = str(CohortError("refused", [*told, others]))
    assert "refused: 1011 problems" in text
    assert (
        "  LB, column 'LBDTC', 1,011 times: '1' (observation 1), '2' (observation 2), '3' (observation 3), ...; "
        in text
    )
    assert "The first of each kind in the exception's .problems" in text


def test_a_line_of_many_without_a_row_tells_none():
    same = [
        Problem("person", None, "date", "no time zero", "one for each person", patient=str(one)) for one in range(12)
    ]
    assert problem_lines(same) == ["person, column 'date', 12 times: no time zero; expected one for each person."]


@pytest.mark.parametrize(("count", "words"), [(0, "0 problems"), (1, "1 problem"), (2, "2 problems"), (10, "10 p")])
def test_the_count_is_right_and_nothing_is_left_out_up_to_ten_of_a_kind(count, words):
    text = str(ProblemsError("no", [Problem("t", row, None, "f", "e") for row in range(count)]))
    assert text.startswith(f"no: {words}")
    assert text.count("\n") == count
    assert "more" not in text
    assert "times" not in text


@pytest.mark.parametrize("kind", [CohortError, StudyError])
def test_an_error_travels_between_processes_whole(kind):
    error = kind("the thing was refused", [Problem("labs", 2, "week", "a: b", "a number", "", SECRET)])
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert copy.problems == error.problems
    assert copy.problems[0].patient == SECRET


def test_every_error_is_of_one_family_and_a_value_error():
    family = [thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, BaseException)]
    assert len(family) >= 7
    assert all(issubclass(kind, RelapseModelError) for kind in family)
    assert issubclass(RelapseModelError, ValueError)
    assert issubclass(errors.CensoringError, errors.InsufficientDataError)
