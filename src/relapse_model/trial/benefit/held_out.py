"""Risks under both arms by models that had not seen the patient: the whole procedure, repeated in every fold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from relapse_model.arrays import Floats, Mask
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.tables.column_values import texts
from relapse_model.development.folds import data_folds
from relapse_model.development.procedure import Procedure, develop
from relapse_model.development.refused_runs import reason_of, reasons_counted
from relapse_model.errors import CohortError, InsufficientDataError, Problem, RelapseModelError
from relapse_model.features.design import design_matrix
from relapse_model.features.development_data import DevelopmentData
from relapse_model.model.scoring.arm_effect import with_arm
from relapse_model.model.scoring.control_risk import untreated_log_odds
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study
from relapse_model.study.trial_plan import TrialPlan

_LISTED_ROWS = 10


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Predictions of patients by models of the others, as means over repeats on the log-odds.

    Attributes
    ----------
    control_log_odds : array of float, shape (n,)
        Of the risk in the control arm.
    effect : array of float, shape (n,)
        Predicted: treatment less control, on the log-odds.
    score : array of float, shape (n,)
        The log-odds in the control arm less their mean over all patients by the same model. A model's level rests on
        the outcomes of its controls: without a control who relapsed it is lower, without a treated patient who
        relapsed it is not. The log-odds themselves would differ between the arms where nothing differs.
    failed : dict of str to int
        Folds that could not be fitted, by reason.
    """

    control_log_odds: Floats
    effect: Floats
    score: Floats
    failed: dict[str, int]

    @property
    def control(self) -> Floats:
        """Return the risk in the control arm."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.control_log_odds)))

    @property
    def treated(self) -> Floats:
        """Return the risk in the treatment arm."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.control_log_odds - self.effect)))

    @property
    def benefit(self) -> Floats:
        """Return the predicted benefit."""
        return self.control - self.treated


def held_out_risks(
    data: DevelopmentData,
    procedure: Procedure,
    study: Study,
    readers: tuple[Predictor, ...],
    treated: Mask,
    *,
    folds: int,
    repeats: int,
    seed: int,
) -> HeldOut:
    """Predict each patient under both arms by models of the other folds.

    Parameters
    ----------
    data : DevelopmentData
    procedure : Procedure
        The whole of it is repeated.
    study : Study
    readers : tuple of Predictor
        That tell the arms apart; without any the effect is the plan's.
    treated : array of bool
    folds, repeats, seed : int

    Raises
    ------
    InsufficientDataError
        If more than half of the folds could not be fitted.
    """
    plan = study.trial
    assert plan is not None
    matrices = [
        design_matrix(with_arm(data.features, readers, arm), study) for arm in (plan.arms.control, plan.arms.treatment)
    ]
    total, count = np.zeros((3, len(data))), np.zeros(len(data))
    failed: Counter[str] = Counter()
    split = data_folds(data, folds, repeats, seed)
    for number, (_, test) in enumerate(split):
        rest = np.setdiff1d(np.arange(len(data)), test)
        try:
            classifier = develop(data.take(rest), procedure, seed + number).classifier
        except RelapseModelError as error:
            failed[reason_of(error)] += 1
            continue
        everybody, under = (classifier.predict_log_odds(matrix) for matrix in matrices)
        score = (everybody - everybody.mean())[test]
        control, effect = everybody[test], (under - everybody)[test]
        if not readers and plan.effect is not None:
            effect = np.full(len(test), plan.effect.log_odds)
            control = untreated_log_odds(control, effect, float(treated[rest].mean()))
        total[:, test] += control, effect, score
        count[test] += 1
    if 2 * failed.total() > len(split) or (count == 0).any():
        raise InsufficientDataError(
            f"benefit report: {failed.total()} of {len(split)} folds could not be fitted: {reasons_counted(failed)}. "
            "Without models that had not seen the patients no benefit can be judged; add patients."
        )
    return HeldOut(total[0] / count, total[1] / count, total[2] / count, dict(failed))


def arms_of(cohort: Cohort, plan: TrialPlan, data: DevelopmentData) -> tuple[Mask, DevelopmentData]:
    """Return who of the patients at risk is in the treatment arm, and the data with the lost weighted within arms.

    Parameters
    ----------
    cohort : Cohort
    plan : TrialPlan
    data : DevelopmentData

    Raises
    ------
    CohortError
        If the arm of a patient is not one of the plan's: nobody who was randomised is left out.
    """
    column = plan.arms.column
    expected = f"{plan.arms.treatment!r} or {plan.arms.control!r}"
    if column not in cohort.patients:
        raise CohortError("no benefit report", [Problem("patients", None, column, "the column is missing", expected)])
    arm = texts(cohort.patients[column])
    place = cohort.patient_ids.get_indexer(data.features.index)
    wrong = np.sort(place[~arm.iloc[place].isin([plan.arms.treatment, plan.arms.control]).to_numpy()])
    if len(wrong):
        rows = ", ".join(str(one + 2) for one in wrong[:_LISTED_ROWS]) + (", ..." if len(wrong) > _LISTED_ROWS else "")
        problem = Problem(
            "patients", None, column, f"no arm of the plan in rows {rows}", expected,
            "Find out to which arm these patients were allocated",
        )  # fmt: skip
        raise CohortError("no benefit report", [problem])
    own = arm.iloc[place].to_numpy(dtype=object)
    treated: Mask = own == plan.arms.treatment
    for who, name in ((treated, plan.arms.treatment), (~treated, plan.arms.control)):
        if not who.any():
            raise InsufficientDataError(f"benefit report: nobody at risk in the arm {name!r}; expected both arms.")
    return treated, replace(data, group=own)
