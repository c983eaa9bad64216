"""What the keys of a study file mean that a model is made by; see `relapse_model.study.key_table`."""

from __future__ import annotations

from relapse_model.study import keys
from relapse_model.study import study as classes
from relapse_model.study.key_table import KeyTable

_WINDOW = "How many weeks before the landmark a result may lie, to the day. Without it any earlier result counts."
_UNITS = 'a table of factors, such as `{ "IU/L" = 1.0 }`'

MODEL_TABLES = (
    KeyTable(
        "[study]",
        "Which study it is.",
        keys.STUDY,
        {
            "protocol": "Number of the format of study files. It is raised when a key changes its meaning.",
            "name": "Short name, as messages and models show it.",
            "title": "Title, as reports show it.",
            "registry": "Number in a trial registry.",
        },
        filled=classes.Study,
        required=("protocol", "name"),
        types={"protocol": f"{classes.PROTOCOL}"},
        defaults={"title": "empty", "registry": "empty"},
    ),
    KeyTable(
        "[laboratory]",
        "What laboratories mean by what they print.",
        keys.LABORATORY,
        {
            "dash": "What a bare `-` means. `(-)` is always negative.",
            "below_limit_detected": "Whether `<20` alone was detected: laboratories use opposite conventions.",
            "same_day": "Which of several results of one analyte and day counts, where they contradict each other and "
            "no time of day orders them: none, and the cohort is refused; the one nearest to the outcome; their mean; "
            "or the last row.",
        },
        filled=classes.Laboratory,
        defaults={"below_limit_detected": "`unknown`"},
    ),
    KeyTable(
        "[time]",
        "How dates and times of day are meant.",
        keys.TIME,
        {
            "zone": "The hospital's time zone: a timestamp that states a zone counts by the hospital's day. Without it "
            "such a timestamp is refused.",
            "course_end": "Whether the `end_date` of a course is a day on treatment. Weeks (`end_week`) are points in "
            "time, and are not concerned.",
        },
        filled=classes.Time,
        types={"zone": "a name of the IANA database, such as `Asia/Shanghai`"},
        defaults={"zone": "not stated", "course_end": "not stated, and taken as exclusive"},
    ),
    KeyTable(
        "[treatments]",
        "What the treatments table holds.",
        keys.TREATMENTS,
        {
            "complete": "Whether a patient without a course of an agent was not given it. Where it is not complete, "
            "that "
            "history is unknown.",
        },
        filled=classes.Treatments,
    ),
    KeyTable(
        "[analytes.NAME]",
        "One table for each laboratory analyte, by its name in the labs table.",
        keys.ANALYTE,
        {
            "label": "Name for people.",
            "unit": "Unit in which thresholds are written and predictors are computed.",
            "scale": "Scale on which predictors of it are computed. A logarithm needs a `lower_limit`.",
            "lower_limit": "Lower limit of quantification of a result that carries none.",
            "upper_limit": "Upper limit of quantification of a result that carries none.",
            "units": "Other units that are accepted, each with the factor to `unit`. The log10 of each is accepted "
            "too.",
            "floor": "Whether no result stands lower than one below `lower_limit`: else a printed 0, whose limit is "
            "the "
            "study's, stands above a printed 0.2 of a laboratory with a lower limit of its own.",
            "below_limit": "The number that stands for a result below the limit: half of it, or the limit.",
            "loinc": "LOINC codes.",
            "sdtm": "CDISC test code.",
            "synonyms": "Other names of it in the labs table, in any case, Unicode form, spacing and hyphenation.",
            "other_units": "Units in which it is printed and that no factor converts, such as S/CO beside IU/mL: a "
            "word or a limit is read, a number is not.",
            "negative": "Whether results below 0 are allowed, as of data that are logarithms.",
            "assays": "Limits and units of single assays.",
        },
        filled=classes.Analyte,
        required=("unit",),
        types={"units": _UNITS, "assays": "tables `[analytes.NAME.assays.ASSAY]`"},
        defaults={"label": "the name", "units": "none", "assays": "none", "sdtm": "none"},
    ),
    KeyTable(
        "[analytes.NAME.assays.ASSAY]",
        "What holds for one assay only, by its name in the column `assay`.",
        keys.ASSAY,
        {
            "lower_limit": "Its lower limit; wins over the analyte's, and gives way to one printed with the result.",
            "upper_limit": "Its upper limit, likewise.",
            "units": "Units that convert by a factor of its own, such as copies.",
        },
        filled=classes.Assay,
        types={"units": _UNITS},
        defaults={"units": "none"},
    ),
    KeyTable(
        "[agents.NAME]",
        "One table for each drug or vaccine, by its name in the treatments table.",
        keys.AGENT,
        {"synonyms": "Other names of it, in any case, Unicode form, spacing and hyphenation."},
        filled=classes.Agent,
    ),
    KeyTable(
        "[columns.NAME]",
        "One table for each column of the patients table that is coded.",
        keys.COLUMN,
        {"codes": "What its codes mean."},
        filled=None,
        types={"codes": 'a table, such as `{ "1" = "M", "2" = "F" }`'},
    ),
    KeyTable(
        "[outcome]",
        "What counts as the outcome: an analyte that reaches a threshold (`at_least`) or falls under it (`below`), or "
        "the "
        "outcomes table alone (`adjudicated`). Where a cohort has an outcomes table, it wins over the rule in either "
        "case. At risk at a landmark is only who is known to be free of the outcome there: of a rule, whose last test "
        "that decides, at or before it, is on the free side. The others are listed, and are in no training, judging or "
        "scoring.",
        keys.OUTCOME,
        {
            "name": "Name of the outcome, for people.",
            "analyte": "The analyte that decides. A result whose limit lies beyond the threshold decides nothing.",
            "at_least": "Positive is a result at or above this value, in the analyte's unit. Limits are compared to "
            "seven digits.",
            "below": "Positive is a result below this value.",
            "adjudicated": "The outcome is read from the outcomes table alone: no test decides it, and whoever has not "
            "had it by the landmark is at risk. Its weeks are exact. `relapse` = 1 with an empty `week` is a relapse "
            "in "
            "an unknown week, between the last negative test (or enrolment) and the last contact.",
            "censoring_by": "Column of the patients table, such as `arm`, within whose values the chance of being lost "
            "is estimated.",
            "confirm": "How a positive test is confirmed.",
        },
        filled=classes.OutcomeRule,
        types={"confirm": "a table, see below"},
        defaults={
            "name": "`relapse`",
            "analyte": "required without `adjudicated`",
            "at_least": "one of `at_least`, `below`",
            "below": "one of `at_least`, `below`",
            "adjudicated": "`false`",
            "confirm": "one test is enough",
        },
    ),
    KeyTable(
        "[outcome.confirm]",
        "A run of positive tests is a relapse once it is confirmed. A shorter one that a negative test follows is "
        "refuted.",
        keys.CONFIRM,
        {
            "tests": "How many positive tests in a row confirm one another.",
            "within_weeks": "The longest time from the first to the last of them, inclusive to the day. Without it the "
            "next test confirms, whenever it was taken. A patient who stays positive beyond it is unconfirmed, never "
            "free.",
            "unconfirmed_at_end": "What a run is that is neither confirmed nor refuted (the last test of a patient; or "
            "enough tests, too far apart): a relapse; the end of follow-up at the last negative test before it; or "
            "`both`: a relapse, with the other reading reported beside it.",
        },
        filled=classes.Confirmation,
    ),
    KeyTable(
        "[prediction]",
        "When the risk is predicted, and until when. All weeks count from enrolment, and are compared to the day.",
        keys.PREDICTION,
        {
            "landmark_weeks": "Weeks at which to predict; the first is the default. What came later is not used.",
            "horizon_weeks": "Until when the risk is predicted.",
            "horizon_days": "The same in days.",
            "horizon_months": "The same in months of 30.4375 days (365.25 / 12): 24 months are 730.5 days. Where weeks "
            "are whole days, as dates give them, the calendar decides: what happens up to the same day of the month "
            "counts by it, whatever the length of the months between (24 months have 730 or 731 days; spans of so many "
            "months differ by up to 4).",
            "visit_weeks": "Planned visits, by which discrete-time hazards divide the follow-up. Without them, every "
            "12 weeks.",
            "visit_window_weeks": "How many weeks the visit of the horizon may come early or late: a patient last "
            "tested "
            "negative so long before it is free, and a relapse first found so long after it counts by it, unless a "
            "test in the window was negative. The week of an adjudicated relapse is never moved by it.",
        },
        filled=classes.Prediction,
        defaults={
            "landmark_weeks": "`[0]`",
            "horizon_weeks": "one of the three",
            "horizon_days": "one of the three",
            "horizon_months": "one of the three",
            "visit_window_weeks": "`4`; `0` with `adjudicated = true`",
        },
    ),
    KeyTable(
        "[[predictors]]",
        "One table for each predictor. Which keys a kind takes is listed under *Kinds of predictors*.",
        keys.PREDICTOR,
        {
            "name": "Name of the column, used once.",
            "kind": "How it is computed.",
            "label": "Name for people.",
            "direction": "Whether more of it raises (`up`) or lowers (`down`) the risk: for boosted trees, and checked "
            "against the prior.",
            "prior": "What is known of its effect before the cohort is seen.",
            "unit": "Unit in which it is shown.",
            "analyte": "Analyte it is computed from.",
            "column": "Column of the patients table; beside `agents`, what it holds wins over the treatments table.",
            "agents": "Agents, as the treatments table names them.",
            "window_weeks": _WINDOW,
            "gap_weeks": "How many weeks may lie between the last positive and the first negative test for the week of "
            "a loss to count as known. Without it any gap will do.",
            "below": "Threshold, in the analyte's unit.",
            "at_least": "Threshold, in the analyte's unit.",
            "confirmed": "Whether the negative test must be followed by a second one.",
            "cap": "No further effect above this value, in the clinical unit.",
            "saturating": "value / (value + this): half of the effect at this value, in the clinical unit.",
            "equals": "1 where the column holds this text, 0 where it holds another.",
            "levels": "The values of a category; the commonest is compared with.",
            "scale": "Of a column of numbers.",
            "others": "Beside `equals`: what counts as no. `no`: everything else; or the levels that do. Without it, "
            "of a yes or a no its opposite alone, else every other level that does not look like it.",
            "negative": "Whether a column of numbers may lie below 0.",
            "typical": "The value of a usual patient, in the clinical unit (of a yes or no, the share of yes): where "
            "hardly any training patient has the predictor, the effect that the prior states counts from it.",
            "screened_on": "The fingerprint of the cohort on which it was chosen among many, as `screen_biomarkers` "
            "writes it: a validation on that cohort is warned of (RM206).",
        },
        filled=classes.Predictor,
        required=("name", "kind"),
        types={"kind": "one of the kinds below", "prior": "a table, see below"},
        defaults={"label": "the name", "unit": "that of the kind", "direction": "either"},
    ),
    KeyTable(
        "prior = { ... }",
        "Of a predictor or a term: a normal distribution on the log-odds. Without one the library's own stands, of "
        "small "
        "effects of either sign.",
        keys.PRIOR,
        {
            "log_odds": "Its mean.",
            "sd": "Its standard deviation.",
            "per": "The step that both speak of: one unit, one log10 (of an analyte on that scale), one standard "
            "deviation in the training cohort, or a number of units. Of a term: `unit`.",
            "source": "Where it is known from.",
        },
        filled=classes.Prior,
        required=("log_odds", "sd", "per", "source"),
    ),
    KeyTable(
        "[[terms]]",
        "Non-linear effects that are plausible beforehand: the model is averaged over those with and without them.",
        keys.TERM,
        {
            "name": "Name, used once and by no predictor.",
            "label": "Name for people.",
            "factors": "What is multiplied.",
            "replaces": "Predictors whose linear effect stands for the same, and is left out where the terms are used.",
            "prior": "What is known of its effect.",
        },
        filled=classes.StudyTerm,
        required=("name", "factors"),
        types={"factors": "a list of tables, see below", "prior": "a table, see above"},
        defaults={"label": "the name"},
    ),
    KeyTable(
        "factors = [{ ... }]",
        "Of a term: predictors in their clinical unit, each with one shape at most; without one, the value itself.",
        keys.FACTOR,
        {
            "predictor": "Name of the predictor.",
            "saturating": "value / (value + this).",
            "cap": "The value, up to this.",
            "below": "1 below this value, else 0.",
            "at_least": "1 from this value on, else 0.",
        },
        filled=classes.TermFactor,
        required=("predictor",),
    ),
    KeyTable(
        "[[eligibility.include]], [[eligibility.exclude]]",
        "One table for each criterion: all of `include` must be met, none of `exclude`. One subject (`column`, "
        "`analyte` "
        "or `agents`) and one condition.",
        keys.CRITERION,
        {
            "id": "Short name, used once.",
            "text": "The criterion as registered.",
            "column": "Subject: a column of the patients table.",
            "analyte": "Subject: the last result of this analyte at or before enrolment.",
            "agents": "Subject: whether any of these was given by enrolment; with `ever`.",
            "window_weeks": "How many weeks before enrolment the result may lie, to the day.",
            "below": "Condition: below this value.",
            "at_most": "Condition: this value or less.",
            "at_least": "Condition: this value or more.",
            "above": "Condition: above this value.",
            "between": "Condition: from the first to the second value, both included.",
            "equals": "Condition: one of these texts; of an analyte, `negative` or `positive`.",
            "ever": "Condition of `agents`: given (true), or never (false).",
        },
        filled=classes.Criterion,
        required=("id", "text"),
    ),
    KeyTable(
        "[passive_antibody]",
        "An antibody that is given as a drug, and that the assay sees added to the patient's own.",
        keys.PASSIVE,
        {
            "analyte": "The analyte that measures both.",
            "agents": "The drugs that hold it.",
            "half_life_days": "Half-life.",
            "volume_litres": "Volume of distribution.",
            "absorption_per_day": "Rate of absorption.",
            "error_sd_log10": "Standard deviation of the assay's error, log10.",
            "error_source": "Where it is known from.",
        },
        filled=classes.PassiveAntibody,
        required=tuple(keys.PASSIVE),
        types=dict.fromkeys(("half_life_days", "volume_litres", "absorption_per_day"), "a table, see below"),
    ),
    KeyTable(
        "half_life_days = { ... }, volume_litres, absorption_per_day",
        "A kinetic parameter: lognormal between patients.",
        keys.SPREAD,
        {"median": "Its median.", "cv": "Its coefficient of variation.", "source": "Where both are known from."},
        filled=classes.Spread,
        required=("median", "cv", "source"),
    ),
    KeyTable(
        "[scoring]",
        "When scoring warns of a patient; see [scoring_warnings.md](scoring_warnings.md).",
        keys.SCORING,
        {
            "range_margin": "How far a value may lie outside the central 90 % of the training, as a share of its "
            "width.",
            "distance_level": "The share of patients like those of the training whose values together are not called "
            "far "
            "from it.",
            "passive_weeks": "For how many weeks after a dose of antibody a titre is taken to hold it, to the day.",
        },
        filled=classes.Scoring,
    ),
)

OTHER_ANALYTES = (
    "Analytes that hospitals export and that the study does not read: a name, with its synonyms, such as "
    '`creatinine = ["肌酐"]`. They are not listed as unknown (RM119), and never taken for one that the study reads.'
)
