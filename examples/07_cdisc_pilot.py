"""The first dermatologic event of a trial in CDISC's form, by a mapping and a study file: no code of one's own.

Data: CDISC SDTM/ADaM pilot project (transdermal xanomeline in Alzheimer's disease, 254 subjects), PHUSE.

The mapping says what is what in the data sets, the study what is asked. The same on the command line:

    relapse-model read cdisc cdisc_pilot01 --mapping 07_cdisc_pilot_mapping.toml --out cohort
    relapse-model validate cohort --study 07_cdisc_pilot.toml --out validation
    relapse-model train cohort --study 07_cdisc_pilot.toml --out pilot.rmodel
"""

from __future__ import annotations

from pathlib import Path

import relapse_model as rm
from data_folder import data_folder
from relapse_model.cohort.readers.cdisc.read import read_cdisc

DATA = "cdisc_pilot01"
STUDY = Path(__file__).with_suffix(".toml")
MAPPING = Path(__file__).with_name("07_cdisc_pilot_mapping.toml")
CANDIDATES = ("prior_logistic", "ridge_logistic")


def main(seed: int = 0, outer_repeats: int = 2) -> None:
    study = rm.load_study(STUDY)
    cohort = read_cdisc(data_folder(DATA), MAPPING)
    print(f"{cohort.reading}\n")
    found = rm.validate(cohort, study, candidates=CANDIDATES, seed=seed, outer_repeats=outer_repeats, bootstraps=0)
    data, measures = found.data, found.performance.measures
    print(
        f"{study.title}\n{len(data)} of {len(cohort)} patients at risk on the first day; {data.events} events by week "
        f"{study.prediction.horizon_weeks:g} ({data.lost} lost before it), {int(data.event.sum())} in all.\n"
        f"Out of fold, {outer_repeats} x 5 outer folds: AUC {measures['auc'].value:.3f}, "
        f"scaled Brier score {measures['scaled_brier']:.3f}\n"
    )
    print(rm.train(cohort, study, candidates=CANDIDATES, seed=seed))


if __name__ == "__main__":
    main()
