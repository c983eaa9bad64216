"""The limits of a validation, from its settings and its patients: what a reader must not conclude."""

from __future__ import annotations

from relapse_model.development.internal_validation.result import Validation
from relapse_model.report.group_words import unlike_words
from relapse_model.report.model_values import prior_informed
from relapse_model.report.words import reads_arm, reads_labs
from relapse_model.study.study import Study
from relapse_model.validation.verdict import EVENTS_FOR_A_CURVE

RESAMPLES_WANTED = 200  # Riley and Collins 2023
REPEATS_WANTED = 20
LOST_IN_TRAINING = {
    "drop_lost": "In training the lost were left out, which makes the risks too high or too low; the evaluation uses "
    "weights.",
    "lost_as_free": "In training the lost counted as free, which makes the risks too low; the evaluation uses weights.",
}
_MISSING = 0.1  # share from which on a predictor's gaps are named


def limitations(validation: Validation) -> list[str]:
    """Return each limit that follows from what was done and on whom, one sentence or two each.

    Parameters
    ----------
    validation : Validation
    """
    sentences = (*_patients(validation), *_procedure(validation), *_model(validation))
    return [sentence for sentence in sentences if sentence]


def _patients(validation: Validation) -> list[str]:
    found, study = validation.performance, validation.study
    events, lost = found.events, found.lost
    return [
        "All patients are simulated: nothing here describes a treatment or a person." if validation.synthetic else "",
        f"This is internal validation, in the same hospitals{', assays' if reads_labs(study) else ''} and years. "
        "Performance elsewhere can only be assessed in other patients.",
        f"{events} of {found.patients} patients had the outcome: one or two more or fewer would change the figures "
        "noticeably."
        if events < EVENTS_FOR_A_CURVE
        else "",
        f"{lost} of {found.patients} patients were lost to follow-up before the horizon. Weighting assumes that loss "
        "is unrelated to the outcome."
        if lost
        else "",
        f"{found.competing} patients had a competing event, after which the outcome could no longer occur: the risks "
        "are those in the presence of such events, and would differ where these are more or less frequent."
        if found.competing
        else "",
        "The outcome was adjudicated outside this analysis; the authors need to report how."
        if study.outcome.analyte is None
        else "The outcome is seen at visits only: it occurs between two tests and is dated by the first positive one.",
        _hidden(study),
        _gaps(validation),
    ]


def _hidden(study: Study) -> str:
    """Say that antibody that was given can hide the outcome; empty where the study has none, or it is the outcome."""
    passive, analyte = study.passive_antibody, study.outcome.analyte
    if passive is None or analyte is None or analyte == passive.analyte:
        return ""
    drug = " or ".join(study.agent_labels(passive.agents))
    return (
        f"{drug[:1].upper()}{drug[1:]} can hide {study.analytes[analyte].label}: in patients who received it, the "
        "outcome may have been found late or not at all."
    )


def _gaps(validation: Validation) -> str:
    features = validation.data.features
    gaps = [
        predictor.label
        for predictor in validation.study.predictors
        if features[predictor.name].isna().mean() >= _MISSING
    ]
    if not gaps:
        return ""
    return (
        f"Not known in {100 * _MISSING:.0f} % of the patients or more: {', '.join(gaps)}. Imputation cannot "
        "replace measurements."
    )


def _screen(validation: Validation) -> str:
    """Say what was screened in every resample; empty where nothing was."""
    settings, study = validation.settings, validation.model.study
    if settings.get("biomarkers") != "screen":
        return ""
    names = ", ".join(study.predictor(name).label for name in settings["selected"]) or "none"
    return (
        f"{len(settings['screened'])} candidate biomarkers were screened in every fold and resample, so that the "
        f"figures include the selection. Selected in all patients: {names}; effects selected for their size are "
        "overestimated."
    )


def _repeats(repeats: int) -> str:
    if repeats >= REPEATS_WANTED:
        return ""
    less = "results depend less on how the folds were drawn."
    if repeats == 1:
        return f"Cross-validation was made once; with {REPEATS_WANTED} or more repeats, {less}"
    return f"Cross-validation was repeated {repeats} times; with {REPEATS_WANTED} or more, {less}"


def _procedure(validation: Validation) -> list[str]:
    settings, boot = validation.settings, validation.bootstrap
    repeats, resamples = settings["outer_repeats"], settings["bootstraps"]
    failed = sum(validation.failed.values()) + (0 if boot is None else sum(boot.failed.values()))
    unjudged = 0 if boot is None else sum(boot.unjudged.values())
    return [
        "Intervals take the predicted risks as given. They ignore that other patients would have led to another model, "
        "and are therefore somewhat too narrow.",
        _repeats(repeats),
        "No bootstrap resamples were drawn: optimism and stability are not known."
        if boot is None
        else f"{resamples} bootstrap resamples were drawn; {RESAMPLES_WANTED} or more are usual."
        if resamples < RESAMPLES_WANTED
        else "",
        _screen(validation),
        LOST_IN_TRAINING.get(settings["censoring"], "") if validation.performance.lost else "",
        f"{failed} runs of the procedure failed; the figures come from the others." if failed else "",
        f"{unjudged} bootstrap models could not be judged in their own resample; the optimism comes from the others."
        if unjudged
        else "",
        _centres(validation),
    ]


def _centres(validation: Validation) -> str:
    if validation.left_out:
        group = validation.settings["leave_out"]
        return (
            f"Each {group} was predicted by a model of the others. This tests transferability less strictly than "
            f"another country or another year would. {unlike_words(validation.left_out)}"
        )
    return "No group of patients, such as a centre, was left out as a whole: performance in a new hospital is unknown."


def _model(validation: Validation) -> list[str]:
    weeks = validation.model.landmark_weeks
    return [
        "Priors come from published studies of other patients. Where they are wrong, a small cohort corrects them only "
        "in part."
        if prior_informed(validation.model)
        else "",
        f"One model serves the landmarks at weeks {', '.join(f'{week:g}' for week in weeks)}: it assumes that the "
        "effects of predictors are the same at all of them."
        if len(weeks) > 1
        else "",
        "Predictors are not causes: changing one need not change the risk."
        + (
            " The arm is a predictor like the others, and its coefficient is not an estimate of a treatment effect."
            if reads_arm(validation.study)
            else ""
        ),
        "Risk thresholds are examples. Which risk calls for which action is for clinicians and patients to decide.",
    ]
