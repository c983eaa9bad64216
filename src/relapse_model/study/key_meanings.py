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
        "What counts as the outcome: an analyte that reaches a threshold (`at_least`) or falls below it (`below`), a "
        "column of the patients table (`column`), or the outcomes table alone (`adjudicated`). If a cohort has an "
        "outcomes table, it takes precedence over the tests. At a landmark, only patients known to be free of the "
        "outcome are at risk: if tests decide, those whose last deciding test at or before it is negative. A patient "
        "whom the outcomes table follows, free of the outcome, only to a week before the landmark is not at risk, "
        "unless a later test up to the landmark decides. Patients not at risk are listed, and excluded from training, "
        "validation and scoring.",
        keys.OUTCOME,
        {
            "name": "Name of the outcome, shown to readers.",
            "label_zh": _CHINESE,
            "analyte": "The analyte that decides. A result that is reported only as below or above a limit decides if "
            "the limit settles on which side of the threshold it lies.",
            "at_least": "A result at or above this value, in the analyte's unit, is positive. Numbers are compared to "
            "seven significant digits.",
            "below": "A result below this value is positive.",
            "adjudicated": "The outcome is read from the outcomes table alone; no test decides it. Every patient "
            "without it by the landmark is at risk, except those with `relapse` = 0 and a `week` before the landmark, "
            "who were followed only to that week. The weeks are taken as exact. `relapse` = 1 with an empty `week` is "
            "a relapse in an unknown week, between the last negative test (or enrolment) and the last contact.",
            "column": "The outcome is a column of the patients table that says whether it occurred by the horizon, but "
            "not when. Yes: it occurred after enrolment and by the horizon; measures that need a week take that of the "
            "horizon. No: known to be free of it through the horizon. Empty or `unknown`: lost to follow-up. Anything "
            "else is refused by row. The landmark must be 0 or earlier, since the outcome may have occurred by a later "
            "one.",
            "equals": "With `column`: the value that is the outcome. Without it: a yes.",
            "others": "With `equals`: the values that mean free of the outcome; required unless `equals` is a yes or a "
            "no.",
            "censoring_by": "Column of the patients table, such as `arm`: the probability of loss to follow-up "
            "is estimated within each of its groups.",
            "competing": "Names of competing events (`competing_event` of the outcomes table), after which the outcome "
            "cannot occur, such as `death`. The risk is that of the outcome in the presence of these events. A name "
            "that is neither here nor under `competing_as_censoring` is refused. Without this key, every event that "
            "the outcomes table calls competing counts so.",
            "competing_as_censoring": "Names of competing events that count as loss to follow-up instead. This assumes "
            "that they are independent of the outcome, and gives risks higher than in the presence of these events; "
            "finding RM130 says so.",
            "confirm": "How a positive test is confirmed.",
            "baseline": "What published cohorts say of the mean risk.",
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
        "How many consecutive positive tests confirm a relapse. Fewer of them, followed by a negative test, are "
        "refuted.",
        keys.CONFIRM,
        {
            "tests": "How many consecutive positive tests make a confirmed relapse.",
            "within_weeks": "The longest time from the first to the last of them, in weeks, inclusive. Without "
            "it the next test confirms, whenever it was taken. A patient who stays positive, but has too few tests "
            "within this time, is unconfirmed, never free.",
            "unconfirmed_at_end": "How to count positive tests that are neither confirmed nor refuted (the last "
            "test of a patient, or enough tests too far apart): as a relapse; as the end of follow-up at the "
            "last negative test before them (`censor`); or `both`: as a relapse, with the other reading "
            "reported beside it.",
        },
        filled=prediction.Confirmation,
    ),
    KeyTable(
        "[outcome.baseline]",
        "A prior of the mean risk, from what is known of such patients. `prior_logistic` uses it as it stands and "
        "(without `as_stated`) also with three times the standard deviation, averaged by evidence; finding RM129 warns "
        "if the cohort contradicts it. For a landmark after enrolment the hazard is taken as constant. A model of "
        "several landmarks, and `prior_hazard`, do not use it.",
        keys.BASELINE,
        {
            "risk": "Expected share of patients with the outcome.",
            "sd_logit": "Standard deviation of its log-odds between cohorts like this one. With 0.5, and 12 % "
            "expected, the mean risk lies between 5 and 27 % in 95 of 100 cohorts.",
            "by_week": "The week, counted from enrolment, by which they have it.",
            "as_stated": "Whether only the stated standard deviation is used: for one that already allows for patients "
            "unlike those of the source. Not for a small one, since only many patients can then correct a wrong risk.",
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
            "visit_weeks": "Planned visits, which divide the follow-up into the intervals of `prior_hazard`. Default: "
            "about every 12 weeks.",
            "visit_window_weeks": "How many weeks early or late the visit of the horizon may be. A patient "
            "whose last test within this window before the horizon is negative is free; a relapse first found "
            "within the window after it counts as by the horizon, unless a test in the window was negative. The "
            "week of an adjudicated relapse is not moved.",
            "landmark_window_weeks": "How many weeks late the visit of a landmark after enrolment may take place. A "
            "patient without a test of the outcome's analyte in as many weeks up to the landmark, but with one within "
            "these weeks after it, is predicted at that visit, from all that was known there; nothing later is read. "
            "If tests do not decide the outcome, the analytes of the predictors count instead. `0`: the landmark is a "
            "day. Otherwise at least 2 days (0.29), and less than half of the weeks between landmarks.",
            "implausible_auc": "An AUC that no sound model of this outcome is expected to exceed. RM111 warns if the "
            "lower limit of the interval of the validated AUC exceeds it. Without it, RM111 does not apply.",
            "centre": "Column of the patients table, such as `centre`, between whose values the mean risk may differ. "
            "`prior_logistic` then has a partially pooled intercept for each centre: several standard deviations "
            "between centres are averaged by evidence, and 0 has half the weight before the data. A patient of a known "
            "centre is scored with its intercept; for any other the risk is averaged over possible centres, with a "
            "wider interval (RS214). Centres with fewer than 5 patients count as unknown; with fewer than 3 larger "
            "ones the key has no effect. Other classifiers ignore it.",
            "residual": "What the predictors leave out; it widens the intervals of all classifiers.",
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
        "How much the risks of patients with the same predictors differ, because of what the predictors leave out. It "
        "cannot be estimated from one outcome per patient, and is therefore stated. With it the interval of a risk is "
        "that of the patient's own risk; the risk itself stays the mean risk of patients with the same predictors.",
        keys.RESIDUAL,
        {
            "sd_logit": "Standard deviation of their log-odds. With 0.5, and a mean risk of 15 %, nine in ten patients "
            "have a risk of their own between 7 and 27 %.",
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
        "A normal distribution for the log odds ratio of a predictor or a term. Without one, the library assumes a "
        "small effect in either direction.",
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
        "ratio is used as an odds ratio: the two are close if the outcome is rare; otherwise the hazard ratio is "
        "nearer to 1. A ratio that is not the geometric mean of its limits, within rounding and a tenth of the "
        "half-width, is refused: one of the three numbers is mistyped, or the interval is not symmetric on the log "
        "scale.",
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
        "Non-linear effects and interactions that were plausible before the data. A form of the model is a set of "
        "terms that are used together. `prior_logistic` and `prior_hazard` average, by evidence, the linear form, "
        "without terms, and each form with terms. Before the data the linear form has half the weight, and the others "
        "share the rest ([example](classifiers.md#forms-and-interactions)).",
        keys.TERM,
        {
            "name": "Unique name, different from every predictor's.",
            "label": "Name shown to readers.",
            "label_zh": _CHINESE,
            "factors": "The factors, which are multiplied.",
            "replaces": "Predictors whose linear effect is left out when the term is used.",
            "forms": "Names of the forms to which it belongs.",
            "prior": "What is known of its effect before the data are seen.",
        },
        filled=StudyTerm,
        required=("name", "factors"),
        types={"factors": "a list of tables, see below", "prior": "a table, see above"},
        defaults={"label": "the name"},
    ),
    KeyTable(
        "factors = [{ ... }]",
        "The factors of a term: predictors in their clinical unit, each with at most one shape; without a shape, "
        "the value itself. A range is two factors of the same predictor (`at_least`, `below`); an interaction has "
        "factors of two predictors. If one of them is unknown, so is the product: it is replaced by its training "
        "median, and the interval is wider.",
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
