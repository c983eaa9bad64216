"""What calling deaths censored does to the risk of relapse.

Simulated patients have one covariate that raises the hazards of relapse and of death, so that who dies would have
been likely to relapse. A part is lost for other reasons, whatever their risk. Two estimates of the risk by week 48 are
compared with the share of patients who do have a relapse by then, had nobody been lost:

- competing: the weights of `censoring_weights` with the deaths as competing events
- censored: the same weights with the deaths as losses

for the mean of all patients, and for a logistic regression of the outcome on the covariate in the fifth with the
highest covariate. Figures are means over cohorts, with the standard error of the mean.

Run: .venv/bin/python benchmarks/competing_events.py [--cohorts 200] [--patients 132 654] [--deaths 0.1 0.2 0.3]
[--seed 1]
"""

from __future__ import annotations

import argparse

import numpy as np

from relapse_model.arrays import Floats
from relapse_model.classifiers.shared.risks import sigmoid
from relapse_model.validation.ipcw import censoring_weights
from relapse_model.validation.logistic_fit import fit_logistic

HORIZON = 48.0
LOG_HAZARD_RATIO = (1.0, 1.0)  # per standard deviation of the covariate: of relapse, of death
LOST = 0.15  # by the horizon, of those without an event


def cohort(rng: np.random.Generator, patients: int, deaths: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Return covariate, first time, state then (1 relapse, 2 death, 0 neither), and relapse had nobody been lost."""
    covariate = rng.normal(size=patients)
    rates = [0.2, deaths, LOST]
    scale = [-np.log1p(-rate) / HORIZON for rate in rates]
    ratio = [np.exp(one * covariate - one**2 / 2) for one in LOG_HAZARD_RATIO] + [np.ones(patients)]
    relapse, death, loss = (
        rng.exponential(1.0, patients) / (rate * more) for rate, more in zip(scale, ratio, strict=True)
    )
    first = np.minimum.reduce([relapse, death, loss, np.full(patients, HORIZON)])
    state = np.select([relapse == first, death == first], [1.0, 2.0], 0.0)
    return covariate, first, state, ((relapse <= death) & (relapse <= HORIZON)).astype(np.float64)


def estimates(covariate: Floats, first: Floats, state: Floats, highest: Floats) -> dict[str, tuple[float, float]]:
    """Return the mean risk and that of the highest fifth by each way of counting deaths."""
    event, found = state == 1, {}
    for name, dead in (("competing", state == 2), ("censored", np.zeros(len(state)))):
        weight = censoring_weights(first, event, HORIZON, competing=dead)
        fitted = fit_logistic(np.column_stack([np.ones(len(covariate)), covariate]), event.astype(float), weight, False)
        risk = sigmoid(np.column_stack([np.ones(len(highest)), highest]) @ fitted.coefficients)
        found[name] = float(weight @ event / len(event)), float(risk.mean())
    return found


def bias(cohorts: int, patients: int, deaths: float, seed: int) -> dict[str, Floats]:
    """Return the bias of the mean risk and of that of the highest fifth, shape (cohorts, 2), and the truths."""
    rng = np.random.default_rng(seed)
    covariate, _, _, relapse = cohort(rng, 200_000, deaths)
    top = covariate >= np.quantile(covariate, 0.8)
    truth = np.array([relapse.mean(), relapse[top].mean()])
    highest = covariate[top][:5000]
    each: dict[str, list[Floats]] = {"competing": [], "censored": []}
    for _ in range(cohorts):
        for name, values in estimates(*cohort(rng, patients, deaths)[:3], highest).items():
            each[name].append(np.array(values) - truth)
    return {"truth": truth} | {name: np.array(values) for name, values in each.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--cohorts", type=int, default=200)
    parser.add_argument("--patients", type=int, nargs="+", default=[132, 654])
    parser.add_argument("--deaths", type=float, nargs="+", default=[0.1, 0.2, 0.3])
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print("patients  deaths  deaths are   mean risk: truth, bias (SE)    highest fifth: truth, bias (SE)")
    for patients in given.patients:
        for deaths in given.deaths:
            found = bias(given.cohorts, patients, deaths, given.seed)
            for name in ("competing", "censored"):
                mean, error = found[name].mean(axis=0), found[name].std(axis=0, ddof=1) / np.sqrt(given.cohorts)
                print(
                    f"{patients:8d}  {deaths:6.2f}  {name:11s}"
                    + "".join(f"  {found['truth'][k]:.3f} {mean[k]:+.3f} ({error[k]:.3f})          " for k in (0, 1))
                )


if __name__ == "__main__":
    main()
