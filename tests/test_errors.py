"""Errors: one line a problem, all of them kept, nobody named."""

from __future__ import annotations

import pickle

import pytest

from relapse_model import errors
from relapse_model.errors import CohortError, Problem, ProblemsError, RelapseModelError, StudyError

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
    problems = [Problem("labs", row, "week", "'x'", "a number") for row in range(2, 105)]
    error = CohortError("the cohort was refused", iter(problems))
    lines = str(error).split("\n")
    assert error.problems == tuple(problems)
    assert lines[0] == "the cohort was refused: 103 problems"
    assert lines[1:101] == [f"  {problem}" for problem in problems[:100]]
    assert lines[101:] == ["  ... and 3 more (all of them in the exception's .problems)."]


@pytest.mark.parametrize(("count", "words"), [(0, "0 problems"), (1, "1 problem"), (2, "2 problems"), (100, "100 p")])
def test_the_count_is_right_and_nothing_is_left_out_up_to_a_hundred(count, words):
    text = str(ProblemsError("no", [Problem("t", row, None, "f", "e") for row in range(count)]))
    assert text.startswith(f"no: {words}")
    assert text.count("\n") == count
    assert "more" not in text


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
