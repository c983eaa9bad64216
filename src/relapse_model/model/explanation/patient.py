"""What raised and lowered the risk of one patient, for the clinician who looks after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relapse_model.cohort.landmark_visit import known_until
from relapse_model.cohort.tables.days import read_days
from relapse_model.cohort.tables.identifiers import same_identifier
from relapse_model.display.html_summary import html_summary
from relapse_model.errors import RelapseModelError
from relapse_model.features import derive_features
from relapse_model.features.centre_labels import centre_labels
from relapse_model.model.explanation.missing_value import InPlace, code_in_place, counted_words, in_place, note_of
from relapse_model.model.explanation.patient_input import (
    PatientInput,
    centre_input,
    code_shown,
    date_of,
    patient_input,
    percent_in_tenths,
    risk_percent,
    week_shown,
    with_unit,
)
from relapse_model.model.explanation.predictor_source import predictor_source
from relapse_model.model.explanation.shap_values import explain, reference_codes, starts_from_training
from relapse_model.model.scoring.guards.unlike import DO_NOT_RELY, each_warning, unlike_studied
from relapse_model.model.scoring.scores import score_cohort
from relapse_model.model.trained import LEVEL
from relapse_model.model.verdict import ModelVerdict, model_verdict

if TYPE_CHECKING:
    from relapse_model.cohort.cohort import Cohort
    from relapse_model.model.trained import TrainedModel
    from relapse_model.study.study import Study

_NOTE = (
    "An effect is what the model adds for this value compared with the reference: the average of the training "
    "patients, or of several levels the most common. It is not a cause, nor "
    "the effect of a treatment: changing the value need not change the risk. Research use only: not for decisions "
    "about a patient."
)


@dataclass(frozen=True, slots=True, repr=False)
class PatientExplanation:
    """How the risk of one patient comes about.

    Attributes
    ----------
    patient_id : str
    outcome : str
    landmark_week, horizon_weeks : float
        When it is predicted, and up to which week.
    landmark_date : str or None
    risk, lower, upper : float
        The risk and its interval, as `RelapseModel.score` gives them.
    level : float
        Of the interval.
    base_risk : float
        Where the explanation starts: the risk of `base_words`.
    base_words : str
    inputs : tuple of PatientInput
        One per predictor, and the centre where the model knows centres; the largest effect first. Their contributions
        add up to the log-odds of the risk minus those of `base_risk`.
    warnings : tuple of str
    synthetic : bool
        Whether the model was trained on simulated patients.
    own_risk : bool
        Whether the interval is of the patient's own risk; else it is of the mean risk of patients with the same
        predictors.
    verdict : ModelVerdict
        How far the risks of this model can be relied on.
    missing_note : str
        How missing values count; empty where none is missing.
    """

    patient_id: str
    outcome: str
    landmark_week: float
    landmark_date: str | None
    horizon_weeks: float
    risk: float
    lower: float
    upper: float
    level: float
    base_risk: float
    base_words: str
    inputs: tuple[PatientInput, ...]
    warnings: tuple[str, ...]
    synthetic: bool
    verdict: ModelVerdict
    own_risk: bool = False
    missing_note: str = ""

    @property
    def note(self) -> str:
        """Return how an effect is to be read."""
        return f"{self.missing_note} {_NOTE}".strip()

    @property
    def unlike_studied(self) -> bool:
        """Tell whether a warning says that nobody like the patient was studied: the risk is not to be relied on."""
        return unlike_studied(self.warnings)

    def __repr__(self) -> str:
        """Return the risk only: who it is stays in `patient_id` and `text`."""
        return f"PatientExplanation(risk {self.risk:.3f}, {len(self.inputs)} inputs, {len(self.warnings)} warnings)"

    def _repr_html_(self) -> str:
        """Return the table of `text` without the identifier, as a notebook shows it."""
        interval = f"{100 * self.level:.0f} % interval {risk_percent(self.lower)} to {risk_percent(self.upper)} %"
        return html_summary(
            f"{self.outcome} by week {self.horizon_weeks:g}: risk {risk_percent(self.risk)} % ({interval}). "
            f"{f'{DO_NOT_RELY} ' if self.unlike_studied else ''}{self.verdict.en}",
            columns=("", "value", "reference", "read from", "effect on the risk"),
            rows=[(one.label, one.value_shown, one.reference_shown, one.read_from, one.effect) for one in self.inputs],
            note=" ".join(
                (f"For comparison, {self.base_words}: {risk_percent(self.base_risk)} %.", *self.warnings, self.note)
            ),
        )

    def steps(self) -> tuple[float, ...]:
        """Return the risk from the base on, after each input in turn; the last is the risk of the patient."""
        base = np.log(self.base_risk) - np.log1p(-self.base_risk)
        log_odds = base + np.cumsum([0.0, *(one.contribution for one in self.inputs)])
        return tuple(float(risk) for risk in 1.0 / (1.0 + np.exp(-log_odds)))

    def text(self) -> str:
        """Return a table for the terminal: the largest effect first."""
        when = week_shown(self.landmark_week, self.landmark_date)
        steps = self.steps()
        rows = [("", "value", "reference", "read from", "effect on the risk")]
        for one, before, after in zip(self.inputs, steps, steps[1:], strict=False):
            effect = f"{one.effect} it{'' if one.effect == 'hardly changes' else _change(before, after)}"
            shown = with_unit(one.shown, one.unit)
            rows.append((one.label, shown, one.reference_shown, one.counted or one.read_from, effect))
        interval = f"{100 * self.level:.0f} % interval {risk_percent(self.lower)} to {risk_percent(self.upper)} %"
        lines = [
            f"Patient {self.patient_id}: {self.outcome} by week {self.horizon_weeks:g}, predicted at {when}",
            "",
            f"Risk {risk_percent(self.risk)} % ({interval}); {self.base_words}: {risk_percent(self.base_risk)} %.",
            *((DO_NOT_RELY,) if self.unlike_studied else ()),
            self.verdict.en,
            "",
            "From the one risk to the other, the largest effect first:",
            "",
            *_table(rows),
            "",
        ]
        lines += [f"Warning {warning}." for warning in self.warnings]
        lines += ["The model was trained on synthetic patients."] if self.synthetic else []
        return "\n".join([*lines, *wrap(self.note, 100)])


def explain_patient(
    model: TrainedModel, cohort: Cohort, patient_id: str, landmark_week: float | None = None
) -> PatientExplanation:
    """Explain the risk of one patient: each value with its unit, reference, week and age, and what it did.

    Contributions are those of `RelapseModel.explain`. Assumes nothing more than the model does; a missing value
    counts as the value that the model puts in its place.

    Parameters
    ----------
    model : TrainedModel
    cohort : Cohort
        In which the patient is.
    patient_id : str
    landmark_week : float, optional
        As `RelapseModel.score` takes it.

    Returns
    -------
    PatientExplanation

    Raises
    ------
    RelapseModelError
        If the cohort has no such patient, or the patient cannot be scored.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> model = rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",))
    >>> found = explain_patient(model, rm.simulate_cohort(3, seed=8), "P0001")
    >>> found.inputs[0].label, found.inputs[0].effect
    ('Anti-HBs', 'lowers')
    """
    landmark = model.landmark(landmark_week)
    score = _score_of(model, cohort, str(patient_id), landmark_week)
    place = same_identifier(patient_id, cohort.patient_ids)[0]
    features = derive_features(cohort, model.study, landmark).iloc[[place]]
    site = centre_labels(cohort, model.study)
    found, anywhere = explain(model, features, None if site is None else site[[place]]), explain(model, features)
    until = known_until(cohort, model.study, landmark, place)
    enrolled, instead, reference = _days(cohort, model.study, place), in_place(model.classifier), reference_codes(model)
    inputs = [
        patient_input(
            predictor, features[predictor.name].iloc[0], reference[column], float(found.values[0, column]),
            predictor_source(cohort, model.study, predictor, place, until), enrolled, until,
            _counted(model, column, instead),
        )
        for column, predictor in enumerate(model.study.predictors)
    ]  # fmt: skip
    if site is not None and model.centres:
        inputs.append(_centre(model, cohort, place, site[place], found.base_values[0] - anywhere.base_values[0]))
    return PatientExplanation(
        patient_id=str(patient_id),
        outcome=model.study.outcome.name,
        landmark_week=landmark,
        landmark_date=date_of(enrolled, until),
        horizon_weeks=model.study.prediction.horizon_weeks,
        risk=float(score["relapse_risk"]),
        lower=float(score["risk_lower"]),
        upper=float(score["risk_upper"]),
        level=LEVEL,
        own_risk=model.study.prediction.residual is not None,
        base_risk=float(1.0 / (1.0 + np.exp(-anywhere.base_values[0]))),
        base_words=_base_words(model),
        inputs=tuple(sorted(inputs, key=lambda one: -abs(one.contribution))),
        warnings=each_warning(str(score["warnings"])),
        synthetic=bool(model.summary["synthetic"]),
        verdict=model_verdict(model),
        missing_note=note_of(instead, [one.counted for one in inputs]),
    )


def _centre(model: TrainedModel, cohort: Cohort, place: int, site: object, contribution: float) -> PatientInput:
    """Return the centre of a patient beside the predictors; `site` is None where it is not known."""
    column = str(model.study.prediction.centre)
    cell = cohort.patients[column].iloc[place] if site is not None else None
    return centre_input(column, cell, float(contribution))


def _counted(model: TrainedModel, column: int, instead: InPlace) -> str:
    """Return how a predictor counts where it is missing."""
    shown = code_shown(model.study.predictors[column], code_in_place(model, column, instead))
    return counted_words(model, column, shown, instead)


def _base_words(model: TrainedModel) -> str:
    """Return whose risk an explanation starts from."""
    average = starts_from_training(model.classifier)
    return "the training patients on average" if average else "a patient with average values"


def _score_of(model: TrainedModel, cohort: Cohort, patient_id: str, landmark_week: float | None) -> pd.Series:
    """Return the row of the patient among the scores of the whole cohort."""
    if not same_identifier(patient_id, (*cohort.patient_ids, *cohort.rejected["patient_id"])):
        raise RelapseModelError(
            f"explain_patient: no patient {patient_id!r} among the {len(cohort)} of this cohort; expected an "
            "identifier as it stands in the patients table. Look it up there, capitals and zeros included."
        )
    scores = score_cohort(model, cohort, landmark_week=landmark_week)
    score = scores.iloc[same_identifier(patient_id, scores["patient_id"])[0]]
    if score["status"] != "scored":
        raise RelapseModelError(f"explain_patient: patient {patient_id!r} cannot be scored: {score['reason']}")
    return score


def _days(cohort: Cohort, study: Study, place: int) -> np.datetime64 | None:
    """Return the day of enrolment, where it is known."""
    if "enrolment_date" not in cohort.patients:
        return None
    day: np.datetime64 = read_days(cohort.patients["enrolment_date"].iloc[[place]], study.time.zone).day[0]
    return None if np.isnat(day) else day


def _change(before: float, after: float) -> str:
    """Say from where to where the risk moves, unless both are written alike."""
    first, then = percent_in_tenths(before), percent_in_tenths(after)
    return " a little" if first == then else f", {first} to {then} %"


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
