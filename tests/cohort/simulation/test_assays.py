from __future__ import annotations

import math

import numpy as np
import pytest

from relapse_model.cohort.simulation.assays import ANALYTES, print_results, quantification_limits

ENGLISH, CHINESE, SCIENTIFIC = 0, 1, 2


def printed(analyte, value, centre, uniform=0.0):
    printing = ANALYTES[analyte]
    arrays = np.array([value]), np.array([centre]), np.array([uniform])
    limits = quantification_limits(printing, *arrays)
    return print_results(printing, arrays[0], limits, *arrays[1:])[0]


@pytest.mark.parametrize(
    ("analyte", "value", "centre", "uniform", "text"),
    [
        ("hbsag", 0.0, ENGLISH, 0.0, "<0.05"),
        ("hbsag", 0.0499, CHINESE, 0.0, "＜0.05"),
        ("hbsag", 0.0, CHINESE, 0.9, "阴性"),
        ("hbsag", 0.05, CHINESE, 0.9, "0.05"),  # the limit itself is a number
        ("hbsag", 123.4, SCIENTIFIC, 0.9, "1.23E+02"),
        ("hbsag", 99.0, SCIENTIFIC, 0.9, "99.00"),
        ("hbsag", 300.0, ENGLISH, 0.05, ">250"),  # one in ten is not diluted
        ("hbsag", 300.0, ENGLISH, 0.5, "300.00"),
        ("hbsag", 300.0, CHINESE, 0.05, "＞130.00"),
        ("anti_hbs", 9.99, SCIENTIFIC, 0.9, "0.00"),
        ("anti_hbs", 1000.01, ENGLISH, 0.0, ">1000"),
        ("anti_hbs", 1000.0, ENGLISH, 0.0, "1000.00"),
        ("hbv_dna", 0.0, ENGLISH, 0.0, "TND"),
        ("hbv_dna", 0.0, CHINESE, 0.0, "未检出"),
        ("hbcrag", 2.345, CHINESE, 0.0, "2.3"),
        ("alt", 123.4, SCIENTIFIC, 0.0, "123"),
    ],
)
def test_what_is_printed(analyte, value, centre, uniform, text):
    assert printed(analyte, value, centre, uniform) == text


def test_limits_are_those_of_the_centres_assay():
    # Architect 250 x 500, Elecsys 130 x 400
    values, centre, uniform = np.array([1.0, 1.0]), np.array([0, 1]), np.array([0.0, 0.0])
    lower, upper = quantification_limits(ANALYTES["hbsag"], values, centre, uniform)
    assert lower.tolist() == [0.05, 0.05]
    assert upper.tolist() == [125_000, 52_000]


def test_analytes_without_limits_have_none():
    lower, upper = quantification_limits(ANALYTES["alt"], np.ones(1), np.zeros(1, int), np.zeros(1))
    assert math.isnan(lower[0])
    assert math.isnan(upper[0])
