"""Model files between environments: one trains and writes, another loads and must give the same risks.

``python exchange.py write FOLDER`` trains every classifier on the bundled cohort and writes the models with the scores
they give; ``python exchange.py check FOLDER`` loads them elsewhere, scores the same patients and compares.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

import relapse_model as rm

ROOT = Path(__file__).resolve().parents[2]
TOLERANCE = 1e-9
CLASSIFIERS = (
    "prior_logistic", "ridge_logistic", "elastic_net", "prior_hazard", "prior_and_trees", "boosted_trees",
    "random_forest",
)  # fmt: skip
COLUMNS = ["relapse_risk", "risk_lower", "risk_upper"]


def say(text):
    sys.stdout.write(text + "\n")


def bundled():
    study = rm.load_study("hbsag-relapse")
    return study, rm.read_cohort(ROOT / "examples" / "cohort", study=study)


def packages():
    names = ("numpy", "pandas", "scipy", "scikit-learn", "xgboost", "skops")
    return ", ".join(f"{name} {version(name)}" for name in names)


def scores_of(model, cohort):
    return model.score(cohort)[COLUMNS].to_numpy(dtype=float).tolist()


def write(folder, classifiers=CLASSIFIERS):
    study, cohort = bundled()
    folder.mkdir(parents=True, exist_ok=True)
    models = {name: rm.train(cohort, study, candidates=(name,)) for name in classifiers}
    models["recalibrated"] = models["prior_logistic"].update(rm.simulate_cohort(132, seed=9))
    models["several_landmarks"] = rm.train(cohort, study, landmark_week=(0, 12), candidates=("prior_logistic",))
    for name, model in models.items():
        model.save(folder / f"{name}.rmodel")
    scores = {name: scores_of(model, cohort) for name, model in models.items()}
    (folder / "scores.json").write_text(json.dumps({"packages": packages(), "scores": scores}), encoding="utf-8")
    say(f"{len(models)} models written with {packages()}")


def check(folder):
    _, cohort = bundled()
    stated = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    say(f"written with {stated['packages']}\nread with    {packages()}")
    good = True
    for name, expected in stated["scores"].items():
        try:
            model = rm.load_model(folder / f"{name}.rmodel")
        except rm.RelapseModelError as error:
            good = False
            say(f"  {name}: refused: {error}")
            continue
        apart = float(np.nanmax(np.abs(np.array(scores_of(model, cohort)) - np.array(expected))))
        same_missing = np.array_equal(np.isnan(scores_of(model, cohort)), np.isnan(np.array(expected)))
        good &= apart <= TOLERANCE and same_missing
        say(f"  {name}: risks and limits at most {apart:.1e} apart")
    return good


if __name__ == "__main__":
    verb, place = sys.argv[1], Path(sys.argv[2])
    if verb == "write":
        write(place)
    elif not check(place):
        raise SystemExit(f"risks differ by more than {TOLERANCE:g}, or files were refused")
