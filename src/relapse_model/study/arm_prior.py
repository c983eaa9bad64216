"""Whether anything is stated beforehand of the effect of a trial's treatment, and what is assumed if not."""

from __future__ import annotations

from relapse_model.study.study import Study


def without_arm_prior(study: Study) -> str:
    """Say what is assumed of the effect of a trial's arm where the study states no prior of it; empty where it does.

    Empty also where the study plans no trial, or no predictor tells the arms apart.

    Parameters
    ----------
    study : Study

    Examples
    --------
    >>> from relapse_model.study.reader import load_study
    >>> without_arm_prior(load_study("hbsag-relapse"))
    ''
    """
    if study.trial is None:
        return ""
    names = [
        one.label for one in study.predictors if one.column == study.trial.arms.column and one.prior is None
    ]  # fmt: skip
    if not names:
        return ""
    return (
        f"The study states no prior for the arm ({', '.join(names)}): the model assumes a small effect in either "
        "direction (log odds ratio 0, SD 0.3: 95 % of odds ratios between 0.56 and 1.80), and shrinks a larger one."
    )
