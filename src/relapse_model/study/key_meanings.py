"""What the keys of a study file mean that say what is predicted, and by what; see `relapse_model.study.key_table`."""

from __future__ import annotations

from relapse_model.study import keys, prediction
from relapse_model.study import study as classes
from relapse_model.study.eligibility import Criterion
from relapse_model.study.key_table import KeyTable
from relapse_model.study.predictor import Predictor, Prior, StudyTerm, TermFactor

_WINDOW = "How many weeks old a result may be at the landmark. Without it any earlier result counts."
_CHINESE = "Name shown to readers of Chinese."

MODEL_TABLES = (
    KeyTable(
        "[outcome]",
        "What counts as the outcome: an analyte that reaches a threshold (`at_least`) or falls below it "
        "(`below`), or the outcomes table alone (`adjudicated`). If a cohort has an outcomes table, it takes "
        "precedence over the rule. Only patients known to be free of the outcome at a landmark are at risk "
        "there: under a rule, those whose last deciding test at or before it is on the free side; and nobody whom "
        "the outcomes table follows, free of it, to a week before the landmark only, unless a later test up to the "
        "landmark decides. The others are listed, and excluded from training, validation and scoring.",
        keys.OUTCOME,
        {
            "name": "Name of the outcome, shown to readers.",
            "label_zh": _CHINESE,
            "analyte": "The analyte that decides. A result whose limit lies beyond the threshold does not decide.",
            "at_least": "A result at or above this value, in the analyte's unit, is positive. Limits are "
            "compared to seven digits.",
            "below": "A result below this value is positive.",
            "adjudicated": "The outcome is read from the outcomes table alone: no test decides it, and every "
            "patient without it by the landmark is at risk, except one whose `week` of `relapse` = 0 lies before the "
            "landmark: followed to that week only. Its weeks are exact. `relapse` = 1 with an empty `week` is a "
            "relapse in an unknown week, between the last negative test (or enrolment) and the last contact.",
            "column": "The outcome is a column of the patients table that says whether it came by the horizon, and "
            "not when. Yes: it came after enrolment and by the horizon, and for measures that need a week, at the "
            "horizon. No: known to be free of it through the horizon. Empty or `unknown`: lost. Anything else is "
            "refused by row. Only a landmark of 0 or earlier is possible, since by a later one it may have come.",
            "equals": "With `column`: the value that is the outcome. Without it: a yes.",
            "others": "With `equals`: the values that are free of it; required unless `equals` is a yes or a no.",
            "censoring_by": "Column of the patients table, such as `arm`: the probability of loss to follow-up "
            "is estimated within each of its groups.",
            "competing": "Names of competing events (`competing_event` of the outcomes table), after which the outcome "
            "cannot come, such as `death`. Risks are then those in the presence of them, and a name that stands in "
            "neither list is refused. Empty: every event that the outcomes table calls competing counts so.",
            "competing_as_censoring": "Names of competing events that end follow-up as a loss does instead. This "
            "assumes that they tell nothing of the outcome, and makes risks too high; a finding (RM130) says so.",
            "confirm": "How a positive test is confirmed.",
            "baseline": "What published cohorts tell of the mean risk.",
        },
        filled=prediction.OutcomeRule,
        types={"confirm": "a table, see below", "baseline": "a table, see below"},
        defaults={
            "name": "`relapse`",
            "analyte": "required without `adjudicated` and `column`",
            "at_least": "one of `at_least`, `below`",
            "below": "one of `at_least`, `below`",
            "adjudicated": "`false`",
            "confirm": "one test is enough",
            "baseline": "nothing is known of it",
        },
    ),
    KeyTable(
        "[outcome.confirm]",
        "Consecutive positive tests are a relapse once confirmed. Fewer of them, followed by a negative test, "
        "are refuted.",
        keys.CONFIRM,
        {
            "tests": "How many consecutive positive tests make a confirmed relapse.",
            "within_weeks": "The longest time from the first to the last of them, in weeks, inclusive. Without "
            "it the next test confirms, whenever it was taken. A patient who stays positive for longer is "
            "unconfirmed, never free.",
            "unconfirmed_at_end": "How to count positive tests that are neither confirmed nor refuted (the last "
            "test of a patient, or enough tests too far apart): as a relapse; as the end of follow-up at the "
            "last negative test before them (`censor`); or `both`: as a relapse, with the other reading "
            "reported beside it.",
        },
        filled=prediction.Confirmation,
    ),
    KeyTable(
        "[outcome.baseline]",
        "What is known beforehand of the mean risk of such patients. The logistic regression with priors starts from "
        "it, as it stands and (without `as_stated`) three times as wide, weighed by evidence; finding RM129 says where "
        "the cohort contradicts it. For a landmark after enrolment the hazard counts as constant; a model of several "
        "landmarks, and discrete-time hazards, do not use it.",
        keys.BASELINE,
        {
            "risk": "Expected share of patients with the outcome.",
            "sd_logit": "Standard deviation of its log-odds between cohorts like this one, 0.5 for example: around "
            "12 % it says 5 to 27 %.",
            "by_week": "Until which week, counted from enrolment.",
            "as_stated": "Whether it is taken as it stands only: for one that was widened for patients unlike those of "
            "the source. A tight one is not to be taken so, since nothing but more patients then corrects it.",
            "source": "Where the figures come from.",
        },
        filled=prediction.Baseline,
        defaults={"source": "required"},
    ),
    KeyTable(
        "[prediction]",
        "When the risk is predicted, and up to when. All weeks count from enrolment and are compared to the day.",
        keys.PREDICTION,
        {
            "landmark_weeks": "Weeks at which to predict; the first is the default. Later data are not used.",
            "horizon_weeks": "Up to when the risk is predicted, in weeks.",
            "horizon_days": "The same in days.",
            "horizon_months": "The same in months of 30.4375 days (365.25 / 12). Times in whole days, as from "
            "dates, go by the calendar instead: the horizon is the same day of the month, whatever the length "
            "of the months between (24 months are 730 or 731 days).",
            "visit_weeks": "Planned visits, which divide the follow-up for discrete-time hazards. Default: "
            "every 12 weeks.",
            "visit_window_weeks": "How many weeks early or late the visit of the horizon may be. A patient "
            "whose last test within this window before the horizon is negative is free; a relapse first found "
            "within the window after it counts as by the horizon, unless a test in the window was negative. The "
            "week of an adjudicated relapse is not moved.",
            "landmark_window_weeks": "How many weeks late the visit of a landmark after enrolment may be and still be "
            "it: a patient without a test of the outcome's analyte in as many weeks up to it, and with one in "
            "these weeks after it, is predicted at that visit, from all that was known there; nothing later is read. "
            "`0`: the landmark is a day. At least 2 days otherwise.",
            "implausible_auc": "An AUC that no sound model of this outcome is expected to exceed: RM111 warns if the "
            "lower limit of a validated AUC does. Without it, RM111 does not apply.",
            "centre": "Column of the patients table, such as `centre`, between whose values the mean risk may differ. "
            "`prior_logistic` then has an intercept for each centre, partially pooled, with the standard deviation "
            "between centres averaged by evidence (none counts half beforehand). A known centre is scored by its own "
            "intercept, an unknown one by the whole spread, with a wider interval (RS214). It needs 3 centres with 5 "
            "patients each; smaller ones count as unknown. Other classifiers take no notice of it.",
            "residual": "What the predictors leave out, for the intervals of all classifiers.",
        },
        filled=prediction.Prediction,
        defaults={
            "centre": "centres do not count",
            "landmark_weeks": "`[0]`",
            "horizon_weeks": "one of the three",
            "horizon_days": "one of the three",
            "horizon_months": "one of the three",
            "landmark_window_weeks": "`0`",
            "visit_window_weeks": "`4`; `0` with `adjudicated = true` or `column`",
            "residual": "intervals are of the mean risk of patients with the same predictors",
        },
        types={"residual": "a table, see below"},
    ),
    KeyTable(
        "[prediction.residual]",
        "How much the risks of patients with the same predictors differ, by what the predictors leave out. One outcome "
        "for each patient cannot tell it, so that it is stated and not learned. With it the interval of a risk is that "
        "of the patient's own risk; the risk itself stays the mean risk of patients with the same predictors.",
        keys.RESIDUAL,
        {
            "sd_logit": "Standard deviation of their log-odds: 0.5 says that around 15 % nine in ten have a risk of "
            "their own between 7 and 27 %.",
            "source": "Where the figure comes from.",
        },
        filled=prediction.Residual,
        defaults={"source": "required"},
    ),
    KeyTable(
        "[[predictors]]",
        "One table for each predictor. The keys of each kind are listed under *Kinds of predictors*.",
        keys.PREDICTOR,
        {
            "name": "Unique name of the column.",
            "kind": "How it is computed.",
            "label": "Name shown to readers.",
            "label_zh": _CHINESE,
            "hint": "What whoever types the value needs to know, such as when it is measured; the calculator shows it.",
            "hint_zh": "The same for readers of Chinese.",
            "direction": "Whether higher values raise (`up`) or lower (`down`) the risk: used by boosted trees, "
            "and checked against the prior.",
            "prior": "What is known of its effect before the data are seen.",
            "unit": "Unit in which it is shown.",
            "analyte": "Analyte it is computed from.",
            "column": "Column of the patients table. Together with `agents`, its values take precedence over "
            "the treatments table.",
            "agents": "Agents, as the treatments table names them.",
            "window_weeks": _WINDOW,
            "gap_weeks": "The longest gap, in weeks, between the last positive and the first negative test for "
            "the week of the loss to count as known. Without it any gap is accepted.",
            "below": "Threshold, in the analyte's unit.",
            "at_least": "Threshold, in the analyte's unit.",
            "confirmed": "Whether a second negative test must follow the first.",
            "cap": "No further effect above this value, in the clinical unit.",
            "saturating": "The effect is that of value / (value + this), half of its maximum at this value, in "
            "the clinical unit.",
            "equals": "1 where the column holds this text, 0 where it holds another.",
            "levels": "The values of a category; the most common is the reference.",
            "scale": "Scale of a column of numbers.",
            "others": 'With `equals`: what counts as no: everything else (`"no"`), or the listed levels. '
            "Without it: for a "
            "yes or no, only its opposite; otherwise every other level, except those that resemble the one "
            "sought.",
            "negative": "Whether a column of numbers may lie below 0.",
            "possible": "Limits of the possible of a column of numbers, in its unit: a number outside them is refused "
            "by row.",
            "typical": "The value of a typical patient, in the clinical unit (for a yes or no, the proportion "
            "of yes). If hardly any training patient has the predictor, the effect in the prior is counted from it.",
            "screened_on": "The fingerprint of the cohort on which it was chosen among many, as `screen_biomarkers` "
            "writes it: a validation on that cohort is warned of (RM206).",
        },
        filled=Predictor,
        required=("name", "kind"),
        types={"kind": "one of the kinds below", "prior": "a table, see below"},
        defaults={"label": "the name", "unit": "that of the kind", "direction": "either", "possible": "no limits"},
    ),
    KeyTable(
        "prior = { ... }",
        "A normal distribution for the log-odds of a predictor or a term. Without one, the library uses its "
        "own, for small effects of either sign.",
        keys.PRIOR,
        {
            "log_odds": "Its mean.",
            "sd": "Its standard deviation.",
            "per": "The step to which both refer: one unit, one log10 (for an analyte on that scale), one standard "
            "deviation in the training cohort, or a number of units. For a term: `unit`.",
            "source": "Its source.",
        },
        filled=Prior,
        required=("log_odds", "sd", "per", "source"),
    ),
    KeyTable(
        "prior = { odds_ratio = ..., ci = [...] }",
        "A prior as papers print it. The logarithm b of the ratio, with the standard error s that its interval implies "
        "(its width on the log scale over 3.92, for 95 %), is shrunk once by a Normal(0, 1) prior on the log odds "
        "ratio: mean b / (1 + s²), standard deviation s / √(1 + s²). 0.20 (0.05-0.75) becomes -1.09 (0.57). A hazard "
        "ratio is taken for an odds ratio, to which it is close if the outcome is rare; otherwise it is nearer to 1. "
        "A ratio that does not lie at the geometric middle of its interval, to the decimals printed and a tenth of the "
        "half width, is refused: one of the three numbers is mistyped, or the interval is not symmetric.",
        keys.PRINTED_PRIOR,
        {
            "odds_ratio": "The odds ratio.",
            "hazard_ratio": "The hazard ratio.",
            "ci": "Its interval.",
            "level": "Level of the interval.",
            "per": "The step of the predictor to which the ratio refers: one unit, a number of units (`per = 10`), one "
            "log10, or one standard deviation.",
            "steps": "How many such steps lie between the groups that the ratio compares: the shrunk effect is divided "
            'by it. Positive and negative anti-HBs 1.37 log10 apart: `per = "log10", steps = 1.37`.',
            "source": "Its source; ratio and interval are added to it.",
        },
        required=("ci", "source"),
        defaults={
            "odds_ratio": "one of the two",
            "hazard_ratio": "one of the two",
            "level": "`0.95`",
            "per": "`unit`",
            "steps": "`1`",
        },
    ),
    KeyTable(
        "[[terms]]",
        "Non-linear effects and interactions that are plausible beforehand. The model averages over the linear form, "
        "which has half the weight before the data, and each form with terms.",
        keys.TERM,
        {
            "name": "Unique name, different from every predictor's.",
            "label": "Name shown to readers.",
            "label_zh": _CHINESE,
            "factors": "The factors, which are multiplied.",
            "replaces": "Predictors whose linear effect is left out when the term is used.",
            "forms": "Names of the forms in which it stands; a form is all terms that name it.",
            "prior": "What is known of its effect.",
        },
        filled=StudyTerm,
        required=("name", "factors"),
        types={"factors": "a list of tables, see below", "prior": "a table, see above"},
        defaults={"label": "the name"},
    ),
    KeyTable(
        "factors = [{ ... }]",
        "The factors of a term: predictors in their clinical unit, each with at most one shape; without one, "
        "the value itself. A range is two factors of one predictor (`at_least`, `below`); an interaction has factors "
        "of two predictors. Where one of them is unknown, so is the product: it is scored with its training median, "
        "and a wider interval.",
        keys.FACTOR,
        {
            "predictor": "Name of the predictor.",
            "saturating": "value / (value + this).",
            "cap": "The value, up to this.",
            "below": "1 below this value, else 0.",
            "at_least": "1 from this value on, else 0.",
            "minus": "The value less this one; of a predictor on the log10 scale, the difference of the logarithms.",
        },
        filled=TermFactor,
        required=("predictor",),
    ),
    KeyTable(
        "[[eligibility.include]], [[eligibility.exclude]]",
        "One table for each criterion: all of `include` must be met, none of `exclude`. One subject (`column`, "
        "`analyte` "
        "or `agents`) and one condition.",
        keys.CRITERION,
        {
            "id": "Unique short name.",
            "text": "The criterion as registered.",
            "text_zh": "The criterion shown to readers of Chinese.",
            "column": "Subject: a column of the patients table.",
            "analyte": "Subject: the last result of this analyte at or before enrolment.",
            "agents": "Subject: whether any of these was given by enrolment; with `ever`.",
            "window_weeks": "How many weeks old the result may be at enrolment.",
            "below": "Condition: below this value.",
            "at_most": "Condition: this value or less.",
            "at_least": "Condition: this value or more.",
            "above": "Condition: above this value.",
            "between": "Condition: from the first to the second value, both included.",
            "equals": "Condition: one of these texts; of an analyte, `negative` or `positive`.",
            "ever": "Condition of `agents`: given (true), or never (false).",
        },
        filled=Criterion,
        required=("id", "text"),
    ),
    KeyTable(
        "[passive_antibody]",
        "An antibody that is given as a drug and that the assay measures together with the patient's own.",
        keys.PASSIVE,
        {
            "analyte": "The analyte that measures both.",
            "agents": "The drugs that contain it.",
            "half_life_days": "Half-life.",
            "volume_litres": "Volume of distribution.",
            "absorption_per_day": "Rate of absorption.",
            "error_sd_log10": "Standard deviation of the assay's error, log10.",
            "error_source": "Its source.",
        },
        filled=classes.PassiveAntibody,
        required=tuple(keys.PASSIVE),
        types=dict.fromkeys(("half_life_days", "volume_litres", "absorption_per_day"), "a table, see below"),
    ),
    KeyTable(
        "half_life_days = { ... }, volume_litres, absorption_per_day",
        "A kinetic parameter, lognormally distributed between patients.",
        keys.SPREAD,
        {"median": "Its median.", "cv": "Its coefficient of variation.", "source": "Source of both."},
        filled=classes.Spread,
        required=("median", "cv", "source"),
    ),
    KeyTable(
        "[scoring]",
        "When a score carries a warning; see [scoring_warnings.md](scoring_warnings.md).",
        keys.SCORING,
        {
            "range_margin": "How far a value may lie outside the central 90 % of the training values, as a "
            "fraction of their range.",
            "distance_level": "The proportion of patients like those of the training whose combination of "
            "values is not called unusual.",
            "passive_weeks": "For how many weeks after a dose of antibody a titre is assumed to include it.",
        },
        filled=classes.Scoring,
    ),
)
