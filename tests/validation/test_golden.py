"""Golden values by measure: what was published, and what other software finds, on data that are not ours.

Published, and tested elsewhere: DeLong (pauc documentation; `test_discrimination`); sample sizes (unit tests of the R
packages pmsampsize and pmvalsampsize; `test_sample_size`, `test_survival_sample_size`, `test_external_sample_size`);
net benefit of binary, case-control and censored outcomes at 0.25 (unit tests of the R package dcurves;
`test_decision_curve`). Log loss, Brier score and AUC run beside scikit-learn in `test_overall`, `test_discrimination`
and `test_resampling`; Uno's C beside a double loop in `test_uno_concordance`.

Published, and tested here: net benefit of models (dcurves), the IPCW Brier score (documentation of scikit-survival),
the AUC of censored outcomes and Uno's C (unit tests of scikit-survival). Other software run beside ours, here: whole
decision curves (dcurves), calibration slope and intercept with their errors (statsmodels), ICI (natural splines of
patsy), Harrell's C and Kaplan-Meier (lifelines). It is for tests alone; statsmodels and patsy come with dcurves.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from relapse_model.validation.calibration import calibration_intercept, calibration_slope
from relapse_model.validation.decision_curve import net_benefit, net_benefit_survival
from relapse_model.validation.discrimination import auc, harrell_c
from relapse_model.validation.ipcw import censoring_weights
from relapse_model.validation.overall import brier
from relapse_model.validation.smooth_calibration import ici_e50_e90
from relapse_model.validation.uno_concordance import uno_c

THRESHOLDS = [0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.5]


def reference(name):
    """The data of the reference implementation of decision curves, which are not copied here."""
    package = pytest.importorskip("dcurves")
    return pd.read_csv(Path(package.__file__).parent / "data" / f"{name}.csv")


def followed(t, time, event, *, before):
    """G(t), or G(t-), factor by factor: those with an event at u are past being lost at u."""
    chance = 1.0
    for u in np.unique(time[(event == 0) & ((time < t) if before else (time <= t))]):
        at_risk = np.sum(time >= u) - np.sum((time == u) & (event == 1))
        chance *= 1 - np.sum((time == u) & (event == 0)) / at_risk
    return chance


def known_at(horizon, time, event):
    """Outcome and censoring weight at the horizon; NaN for the lost."""
    weight = censoring_weights(time, event, horizon)
    return np.where(weight > 0, ((event == 1) & (time <= horizon)).astype(float), np.nan), weight


# --- Net benefit -----------------------------------------------------------------------------------------------


def logistic_risk(y, x):
    """Risk by unpenalised maximum likelihood."""
    sm = pytest.importorskip("statsmodels.api")
    return sm.GLM(y, sm.add_constant(x), family=sm.families.Binomial()).fit().predict()


def cox_risk(time, event, x, horizon):
    """Risk by Cox regression (Efron) with Breslow's baseline hazard."""
    hazards = pytest.importorskip("statsmodels.duration.hazard_regression")
    score = x @ hazards.PHReg(time, x, status=event, ties="efron").fit().params
    moments = np.unique(time[(event == 1) & (time <= horizon)])
    baseline = sum(np.sum(event[time == u]) / np.sum(np.exp(score[time >= u])) for u in moments)
    return 1 - np.exp(-baseline * np.exp(score))


def test_published_net_benefit_of_a_logistic_model():
    # R package dcurves: age through logistic regression, threshold 0.25: 0.0244444.
    data = reference("df_binary")
    risk = logistic_risk(data["cancer"].to_numpy(float), data["age"].to_numpy())
    assert net_benefit(data["cancer"], risk, [0.25]).model[0] == pytest.approx(0.0244444, abs=5e-8)


def test_published_net_benefit_of_a_yes_or_no_at_the_lowest_threshold():
    # R package dcurves, family history at threshold 0, where false positives cost nothing: all 0.140, model 0.032.
    data = reference("df_binary")
    curve = net_benefit(data["cancer"], data["famhistory"], [1e-12])
    assert (curve.treat_all[0], curve.model[0]) == pytest.approx((0.140, 0.032), abs=1e-9)


def test_published_net_benefit_of_a_cox_model_takes_the_chance_of_staying_free_as_risk():
    # R package dcurves: age through Cox regression, one year, threshold 0.25: -0.1424773, below treating everybody. Its
    # risks are the wrong way round: that is the net benefit of the chance of no event, taken as the risk of one.
    data = reference("df_surv")
    time, event = data["ttcancer"].to_numpy(), data["cancer"].to_numpy(float)
    risk = cox_risk(time, event, data[["age"]].to_numpy(), 1.0)
    assert net_benefit_survival(time, event, 1 - risk, [0.25], 1.0).model[0] == pytest.approx(-0.1424773, abs=5e-8)
    assert net_benefit_survival(time, event, risk, [0.25], 1.0).model[0] > 0


@pytest.mark.parametrize(
    ("name", "outcome", "options"),
    [
        ("df_binary", "cancer", {}),
        ("df_case_control", "casecontrol", {"prevalence": 0.15}),
        ("df_surv", "cancer", {"time": 1.5, "time_to_outcome_col": "ttcancer"}),
    ],
)
def test_whole_decision_curves_are_those_of_dcurves(name, outcome, options):
    data, dca = reference(name), pytest.importorskip("dcurves").dca
    theirs = dca(data, outcome, ["cancerpredmarker"], thresholds=THRESHOLDS, **options).set_index("model")
    y, risk = data[outcome].to_numpy(float), data["cancerpredmarker"]
    if "time" in options:
        ours = net_benefit_survival(data["ttcancer"], y, risk, THRESHOLDS, options["time"])
    else:
        ours = net_benefit(y, risk, THRESHOLDS, **options)
    model, everybody = theirs.loc["cancerpredmarker"], theirs.loc["all"]
    np.testing.assert_allclose(ours.model, model["net_benefit"], atol=1e-12)
    np.testing.assert_allclose(ours.treat_all, everybody["net_benefit"], atol=1e-12)
    np.testing.assert_allclose(ours.interventions_avoided, model["net_intervention_avoided"], atol=1e-10)


# --- Calibration -----------------------------------------------------------------------------------------------


@pytest.fixture
def patients():
    """Published outcomes and risks (750 patients, 105 events), with made-up weights."""
    data = reference("df_binary")
    return (
        data["cancer"].to_numpy(float), data["cancerpredmarker"].to_numpy(),
        np.random.default_rng(5).uniform(1, 3, len(data)),
    )  # fmt: skip


def fitted(y, design, weight=None, offset=None):
    """Logistic regression by statsmodels; with weights, its sandwich errors, which take them as known."""
    sm = pytest.importorskip("statsmodels.api")
    if weight is None:
        return sm.GLM(y, design, family=sm.families.Binomial(), offset=offset).fit(tol=1e-12)
    everyone = np.arange(len(y))  # each a group of their own
    model = sm.GEE(y, design, groups=everyone, weights=weight, offset=offset, family=sm.families.Binomial())
    return model.fit(ctol=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_slope_and_intercept_are_those_of_statsmodels(patients, weighted):
    y, risk, w = patients
    weight, logit = (w if weighted else None), np.log(risk / (1 - risk))
    slope = fitted(y, np.column_stack([np.ones(y.size), logit]), weight)
    intercept = fitted(y, np.ones((y.size, 1)), weight, offset=logit)
    for estimate, model in (
        (calibration_slope(y, risk, weight), slope), (calibration_intercept(y, risk, weight), intercept)
    ):  # fmt: skip
        expected = (model.params[-1], *model.conf_int()[-1])
        assert (estimate.value, estimate.lower, estimate.upper) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
def test_ici_is_that_of_natural_splines_by_patsy(patients, weighted):
    patsy = pytest.importorskip("patsy")
    y, risk, w = patients
    weight, x = (w if weighted else None), np.log(risk / (1 - risk))
    first, second, third, last = np.quantile(x, [0.05, 0.35, 0.65, 0.95])
    basis = "cr(x, knots=[second, third], lower_bound=first, upper_bound=last) - 1"
    values = {"x": x, "first": first, "second": second, "third": third, "last": last}
    curve = fitted(y, np.asarray(patsy.dmatrix(basis, values)), weight).predict()
    distance = np.abs(risk - curve)
    indices = ici_e50_e90(y, risk, weight)
    assert indices.ici == pytest.approx(np.average(distance, weights=weight), abs=1e-7)
    if not weighted:
        expected = tuple(np.quantile(distance, [0.5, 0.9]))
        assert (indices.e50, indices.e90) == pytest.approx(expected, abs=1e-7)


# --- Censored outcomes -----------------------------------------------------------------------------------------

BREAST_CANCER_HORIZON = 1825.0  # days


@pytest.fixture(scope="module")
def breast_cancer():
    """The German breast cancer study (686 women), and 5-year risks by Cox regression (Efron)."""
    data = pytest.importorskip("lifelines.datasets").load_gbsg2()
    time, event = data["time"].to_numpy(float), data["cens"].to_numpy(float)  # "cens" is 1 for a recurrence
    columns = [
        data["horTh"] == "yes", data["age"], data["menostat"] == "Post", data["tsize"], data["tgrade"].str.len(),
        data["pnodes"], data["progrec"], data["estrec"],
    ]  # fmt: skip
    return time, event, cox_risk(time, event, np.column_stack(columns).astype(float), BREAST_CANCER_HORIZON)


def brier_of_the_formula(time, event, risk, horizon, *, before):
    """1/n sum [I(T <= t, event) (1 - risk)^2 / G(T) + I(T > t) risk^2 / G(t)]."""
    total = 0.0
    for t, e, p in zip(time, event, risk, strict=True):
        if t <= horizon and e:
            total += (1 - p) ** 2 / followed(t, time, event, before=before)
        elif t > horizon:
            total += p**2 / followed(horizon, time, event, before=before)
    return total / len(time)


def test_published_brier_score_of_the_breast_cancer_study(breast_cancer):
    # 0.20881843 is printed in the documentation of scikit-survival's brier_score, for this model of these data. It
    # takes G at T itself; the left limit, which we take, differs where somebody was lost on the day of an event.
    time, event, risk = breast_cancer
    at_the_day = brier_of_the_formula(time, event, risk, BREAST_CANCER_HORIZON, before=False)
    assert at_the_day == pytest.approx(0.20881843, abs=5e-9)
    relapse, weight = known_at(BREAST_CANCER_HORIZON, time, event)
    ours = brier(relapse, risk, weight)
    assert ours == pytest.approx(brier_of_the_formula(time, event, risk, BREAST_CANCER_HORIZON, before=True))
    assert ours == pytest.approx(0.20881843, abs=1e-4)


def test_censored_brier_score_by_hand():
    # Event at 2 (risk 0.5), lost at 3, free at 4 and 5 (risks 0.2, 0.4); horizon 4. One of three is lost: G = 2/3 for
    # those free. (0.25 + 0.04 x 3/2 + 0.16 x 3/2) / 4 = 0.1375.
    relapse, weight = known_at(4, np.array([2.0, 3, 4, 5]), np.array([1.0, 0, 0, 0]))
    assert brier(relapse, [0.5, 0.9, 0.2, 0.4], weight) == pytest.approx(0.1375)


FIFTEEN_TIMES = np.array([
    10.88, 19.78, 40.92, 98.7, 70.19, 10.15, 28.95, 29.57, 17.9, 63.78, 36.22, 83.14, 13.69, 99.51, 3.19
])  # fmt: skip
FIFTEEN_EVENTS = np.array([1.0, 0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 1])
FIFTEEN_SCORES = [
    -1.019, -0.016, 0.132, 0.269, -0.777, -1.077, 0.894, -1.227, -0.417, 0.072, -1.275, -0.91, -0.825, -0.292, -0.045
]  # fmt: skip


@pytest.mark.parametrize(
    ("horizon", "expected"),
    [(3.19, 0.6428571), (15, 0.3030303), (28, 0.362963), (66, 0.4500000), (99.51 - 1e-6, 0.3162996)],
)
def test_published_auc_of_censored_outcomes(horizon, expected):
    # Unit tests of scikit-survival (cumulative/dynamic AUC, 15 patients), whose figures come from survAUC in R.
    relapse, weight = known_at(horizon, FIFTEEN_TIMES, FIFTEEN_EVENTS)
    assert auc(relapse, FIFTEEN_SCORES, weight) == pytest.approx(expected, abs=1e-6)


TEN_TIMES, TEN_EVENTS = [1, 5, 6, 10, 11, 34, 45, 46, 50, 56], [0, 1, 1, 0, 1, 0, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("event", "score", "until", "expected"),
    [  # unit tests of scikit-survival: without ties, with one and two ties of risk, cut at 45.25
        (TEN_EVENTS, [5, 8, 11, 19, 34, 12, 3, 9, 12, 20], 56, 0.347890360332615),
        (TEN_EVENTS, [5, 8, 11, 11, 34, 12, 3, 9, 12, 20], 56, 0.365629810028969),
        (TEN_EVENTS, [5, 8, 11, 11, 34, 12, 11, 9, 12, 20], 56, 0.387865723332956),
        ([0, 1, 1, 0, 1, 0, 1, 1, 1, 1], [5, 8, 11, 19, 34, 12, 3, 9, 12, 18], 45.25, 0.347890361949191),
    ],
)
def test_published_unos_c(event, score, until, expected):
    assert uno_c(TEN_TIMES, event, score, until) == pytest.approx(expected, abs=1e-8)


def c_of_the_formula(time, event, score, *, before):
    """Sum over pairs of G(T_i)^-2 where i is the first, concordant over usable; at ties the event comes first."""
    usable = concordant = 0.0
    for i in np.flatnonzero(event):
        weight = followed(time[i], time, event, before=before) ** -2 if np.any(time > time[i]) else 0.0
        later = (time > time[i]) | ((time == time[i]) & (event == 0))
        usable += weight * later.sum()
        concordant += weight * np.sum(later * (np.sign(score[i] - score) + 1) / 2)
    return concordant / usable


@pytest.mark.parametrize(
    ("time", "event", "score", "published"),
    [
        (
            [1, 5, 6, 11, 11, 34, 45, 45, 50, 55], [0, 1, 0, 1, 1, 0, 1, 0, 0, 1],
            [5, 8, 11, 19, 34, 12, 3, 9, 12, 18], 0.4036321031048623,
        ),
        (
            [34, 11, 11, 5, 1, 89, 13, 45, 7, 13, 9, 13, 90], [1, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1],
            [1, 19, 13, 13, 15, 14, 19, 23, 11, 10, 11, 1, 18], 0.46795357052737824,
        ),
    ],
)  # fmt: skip
def test_published_unos_c_with_tied_times_differs_by_the_left_limit_alone(time, event, score, published):
    # Unit tests of scikit-survival, which weights by G at T after the losses of that very time; we take G(T-).
    columns = [np.array(one, dtype=float) for one in (time, event, score)]
    assert c_of_the_formula(*columns, before=False) == pytest.approx(published)
    assert uno_c(time, event, score, max(time)) == pytest.approx(c_of_the_formula(*columns, before=True))


def test_harrells_c_is_that_of_lifelines(breast_cancer):
    concordance = pytest.importorskip("lifelines.utils").concordance_index
    time, event, risk = breast_cancer
    assert harrell_c(time, event, risk) == pytest.approx(concordance(time, -risk, event), abs=1e-12)
    # The same in months, and risks in tenths: many ties of both kinds.
    months, tenths = np.ceil(time / 30.4), np.round(risk, 1)
    assert harrell_c(months, event, tenths) == pytest.approx(concordance(months, -tenths, event), abs=1e-12)


@pytest.mark.parametrize("unit", [1.0, 30.4, 91.0])
def test_weighted_share_of_events_is_the_kaplan_meier_risk_of_lifelines(breast_cancer, unit):
    lifelines = pytest.importorskip("lifelines")
    time, event, _ = breast_cancer
    time = np.ceil(time / unit)  # months and quarters: nearly all times are tied
    for horizon in np.quantile(time, [0.2, 0.5, 0.8]):
        relapse, weight = known_at(horizon, time, event)
        free = float(lifelines.KaplanMeierFitter().fit(time, event).survival_function_at_times(horizon).iloc[0])
        assert np.average(np.nan_to_num(relapse), weights=weight) == pytest.approx(1 - free, abs=1e-12)
