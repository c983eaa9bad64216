"""RM104: more parameters than a cohort of this size supports."""

from __future__ import annotations

from relapse_model.development.checks.check import CohortCheck, Verdict, found, not_applicable, passed
from relapse_model.development.sample_size import cohort_sample_size, size_words
from relapse_model.errors import InsufficientDataError
from relapse_model.features.at_landmark import AtLandmark
from relapse_model.features.development_data import data_of
from relapse_model.features.known_columns import hardly_known_predictors


def too_many_parameters(at: AtLandmark) -> Verdict:
    """Compare the number of parameters with what the patients at risk support, before anything is fitted.

    Riley's criterion of a shrinkage of 0.9 (Riley 2019, doi:10.1002/sim.7992), for an anticipated C of 0.75; the counts
    are those of `relapse_model.development.sample_size.cohort_sample_size`, as in the reports.

    Parameters
    ----------
    at : AtLandmark
    """
    try:
        data = data_of(at)
    except InsufficientDataError as error:
        return not_applicable(str(error))
    size = cohort_sample_size(data, at.study)
    if not 0 < size["events"] < size["known"]:
        return not_applicable("the patients at risk do not include both outcomes, so nothing can be learned")
    if "refused" in size:
        return not_applicable(size["refused"])
    if size["parameters"] <= size["carried_parameters"]:
        return passed()
    unused = hardly_known_predictors(data, at.study)  # they are no parameters either
    counted = [predictor for predictor in at.study.predictors if predictor not in unused]
    informed = sum(predictor.prior is not None for predictor in counted)
    advice = "The study states no priors: keep fewer predictors."
    if informed:
        who = f"All {informed}" if informed == len(counted) > 1 else f"{informed} of {len(counted)}"
        advice = f"{who} predictors have a prior, on which such a model depends; without priors, keep fewer predictors."
    return found(f"{size_words(size)}; the expected shrinkage is {size['expected_shrinkage']:.2f}. {advice}")


CHECK = CohortCheck("RM104", "more parameters than the sample supports", too_many_parameters)
