"""What each piece of stated knowledge brings: `prior_logistic` with and without it, on the same simulated cohorts.

Two simulators: the library's own, whose truths lie around the published effects (`simulated_truth`), and the second,
whose mechanism no model has (`mechanistic_truth`). Figures: share of the attainable gain in expected log loss, (loss
of the mean risk - loss) / (loss of the mean risk - loss of the true risk), without any of what follows, and the
difference of each other study to it, paired by cohort, with its standard error: the mean over the cohorts, and then
the share of the sums of all cohorts; where nothing predicts relapse, log loss times 1,000, and higher is worse. Then
the median slope of calibration, and how many of the true risks lie in the 90 % interval (own simulator: given all
that decides; second: given what the study reads, and the centre).

- `before`: the built-in study with its predictors and their priors, without its terms and its baseline
- `terms`: with the terms of the built-in study
- `baseline`: with its baseline; half and twice its risk
- `centres`: with partially pooled intercepts
- `weights`: of strengths and widths, as published effects deserve
- `built-in`: terms and baseline, as the built-in study is
- `all`: terms, baseline, centres and weights; half and twice the risk of the baseline; a standard deviation of .5
- `published`: priors as they stand, their weight not learned

Run: .venv/bin/python benchmarks/stated_knowledge.py [--simulators own second] [--patients 132 300 1000]
[--scenarios linear mechanistic] [--studies baseline] [--replicates 30] [--seed N] [--jobs 2]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

import relapse_model as rm
from mechanistic_truth import simulate
from relapse_model.classifiers.by_centre import by_centre
from relapse_model.classifiers.prior.beforehand import PUBLISHED_STRENGTH_WEIGHTS, PUBLISHED_WIDTH_WEIGHTS
from relapse_model.classifiers.prior.logistic import PriorLogisticClassifier
from relapse_model.development.candidates import build
from relapse_model.features.centre_labels import centre_labels
from relapse_model.features.design import Design, design, design_matrix
from relapse_model.features.development_data import DevelopmentData, development_data
from relapse_model.features.known_columns import as_learned, marked_columns
from relapse_model.study.prediction import Baseline
from relapse_model.study.reader import parse_study
from relapse_model.study.study import Study
from relapse_model.validation.effective_number import effective_share
from second_simulator import CELLS, NEW_SEED, KnownRisks
from simulated_truth import (
    SCENARIOS,
    TEST_SEED,
    Floats,
    Outcomes,
    draw_truth,
    mean_se,
    new_patients,
    ratio_se,
    replicate_seeds,
    study_of,
)

SEED = 20_261_215
JUDGED = 5000  # new patients
BEFORE, NO_BASELINE = "before", "no baseline"
_CENTRES = '[prediction]\ncentre = "centre"\n'
_WEIGHTS = {"strength_weights": PUBLISHED_STRENGTH_WEIGHTS, "width_weights": PUBLISHED_WIDTH_WEIGHTS}
_NO_TERMS: dict[str, Any] = {"terms": ()}
Stated = tuple[Baseline | None, str, dict[str, Any]]


def stated(risk: float, sd_logit: float = 0.75) -> Baseline:
    """Return a baseline by week 48, for a comparison; 11 % with the default is that of the built-in study."""
    return Baseline(risk, sd_logit, 48.0, "of this benchmark", as_stated=True)


# The baseline of the study, what is added to its sections, and settings of the classifier.
STUDIES: dict[str, Stated] = {
    BEFORE: (None, "", _NO_TERMS),
    "terms": (None, "", {}),
    "baseline": (stated(0.11), "", _NO_TERMS),
    "baseline, half": (stated(0.055), "", _NO_TERMS),
    "baseline, twice": (stated(0.22), "", _NO_TERMS),
    "centres": (None, _CENTRES, _NO_TERMS),
    "weights": (None, "", _NO_TERMS | _WEIGHTS),
    "built-in": (stated(0.11), "", {}),
    "all": (stated(0.11), _CENTRES, _WEIGHTS),
    "all, half": (stated(0.055), _CENTRES, _WEIGHTS),
    "all, twice": (stated(0.22), _CENTRES, _WEIGHTS),
    "all, sd 0.5": (stated(0.11, 0.5), _CENTRES, _WEIGHTS),
    "published": (None, "", _NO_TERMS | {"strengths": (1.0,), "widths": (1.0,)}),
}
# How the baseline of the built-in study is to be widened: its risk, half and twice of it.
SPREADS: dict[str, Stated] = {NO_BASELINE: (None, "", {})} | {
    f"{risk:g}, sd {sd:g}, x {' '.join(f'{one:g}' for one in widths)}": (
        stated(risk, sd), "", {"baseline_widths": widths},
    )
    for risk in (0.11, 0.055, 0.22) for sd in (0.5, 0.75) for widths in ((1.0, 3.0), (1.0,))
}  # fmt: skip
Judge = Callable[[Study, PriorLogisticClassifier], dict[str, float]]
Row = dict[str, Any]


def study_with(baseline: Baseline | None, added: str, base: Study) -> Study:
    """Return the study with another baseline, or none, and keys added to its sections, each of which it has."""
    text = base.text
    for section in filter(None, added.split("[")):
        name, keys = section.split("]", 1)
        head = f"[{name}]\n"
        if head not in text:
            raise ValueError(f"the study has no section {name!r}")
        text = text.replace(head, head + keys.lstrip("\n"))
    study = parse_study(text, base.name)
    return replace(study, outcome=replace(study.outcome, baseline=baseline))


def fitted(
    cohort: rm.Cohort, study: Study, settings: dict[str, Any],
    extend: Callable[[Design, DevelopmentData], Design] | None = None,
) -> PriorLogisticClassifier:  # fmt: skip
    """Return the classifier as training fits it, but with these settings, and a design with more in it."""
    data = as_learned(development_data(cohort, study))
    relapse, weight = data.training_rows()
    used = weight > 0
    weight = weight * effective_share(relapse, weight, data.numbers())
    columns = design(study, data.landmark)
    columns = columns if extend is None else extend(columns, data)
    model = build("prior_logistic", columns, 0, marked=marked_columns(data))
    for name, value in settings.items():
        setattr(model, name, value)
    centre = None if data.site is None else data.site[used]
    return model.fit(data.matrix[used], relapse[used], sample_weight=weight[used], centre=centre)


def risks(
    model: PriorLogisticClassifier, study: Study, cohort: rm.Cohort, features: Any
) -> tuple[Floats, Floats, Floats]:
    """Return the risks of new patients and the limits of their intervals, each by the posterior of its centre."""
    matrix, found = design_matrix(features, study), np.empty((len(features), 3))
    for one, rows in by_centre(model, centre_labels(cohort, study), len(matrix)):
        found[rows, 0] = one.predict_proba(matrix[rows])[:, 1]
        found[rows, 1:] = one.predict_interval(matrix[rows])
    return found[:, 0], found[:, 1], found[:, 2]


def run(
    replicate: int, draw: Callable[[int], tuple[rm.Cohort, Any, Floats]], base: Study, names: tuple[str, ...],
    cohort: rm.Cohort, features: Any,
) -> list[Row]:  # fmt: skip
    """Fit each study to one cohort and judge it on the new patients."""
    trained, outcomes, truth = draw(replicate)
    outcome = rm.derive_outcome(trained, base)["state"]
    mean = np.full(len(truth), truth.mean())
    rows = []
    with threadpool_limits(1):
        for name in names:
            baseline, added, settings = (STUDIES | SPREADS)[name]
            study = study_with(baseline, added, base)
            risk, lower, upper = risks(fitted(trained, study, settings), study, cohort, features)
            rows.append({
                "study": name, "events": int((outcome == "relapse").sum()), "loss": outcomes.log_loss(risk),
                "mean": outcomes.log_loss(mean), "true": outcomes.log_loss(truth), "slope": outcomes.slope(risk),
                "held": float(np.mean((lower <= truth) & (truth <= upper))),
            })  # fmt: skip
    return rows


def print_cell(title: str, rows: list[list[Row]], nothing: bool) -> None:
    """Print the figures of each study over the replicates of a cell."""
    events = np.mean([replicate[0]["events"] for replicate in rows])
    what = "log loss above that of the mean risk x 1,000" if nothing else "share of the attainable gain"
    print(f"\n{title}: {len(rows)} cohorts, {events:.1f} relapses on average; {what}")
    figures = [[figure(row, nothing) for row in replicate] for replicate in rows]
    for place, name in enumerate(row["study"] for row in rows[0]):
        own, first = (np.array([one[column] for one in figures]) for column in (place, 0))
        mean, error = mean_se(list(own if place == 0 else own - first))
        slopes = [one[place]["slope"] for one in rows if one[place]["slope"] is not None]
        held, held_error = mean_se([one[place]["held"] for one in rows])
        sign, digits = ("" if place == 0 else "+"), 2 if nothing else 4
        summed = "" if nothing else f"   of sums {{:{sign}7.4f}} ({{:.4f}})".format(*of_sums(rows, place))
        print(
            f"{name:22s}{mean:{sign}9.{digits}f} ({error:.{digits}f}){summed}   "
            f"slope {np.median(slopes):5.2f}   in interval {held:.3f} ({held_error:.3f})",
            flush=True,
        )


def figure(row: Row, nothing: bool) -> float:
    """Return the share of the attainable gain, or the loss where nothing can be gained."""
    lost = row["loss"] - row["mean"]
    return float(1000 * lost if nothing else lost / (row["true"] - row["mean"]))


def of_sums(rows: list[list[Row]], place: int) -> tuple[float, float]:
    """Return the share of the sums of all cohorts that a study reaches, beyond that of the first study."""
    losses = {key: np.array([one[place][key] for one in rows]) for key in ("loss", "mean", "true")}
    gained = (
        losses["mean"] - losses["loss"] if place == 0 else np.array([one[0]["loss"] for one in rows]) - losses["loss"]
    )
    return ratio_se(gained, losses["mean"] - losses["true"])


def own_cohort(
    replicate: int, scenario: str, patients: int, seed: int, baseline: Any
) -> tuple[rm.Cohort, Outcomes, Floats]:
    """Draw a truth and a cohort of the library's simulator, with the true risks of the new patients."""
    rng, cohort_seed = replicate_seeds(seed, replicate)
    truth = draw_truth(scenario, rng)
    risk = truth.risk(baseline)
    return truth.cohort(patients, cohort_seed), Outcomes.expected(risk), risk


def second_cohort(
    replicate: int, scenario: str, patients: int, seed: int, truth: KnownRisks
) -> tuple[rm.Cohort, KnownRisks, Floats]:
    """Draw a cohort of the second simulator, with the true risks of the new patients."""
    cohort_seed = int(np.random.SeedSequence([seed, patients, replicate]).generate_state(1)[0])
    return simulate(patients, cohort_seed, CELLS[scenario], draws=1).cohort, truth, truth.truth


def cells(simulator: str, scenario: str) -> tuple[Any, Study, rm.Cohort, Any]:
    """Return what draws cohorts of a cell, its study, and the new patients with their predictors."""
    study = study_of(scenario)
    if simulator == "own":
        new = new_patients(study, JUDGED)
        cohort = rm.simulate_cohort(JUDGED, TEST_SEED)
        return partial(own_cohort, baseline=new.baseline), study, cohort, new.features
    simulated = simulate(JUDGED, NEW_SEED, CELLS[scenario], draws=400, later=False)
    known = KnownRisks(simulated.cohort, simulated.risk_at_centre)
    features = rm.derive_features(simulated.cohort, study, landmark_week=0)
    return partial(second_cohort, truth=known), study, simulated.cohort, features


def main() -> None:
    """Print a table for each simulator, scenario and size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--simulators", nargs="+", choices=("own", "second"), default=["own", "second"])
    parser.add_argument(
        "--scenarios",
        nargs="+",
        choices=sorted({*SCENARIOS, *CELLS}),
        default=list(dict.fromkeys((*SCENARIOS, *CELLS))),
    )
    parser.add_argument("--studies", nargs="+", choices=[*STUDIES][1:], default=[*STUDIES][1:])
    parser.add_argument(
        "--spreads", action="store_true", help="instead: how the baseline of the built-in study is widened, beside none"
    )
    parser.add_argument("--patients", nargs="+", type=int, default=[132, 300, 1000])
    parser.add_argument("--replicates", type=int, default=30)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    names = tuple(SPREADS) if given.spreads else (BEFORE, *given.studies)
    for simulator in given.simulators:
        for scenario in (one for one in given.scenarios if one in (SCENARIOS if simulator == "own" else CELLS)):
            draw, study, cohort, features = cells(simulator, scenario)
            for patients in given.patients:
                drawn = partial(draw, scenario=scenario, patients=patients, seed=given.seed)
                tasks = (delayed(run)(one, drawn, study, names, cohort, features) for one in range(given.replicates))
                print_cell(
                    f"{simulator}, {scenario}, n = {patients}", Parallel(n_jobs=given.jobs)(tasks), scenario == "null"
                )


if __name__ == "__main__":
    from stated_knowledge import main as run_all  # by its name, as processes find it

    run_all()
