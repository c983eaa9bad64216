"""One validation and its report, made once for all tests of the folder."""

from __future__ import annotations

import pytest

import relapse_model as rm
from relapse_model.report.validation_report import validation_values, write_report


@pytest.fixture(scope="session")
def validation():
    return rm.validate(
        rm.simulate_cohort(132, seed=7),
        rm.load_study("hbsag-relapse"),
        candidates=("prior_logistic",),
        outer_repeats=1,
        bootstraps=40,
    )


@pytest.fixture(scope="session")
def values(validation):
    return validation_values(validation)


@pytest.fixture(scope="session")
def folder(validation, tmp_path_factory):
    place = tmp_path_factory.mktemp("report") / "new" / "folder"
    write_report(validation, place)
    return place


@pytest.fixture(scope="session")
def page(folder):
    return (folder / "report.html").read_text(encoding="utf-8")
