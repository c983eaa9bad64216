"""The five-minute tour: read a cohort, train, validate, explain, save, score. The patients are synthetic."""

from __future__ import annotations

import tempfile
from pathlib import Path

import relapse_model as rm

HERE = Path(__file__).parent


def main(outer_repeats: int = 1) -> None:
    study = rm.load_study("hbsag-relapse")
    print(f"{study.title} ({study.registry})")

    # 1. A cohort: everything wrong with the tables would be listed here, all at once.
    cohort = rm.read_cohort(HERE / "cohort", study=study)
    print(cohort)

    # 2. What was known at week 0, and what became of the patients.
    features = rm.derive_features(cohort, study, units="clinical")  # as a laboratory prints them; models read log10
    outcome = rm.derive_outcome(cohort, study)
    print(features.describe().loc[["count", "mean", "min", "max"]].round(2).T)
    print(outcome["state"].value_counts().to_string())

    # 3. Train, and judge the whole procedure on patients it has not seen.
    model = rm.train(cohort, study, candidates=("prior_logistic",))
    found = rm.validate(cohort, study, candidates=("prior_logistic",), outer_repeats=outer_repeats, bootstraps=0)
    print(f"AUC {found.performance.measures['auc']}, log loss {found.performance.measures['log_loss']:.3f}")

    # 4. One file, which cannot run code.
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.rmodel")
        model = rm.load_model(Path(folder) / "model.rmodel")

    # 5. New patients: a risk with its interval, and what raised or lowered it.
    new = rm.simulate_cohort(5, seed=8)
    print(model.score(new).round(3).to_string(index=False))
    explanation = model.explain(new)
    first = sorted(zip(explanation.feature_names, explanation.values[0], strict=True), key=lambda x: -abs(x[1]))
    for name, value in first[:3]:
        print(f"  {name}: {value:+.2f} on the log-odds of the first patient")


if __name__ == "__main__":
    main()
