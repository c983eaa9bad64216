"""What the keys of a study file mean that say how the tables are read; see `relapse_model.study.key_table`."""

from __future__ import annotations

from relapse_model.study import analyte, keys
from relapse_model.study import study as classes
from relapse_model.study.key_table import KeyTable

_UNITS = 'a table of factors, such as `{ "IU/L" = 1.0 }`'
_CHINESE = "Name shown to readers of Chinese."

DATA_TABLES = (
    KeyTable(
        "[study]",
        "The study, by name.",
        keys.STUDY,
        {
            "protocol": "Version of the study-file format. It rises when a key changes its meaning.",
            "name": "Short name, shown in messages and models.",
            "title": "Title, shown in reports.",
            "title_zh": "Title shown to readers of Chinese.",
            "registry": "Number in a trial registry.",
        },
        filled=classes.Study,
        required=("protocol", "name"),
        types={"protocol": f"{classes.PROTOCOL}"},
        defaults={"title": "empty", "title_zh": "the title", "registry": "empty"},
    ),
    KeyTable(
        "[laboratory]",
        "How to read what laboratories print.",
        keys.LABORATORY,
        {
            "dash": "What a bare `-` means. `(-)` is always negative.",
            "below_limit_detected": "Whether a bare `<20` means that the analyte was detected: laboratories use "
            "opposite conventions.",
            "same_day": "Which of several results of one analyte on one day counts, if they contradict each "
            "other and no time of day orders them: none, so that the cohort is refused; the one nearest to the "
            "outcome; their mean; or the last row.",
        },
        filled=classes.Laboratory,
        defaults={"below_limit_detected": "`unknown`"},
    ),
    KeyTable(
        "[time]",
        "How dates and times of day are read.",
        keys.TIME,
        {
            "zone": "Time zone of the hospital. A timestamp with a zone is assigned to the hospital's day; "
            "without this key it is refused.",
            "course_end": "Whether the `end_date` of a course is itself a day on treatment. `end_week` is a "
            "point in time and is not affected.",
            "index": "Week 0, if it is not enrolment but found in the data: all weeks of a patient are then counted "
            "from it.",
        },
        filled=classes.Time,
        types={"zone": "a name of the IANA database, such as `Asia/Shanghai`", "index": "a table, see below"},
        defaults={"zone": "not stated", "course_end": "not stated, and taken as exclusive"},
    ),
    KeyTable(
        "index = { ... }",
        "Week 0 of a patient is that of the first result on record on one side of a threshold. If there is none, or "
        "if a result that does not decide comes before it (`<20` at a threshold of 10), the week is not known. "
        "A cohort must be read with the study whose index it is counted from.",
        keys.INDEX,
        {
            "analyte": "The analyte.",
            "first_below": "The first result below this value, in the unit of the analyte.",
            "first_at_least": "The first result of this value or more.",
            "without": "Patients whose week 0 is not known: refused by row, or left out of the cohort and listed.",
        },
        filled=classes.TimeIndex,
        required=("analyte",),
        defaults={"first_below": "one of the two", "first_at_least": "one of the two"},
    ),
    KeyTable(
        "[treatments]",
        "What the treatments table holds.",
        keys.TREATMENTS,
        {
            "complete": "Whether the table is complete, so that a patient without a course of an agent was not "
            "given it. If false, that history is unknown.",
        },
        filled=classes.Treatments,
    ),
    KeyTable(
        "[analytes.NAME]",
        "One table for each laboratory analyte, by its name in the labs table.",
        keys.ANALYTE,
        {
            "label": "Name shown to readers.",
            "label_zh": _CHINESE,
            "unit": "Unit of the thresholds and of the predictors. Of a test that answers yes or no (HBeAg, "
            "anti-HBe), the unit of the number from which the laboratory tells it, such as `S/CO` or `IU/mL`; `1` "
            "where there is no number at all. Results in words (`negative`, `detected`) need none in the table.",
            "scale": "Scale of the predictors. `log10` needs a `lower_limit`.",
            "lower_limit": "Lower limit of quantification of results that state none.",
            "upper_limit": "Upper limit of quantification of results that state none.",
            "units": "Other units that are accepted, each with the factor to `unit`. The log10 of each is accepted "
            "too.",
            "floor": "Whether no result counts as lower than one reported as below `lower_limit`. If false, a printed "
            "0, which takes the study's limit, may rank above the 0.2 of a laboratory with a lower limit.",
            "below_limit": "The number that replaces a result below the limit: half of the limit, or the limit.",
            "loinc": "LOINC codes.",
            "sdtm": "CDISC test code.",
            "synonyms": "Other names of it in the labs table, in any case, Unicode form, spacing and hyphenation.",
            "other_units": "Units that are printed but cannot be converted, such as S/CO beside IU/mL: words "
            "and limits are read, numbers are not.",
            "negative": "Whether results below 0 are allowed, as in data on a log scale.",
            "possible": "What a body, or an assay, can give, in `unit`: wide limits, of the impossible and not of the "
            "unusual. A result that lies wholly outside them is refused by row (in scoring, for that patient only), "
            "and the message asks whether it is in another unit.",
            "assays": "Limits and units of single assays.",
        },
        filled=analyte.Analyte,
        required=("unit",),
        types={"units": _UNITS, "assays": "tables `[analytes.NAME.assays.ASSAY]`"},
        defaults={"label": "the name", "units": "none", "assays": "none", "sdtm": "none", "possible": "no limits"},
    ),
    KeyTable(
        "[analytes.NAME.assays.ASSAY]",
        "Settings of a single assay, by its name in the column `assay`.",
        keys.ASSAY,
        {
            "lower_limit": "Its lower limit. It takes precedence over the analyte's; a limit given with the "
            "result takes precedence over both.",
            "upper_limit": "Its upper limit, likewise.",
            "units": "Units with a conversion factor specific to the assay, such as copies.",
        },
        filled=analyte.Assay,
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
        {"codes": "Meaning of each code."},
        filled=None,
        types={"codes": 'a table, such as `{ "1" = "M", "2" = "F" }`'},
    ),
)
OTHER_ANALYTES = (
    "Analytes that hospitals export but the study does not read: a name with its synonyms, such as "
    '`creatinine = ["肌酐"]`. They are not listed as unknown (RM119) and are never mistaken for one that '
    "the study reads."
)
