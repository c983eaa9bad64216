"""The choice: the benefit of the doubt to the simpler, every fold refitted, no test patient in a fit."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from relapse_model.classifiers.known import CANDIDATES, KNOWN, MEMBERS
from relapse_model.development import choice
from relapse_model.development.candidates import check_candidates
from relapse_model.development.choice import Choice, choose, fit_known, patient_log_loss
from relapse_model.errors import InsufficientDataError, RelapseModelError
from relapse_model.features.design import Design
from relapse_model.features.development_data import DevelopmentData

THREE = SIMPLE, MIDDLE, FLEXIBLE = "prior_logistic", "ridge_logistic", "boosted_trees"
AVERAGE, HAZARD = "prior_and_trees", "prior_hazard"
HORIZON = 48.0


@pytest.fixture
def columns():
    nothing = np.array([np.nan])
    return Design(("number",), np.array([0]), nothing, nothing, np.array([False]), (0,))


def patients(relapse, horizon_time=None):
    """Patients whose only predictor is their number, so that every matrix tells whose rows it holds."""
    relapse = np.asarray(relapse, dtype=float)
    numbers = np.arange(len(relapse), dtype=float)
    if horizon_time is None:
        horizon_time = np.where(relapse == 1, 20.0, np.where(relapse == 0, HORIZON, 10.0))
    event = (relapse == 1).astype(float)
    return DevelopmentData(
        features=pd.DataFrame({"number": numbers}),
        matrix=numbers[:, None],
        relapse=relapse,
        time=horizon_time,
        event=event,
        horizon_time=horizon_time,
        horizon_event=event,
        horizon=HORIZON,
        not_at_risk=0,
    )


def few_are_enough(monkeypatch):
    """Let a column be learned from as few patients as a test can count."""
    monkeypatch.setattr(choice, "as_learned", lambda data: data)


class Given:
    """Gives each patient the risk that was laid down for them."""

    def __init__(self, risk):
        self.risk = np.asarray(risk)

    def predict_proba(self, matrix):
        risk = self.risk[matrix[:, 0].astype(int)]
        return np.column_stack([1 - risk, risk])


def give(monkeypatch, risks):
    """Replace fitting: each candidate gives fixed risks. Return the record of fits: name and patients."""
    fits = []

    def fit(name, data, columns, seed, *, final=False, calibration="none"):
        fits.append((name, data.matrix[:, 0].astype(int).tolist()))
        return Given(risks[name])

    monkeypatch.setattr(choice, "fit_known", fit)
    return fits


def risk_with_loss(relapse, loss):
    """Return the risk whose log loss is the given one."""
    right = np.exp(-np.asarray(loss))
    return np.where(relapse == 1, right, 1 - right)


RELAPSE = np.tile([1.0, 0.0], 10)  # 20 patients, 10 relapses, nobody lost: weights of 1
UP_AND_DOWN = np.repeat([1.0, -1.0], 10)
# The best loses log 2 with everybody. The other loses `worse` more on average, 0.2 more or less than that from
# patient to patient: the standard error of the difference is 0.2 / sqrt(20) = 0.0447, and 1.96 of them 0.0877.
BEST = np.full(20, math.log(2))
ERROR = 0.2 / math.sqrt(20)


@pytest.mark.parametrize(
    ("worse", "chosen"), [(0.0, SIMPLE), (0.087, SIMPLE), (0.088, FLEXIBLE), (0.2, FLEXIBLE), (-0.1, SIMPLE)]
)
def test_simpler_wins_unless_shown_to_be_worse(monkeypatch, columns, worse, chosen):
    simple = BEST + worse + 0.2 * UP_AND_DOWN
    give(monkeypatch, {SIMPLE: risk_with_loss(RELAPSE, simple), FLEXIBLE: risk_with_loss(RELAPSE, BEST)})
    found = choose(patients(RELAPSE), columns, (SIMPLE, FLEXIBLE), 0, folds=5, repeats=2)
    assert found.chosen == chosen
    assert found.log_loss == pytest.approx({SIMPLE: math.log(2) + worse, FLEXIBLE: math.log(2)})
    other = FLEXIBLE if worse < 0 else SIMPLE
    assert found.difference_se[other] == pytest.approx(ERROR)


def test_flexible_never_gets_the_benefit_of_the_doubt(monkeypatch, columns):
    # The simple one is best, the flexible one hardly worse: the simple one all the same.
    flexible = BEST + 0.01 + 0.2 * UP_AND_DOWN
    give(monkeypatch, {SIMPLE: risk_with_loss(RELAPSE, BEST), FLEXIBLE: risk_with_loss(RELAPSE, flexible)})
    found = choose(patients(RELAPSE), columns, (SIMPLE, FLEXIBLE), 0, folds=5, repeats=1)
    assert found.chosen == SIMPLE
    assert found.difference_se[SIMPLE] == 0


def test_the_simplest_of_those_not_shown_to_be_worse_is_chosen(monkeypatch, columns):
    risks = {
        SIMPLE: risk_with_loss(RELAPSE, BEST + 0.3 + 0.2 * UP_AND_DOWN),
        MIDDLE: risk_with_loss(RELAPSE, BEST + 0.02 + 0.2 * UP_AND_DOWN),
        FLEXIBLE: risk_with_loss(RELAPSE, BEST),
    }
    give(monkeypatch, risks)
    assert choose(patients(RELAPSE), columns, THREE, 0, folds=5, repeats=1).chosen == MIDDLE


def test_everyone_has_the_mean_risk_of_the_other_folds(monkeypatch, columns):
    # 10 relapses of 20 in 5 folds: each training part has 8 of 16, so the mean risk is 1/2 everywhere.
    give(monkeypatch, {name: np.full(20, 0.5) for name in THREE})
    found = choose(patients(RELAPSE), columns, THREE, 0, folds=5, repeats=3)
    assert found.mean_risk_log_loss == pytest.approx(math.log(2))
    assert (found.folds, found.repeats) == (5, 3)


def test_the_lost_count_through_those_like_them_only(monkeypatch, columns):
    # 4 relapses at week 20, 8 lost at 30, 8 free. The free stand for 16: weight 2; the relapses, earlier, 1.
    relapse = np.repeat([1.0, np.nan, 0.0], [4, 8, 8])
    data = patients(relapse, np.repeat([20.0, 30.0, HORIZON], [4, 8, 8]))
    np.testing.assert_allclose(data.weights(), np.repeat([1.0, 0.0, 2.0], [4, 8, 8]))
    risk = np.repeat([0.5, 0.999, 0.2], [4, 8, 8])  # what the lost are given must not matter
    give(monkeypatch, {SIMPLE: risk, FLEXIBLE: np.full(20, 0.5)})
    found = choose(data, columns, (SIMPLE, FLEXIBLE), 0, folds=4, repeats=1)
    assert found.log_loss[SIMPLE] == pytest.approx((4 * math.log(2) - 16 * math.log(0.8)) / 20)
    # Difference to the better one, per patient: d = log(0.5 / 0.8) for the free, 0 for the relapses.
    d = math.log(0.8 / 0.5)
    centred = np.repeat([0.8 * d, -0.2 * d], [4, 8])
    share = np.repeat([1 / 20, 2 / 20], [4, 8])
    assert found.difference_se[FLEXIBLE] == pytest.approx(math.sqrt(np.sum(share**2 * centred**2)))


def test_no_test_patient_reaches_a_fit_and_every_fold_is_fitted(monkeypatch, columns):
    tested = []

    class Recorder(Given):
        def __init__(self, risk, fitted_on):
            super().__init__(risk)
            self.fitted_on = fitted_on

        def predict_proba(self, matrix):
            tested.append((self.fitted_on, set(matrix[:, 0].astype(int))))
            return super().predict_proba(matrix)

    def fit(name, data, columns, seed, *, final=False, calibration="none"):
        return Recorder(np.full(20, 0.5), set(data.matrix[:, 0].astype(int)))

    monkeypatch.setattr(choice, "fit_known", fit)
    choose(patients(RELAPSE), columns, (SIMPLE, FLEXIBLE), 0, folds=5, repeats=3)
    assert len(tested) == 2 * 5 * 3  # each candidate, again, in each fold of each repeat
    for fitted_on, tested_on in tested:
        assert not fitted_on & tested_on
        assert fitted_on | tested_on == set(range(20))
    for repeat in range(3):  # each patient is tested once a repeat and candidate
        of_simple = [tested_on for _, tested_on in tested[10 * repeat : 10 * (repeat + 1) : 2]]
        assert sorted(np.concatenate([list(rows) for rows in of_simple])) == list(range(20))


def test_weights_are_learned_anew_from_the_patients_of_a_fit(monkeypatch, columns):
    fitted = []

    class Recorder:
        def fit(self, matrix, relapse, sample_weight=None, groups=None):
            fitted.append((matrix[:, 0].astype(int), relapse, sample_weight))
            return Given(np.full(20, 0.5))

    monkeypatch.setattr(choice, "build", lambda name, columns, seed, **settings: Recorder())
    few_are_enough(monkeypatch)
    data = patients(np.repeat([1.0, np.nan, 0.0], [4, 8, 8]), np.repeat([20.0, 30.0, HORIZON], [4, 8, 8]))
    choose(data, columns, (SIMPLE, FLEXIBLE), 0, folds=4, repeats=1)
    assert len(fitted) == 8
    for rows, relapse, weight in fitted:
        # Of 15: 3 relapses, 6 lost, 6 free. The lost are not fitted; a free one stands for two. At the mean risk of
        # 3 / 15 squared residuals sum up to 3 * 0.8^2 + 6 * 2 * 0.2^2 = 2.4 by the weights, and to
        # 3 * 0.8^2 + 6 * 4 * 0.2^2 = 2.88 by their squares: no more than 2.4 / 2.88 of 15 patients are known.
        np.testing.assert_array_equal(relapse, data.relapse[rows])
        assert sorted(relapse) == [0.0] * 6 + [1.0] * 3
        np.testing.assert_allclose(weight, np.where(relapse == 1, 1.0, 2.0) * 2.4 / 2.88)


def test_fit_known_leaves_the_lost_out_and_says_if_it_is_the_last_fit(monkeypatch, columns):
    built = []

    class Recorder:
        def fit(self, matrix, relapse, sample_weight=None, groups=None):
            assert groups is None  # one row per patient
            self.given = (matrix[:, 0].tolist(), relapse.tolist(), sample_weight.tolist())
            return self

    monkeypatch.setattr(choice, "build", lambda *args, **kwargs: built.append((args, kwargs)) or Recorder())
    few_are_enough(monkeypatch)
    data = patients([1, np.nan, 0, 0], np.array([20.0, 30.0, HORIZON, HORIZON]))
    fitted = fit_known(MIDDLE, data, columns, 3, final=True)
    # Mean risk 1 / 4; (0.75^2 + 2 * 1.5 * 0.25^2) / (0.75^2 + 2 * 1.5^2 * 0.25^2) = 8 / 9 of the patients are known.
    weights = pytest.approx([8 / 9, 4 / 3, 4 / 3])
    assert fitted.given == ([0.0, 2.0, 3.0], [1.0, 0.0, 0.0], weights)
    assert built == [((MIDDLE, columns, 3), {"final": True, "calibration": "none", "marked": ()})]


def test_the_same_seed_gives_the_same_folds(monkeypatch, columns):
    fits = give(monkeypatch, {name: np.full(20, 0.5) for name in THREE})

    def folds_of(seed):
        fits.clear()
        choose(patients(RELAPSE), columns, (SIMPLE, MIDDLE), seed, folds=5, repeats=2)
        return list(fits)

    assert folds_of(1) == folds_of(1)
    assert folds_of(1) != folds_of(2)


def test_the_same_seed_gives_the_same_choice_of_real_classifiers(study, cohort):
    from relapse_model.features.design import design
    from relapse_model.features.development_data import development_data

    data = development_data(cohort, study)
    first, second = (choose(data, design(study), (SIMPLE, MIDDLE), 4, folds=3, repeats=1) for _ in range(2))
    assert first == second
    assert all(0 < loss < 1 for loss in first.log_loss.values())


def test_one_candidate_is_chosen_without_a_comparison(monkeypatch, columns):
    fits = give(monkeypatch, {})
    found = choose(patients(RELAPSE), columns, (MIDDLE,), 0, folds=5, repeats=2)
    assert fits == []
    assert found.chosen == MIDDLE
    assert (found.log_loss, found.difference_se, found.folds) == ({}, {}, 0)
    assert math.isnan(found.mean_risk_log_loss)


def test_fewer_events_than_folds_give_fewer_folds_and_the_choice_says_so(monkeypatch, columns):
    fits = give(monkeypatch, {name: np.full(20, 0.5) for name in THREE})
    found = choose(patients(np.arange(20) < 3), columns, (SIMPLE, MIDDLE), 0, folds=5, repeats=2)
    assert (found.folds, found.repeats) == (3, 2)
    assert len(fits) == 2 * 3 * 2
    for _, rows in fits:
        assert sum(row < 3 for row in rows) == 2  # a relapse is tested in every fold


@pytest.mark.parametrize(
    ("relapse", "text"),
    [
        ([1.0] * 17 + [0.0] * 3, "17 patients with the outcome and 3 without for 5 folds"),
        ([1.0] + [0.0] * 19, "1 patients with the outcome and 19 without for 2 folds"),
        ([0.0] * 20, "0 patients with the outcome and 20 without for 2 folds"),
    ],
)
def test_too_few_of_either_kind_are_refused(monkeypatch, columns, relapse, text):
    give(monkeypatch, {name: np.full(20, 0.5) for name in THREE})
    with pytest.raises(InsufficientDataError, match=text):
        choose(patients(relapse), columns, (SIMPLE, MIDDLE), 0, folds=5, repeats=1)


class GivenLogOdds:
    def __init__(self, log_odds):
        self.log_odds = np.asarray(log_odds)

    def predict_log_odds(self, matrix):
        return self.log_odds[matrix[:, 0].astype(int)]

    def predict_proba(self, matrix):
        risk = 1 / (1 + np.exp(-self.predict_log_odds(matrix)))
        return np.column_stack([1 - risk, risk])


def give_members(monkeypatch):
    """The members say 1/5 and 1/2; the mean of log(1/4) and log(1) is log(1/2): a risk of 1/3."""
    given = {MEMBERS[0]: GivenLogOdds(np.full(20, math.log(1 / 4))), MEMBERS[1]: GivenLogOdds(np.zeros(20))}
    fits = []
    monkeypatch.setattr(choice, "fit_known", lambda name, *args, **kwargs: fits.append(name) or given[name])
    return fits


def test_an_average_takes_the_members_that_are_candidates_too(monkeypatch, columns):
    fits = give_members(monkeypatch)
    found = choose(patients(RELAPSE), columns, (SIMPLE, AVERAGE, FLEXIBLE), 0, folds=5, repeats=2)
    assert fits == [SIMPLE, FLEXIBLE] * 10  # the average costs no fit
    # Half of the patients relapse: -(log(1/3) + log(2/3)) / 2.
    assert found.log_loss[AVERAGE] == pytest.approx(-(math.log(1 / 3) + math.log(2 / 3)) / 2)
    assert list(found.log_loss) == [SIMPLE, AVERAGE, FLEXIBLE]


def test_an_average_whose_members_are_not_all_candidates_is_fitted(monkeypatch, columns):
    fits = give(monkeypatch, {name: np.full(20, 0.5) for name in (SIMPLE, AVERAGE)})
    choose(patients(RELAPSE), columns, (SIMPLE, AVERAGE), 0, folds=5, repeats=1)
    assert [name for name, _ in fits] == [SIMPLE, AVERAGE] * 5


def test_an_average_of_real_classifiers_is_that_of_its_members(study, cohort):
    from relapse_model.development.choice import _held_out_risks
    from relapse_model.features.design import design
    from relapse_model.features.development_data import development_data

    data = development_data(cohort, study)
    train, held = data.take(np.arange(32, 132)), data.matrix[:32]
    members = _held_out_risks((SIMPLE, AVERAGE, FLEXIBLE), train, held, design(study), 0)
    alone = _held_out_risks((AVERAGE,), train, held, design(study), 0)
    np.testing.assert_allclose(members[AVERAGE], alone[AVERAGE], rtol=1e-9)
    low, high = np.minimum(members[SIMPLE], members[FLEXIBLE]), np.maximum(members[SIMPLE], members[FLEXIBLE])
    assert ((low <= members[AVERAGE]) & (members[AVERAGE] <= high)).all()


@pytest.mark.parametrize(("patient", "share"), [(None, [1.0] * 4), ([0, 0, 1, 1], [0.5] * 4)])
def test_hazards_are_fitted_to_the_times_of_all_from_the_landmark(monkeypatch, columns, patient, share):
    given = {}

    class Recorder:
        def fit(self, matrix, time, event, sample_weight=None):
            given.update(rows=matrix[:, 0].tolist(), time=time.tolist(), event=event.tolist())
            given["weight"] = None if sample_weight is None else sample_weight.tolist()
            return self

    monkeypatch.setattr(choice, "build_hazard", lambda columns, *weeks: given.update(weeks=weeks) or Recorder())
    few_are_enough(monkeypatch)
    data = patients([1, np.nan, 0, 0], np.array([20.0, 30.0, HORIZON, HORIZON]))
    numbers = None if patient is None else np.array(patient)
    fit_known(HAZARD, replace(data, landmark=12.0, patient=numbers), columns, 0)
    assert given["weeks"] == (12.0, 48.0)  # the times count from 12
    assert given["time"] == [8.0, 18.0, 36.0, 36.0]
    assert given["event"] == [1.0, 0.0, 0.0, 0.0]
    assert given["rows"] == [0.0, 1.0, 2.0, 3.0]
    assert given["weight"] == share


def test_rows_of_a_patient_share_a_weight_and_are_named_to_the_classifier(monkeypatch, columns):
    class Recorder:
        def fit(self, matrix, relapse, sample_weight=None, groups=None):
            self.given = (relapse.tolist(), sample_weight.tolist(), groups.tolist())
            return self

    monkeypatch.setattr(choice, "build", lambda *args, **kwargs: Recorder())
    data = replace(patients([1, 1, np.nan, 0, 0, 0]), patient=np.array([0, 0, 1, 2, 2, 2]), censoring="drop_lost")
    fitted = fit_known(SIMPLE, data, columns, 0)
    third = pytest.approx(1 / 3)
    assert fitted.given == ([1.0, 1.0, 0.0, 0.0, 0.0], [0.5, 0.5, third, third, third], [0, 0, 2, 2, 2])


def test_the_lost_are_fitted_as_free_where_that_is_asked_for_and_judged_by_weights_all_the_same(monkeypatch, columns):
    # 4 relapses at week 20, 8 lost at 30, 8 free. In training the lost are free: a mean risk of 3/15 in each fold.
    relapse = np.repeat([1.0, np.nan, 0.0], [4, 8, 8])
    data = replace(patients(relapse, np.repeat([20.0, 30.0, HORIZON], [4, 8, 8])), censoring="lost_as_free")
    fitted = []

    class Recorder:
        def fit(self, matrix, relapse, sample_weight=None, groups=None):
            fitted.append((len(relapse), relapse.sum(), set(sample_weight)))
            return Given(np.full(20, 0.5))

    monkeypatch.setattr(choice, "build", lambda *args, **kwargs: Recorder())
    found = choose(data, columns, (SIMPLE, MIDDLE), 0, folds=4, repeats=1)
    assert fitted == [(15, 3.0, {1.0})] * 8
    # Judged by the weights: the relapses 1 each, the free 2 each, the lost nothing.
    assert found.mean_risk_log_loss == pytest.approx(-(4 * math.log(0.2) + 16 * math.log(0.8)) / 20)


def test_rows_of_one_patient_are_one_observation_of_the_standard_error(monkeypatch, columns):
    """Twenty rows of ten patients: in eight of them both rows differ by 0.2 alike, in two the differences cancel."""
    simple = BEST + 0.05 + 0.2 * UP_AND_DOWN
    give(monkeypatch, {SIMPLE: risk_with_loss(RELAPSE, simple), FLEXIBLE: risk_with_loss(RELAPSE, BEST)})
    pairs = replace(patients(RELAPSE), patient=np.arange(20) % 2 + 2 * (np.arange(20) // 4))
    found = choose(pairs, columns, (SIMPLE, FLEXIBLE), 0, folds=5, repeats=1)
    assert found.difference_se[SIMPLE] == pytest.approx(math.sqrt(8 * (2 * 0.2 / 20) ** 2))


def test_copies_in_a_resample_are_observations_of_their_own(monkeypatch, columns):
    """The resample stands for twenty patients, whoever was drawn twice."""
    simple = BEST + 0.02 + 0.2 * UP_AND_DOWN
    give(monkeypatch, {SIMPLE: risk_with_loss(RELAPSE, simple), FLEXIBLE: risk_with_loss(RELAPSE, BEST)})
    drawn = replace(patients(RELAPSE), patient=np.arange(20) % 10, copy=np.arange(20))
    found = choose(drawn, columns, (SIMPLE, FLEXIBLE), 0, folds=5, repeats=1)
    assert found.difference_se[SIMPLE] == pytest.approx(ERROR)


def test_a_fold_that_one_candidate_refuses_is_left_out_for_all(monkeypatch, columns):
    """Patients of that fold are judged by nobody; the others as before; who refuses everywhere ends the comparison."""
    fits = []

    def fit(name, data, columns, seed, *, final=False, calibration="none"):
        fits.append(name)
        if name == FLEXIBLE and (refuses_all or len(fits) == 2):
            raise InsufficientDataError("Weights: 3 patients of a centre; expected more.")
        return Given(np.full(20, 0.5 if name == SIMPLE else 0.4))

    monkeypatch.setattr(choice, "fit_known", fit)
    refuses_all = False
    found = choose(patients(RELAPSE), columns, (SIMPLE, FLEXIBLE), 0, folds=5, repeats=1)
    assert found.failed == {"Weights: … patients of a centre": 1}
    assert found.log_loss[SIMPLE] == pytest.approx(math.log(2))
    # 8 relapses and 8 free are judged, each fold having two of both.
    assert found.log_loss[FLEXIBLE] == pytest.approx(-(math.log(0.4) + math.log(0.6)) / 2)
    refuses_all = True
    with pytest.raises(InsufficientDataError, match="5 of 5 folds could not be fitted: 5 x Weights: … patients"):
        choose(patients(RELAPSE), columns, (SIMPLE, FLEXIBLE), 0, folds=5, repeats=1)


def test_candidates_are_put_in_order_the_simplest_first():
    assert check_candidates((FLEXIBLE, AVERAGE, HAZARD, SIMPLE)) == (SIMPLE, HAZARD, AVERAGE, FLEXIBLE)
    assert check_candidates(tuple(reversed(KNOWN))) == KNOWN
    assert check_candidates(CANDIDATES) == CANDIDATES  # in the same order


@pytest.mark.parametrize(
    ("names", "text"),
    [(("random_forrest",), "Did you mean 'random_forest'"), (("elastic",), "Did you mean 'elastic_net'"), ((), "none")],
)
def test_names_that_are_no_candidate_are_refused(names, text):
    with pytest.raises(RelapseModelError, match=text):
        check_candidates(names)


def test_loss_of_a_patient_by_hand():
    loss = patient_log_loss(np.array([1.0, 0.0, 1.0, 0.0, np.nan]), np.array([0.25, 0.25, 0.0, 1.0, 0.5]))
    # A risk of 0 or 1 that was wrong costs log(1e6), not infinity; the lost have no loss.
    np.testing.assert_allclose(loss, [math.log(4), math.log(4 / 3), math.log(1e6), math.log(1e6), np.nan])


def test_a_choice_is_plain_numbers(monkeypatch, columns):
    give(monkeypatch, {name: np.full(20, 0.5) for name in THREE})
    found = choose(patients(RELAPSE), columns, (SIMPLE, MIDDLE), 0, folds=5, repeats=1)
    assert isinstance(found, Choice)
    assert all(type(value) is float for value in (*found.log_loss.values(), *found.difference_se.values()))
