"""A model whose log-odds are a sum that can be added up by hand, over predictors of every sort."""

from __future__ import annotations

import numpy as np

from relapse_model import load_study
from relapse_model.model.relapse_model import RelapseModel
from relapse_model.study.reader import parse_study

PREDICTORS = """
[[predictors]]
name = "titre"
label = "Anti-HBs"
kind = "last"
analyte = "anti_hbs"

[[predictors]]
name = "age"
label = "Age"
kind = "column"
column = "age_years"
unit = "years"

[[predictors]]
name = "genotype"
label = "HBV genotype"
kind = "column"
column = "hbv_genotype"
levels = ["C", "B", "D"]

[[predictors]]
name = "arm"
label = "HBIG arm"
kind = "column"
column = "arm"
equals = "hbig"
"""


def numbers(mean, low, high):
    return {"missing": 0, "mean": mean, "p05": low, "median": mean, "p95": high}


# Titres from 5 to 1000 mIU/mL, ages from 20 to 60; the reference patient has titre 10 ** 1.5, age 40, genotype C.
TOLD = {
    "titre": numbers(1.5, float(np.log10(5.0)), 3.0),
    "age": numbers(40.0, 20.0, 60.0),
    "genotype": {"missing": 0, "levels": {"C": 50, "B": 30, "D": 20}},
    "arm": numbers(0.5, 0.0, 1.0),
}
# Log-odds per log10, per year, of B and D against C, and of the arm.
COEF = (-1.0, 0.05, 0.3, 0.6, 0.02)


class Additive:
    """Log-odds linear in the columns; a missing value counts as the training mean, a missing level as C."""

    def __init__(self, coef=COEF, intercept=-1.0, impute=(1.5, 40.0, 0.0, 0.0, 0.5)):
        self.coef, self.intercept, self.impute = np.array(coef), intercept, np.array(impute)

    def predict_log_odds(self, X):
        return self.intercept + np.where(np.isnan(X), self.impute, X) @ self.coef


def study_of(predictors):
    head = load_study("hbsag-relapse").text.split("[[predictors]]")[0]
    return parse_study(head + predictors, "study.toml")


def additive_model(coef=COEF, intercept=-1.0, name="ridge_logistic"):
    return RelapseModel(study_of(PREDICTORS), 0.0, name, Additive(coef, intercept), {"predictors": TOLD})
