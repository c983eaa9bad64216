"""The tables of a model and of its validation for a journal."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import TYPE_CHECKING, Any

from relapse_model.development.internal_validation.result import Validation
from relapse_model.features.clinical_units import predictor_title
from relapse_model.features.dictionary import definition
from relapse_model.report.figures.model import coefficient_step, coefficient_table, has_coefficients
from relapse_model.report.paper.journal_table import LEVEL, JournalTable, inner, interval, journal_table
from relapse_model.report.performance_table import (
    COLUMNS,
    group_rows,
    interval_methods,
    performance_rows,
    shown_columns,
    threshold_rows,
)
from relapse_model.report.table_one import CHARACTERISTICS, level_names
from relapse_model.study.predictor import Predictor, StudyTerm
from relapse_model.study.study import Study
from relapse_model.validation.classification_measures import THRESHOLD_MEASURES
from relapse_model.validation.estimate import Estimate, normal_quantile

if TYPE_CHECKING:
    from relapse_model.model.relapse_model import RelapseModel

_DIRECTIONS = {"up": "more risk", "down": "less risk", None: "either"}


def validation_tables(validation: Validation, values: dict[str, Any]) -> dict[str, JournalTable]:
    """Return the tables of a validation by name.

    Parameters
    ----------
    validation : Validation
    values : dict
        As `validation_values` makes them.
    """
    made = {
        "patients_by_outcome": _patients(values),
        "performance": _performance(validation),
        "thresholds": _thresholds(validation),
        "subgroups": _groups(validation),
    }
    return {name: table for name, table in made.items() if table is not None}


def model_tables(model: RelapseModel) -> dict[str, JournalTable]:
    """Return the tables of a model by name: its predictors with their priors, and its coefficients if it has any.

    Parameters
    ----------
    model : RelapseModel
    """
    made = {"predictors": predictor_table(model.study)}
    if has_coefficients(model):
        made["coefficients"] = _coefficients(model)
    return made


def predictor_table(study: Study) -> JournalTable:
    """Return the predictors of a study with their priors.

    Parameters
    ----------
    study : Study
    """
    rows = [
        [predictor_title(one), definition(one, study), _DIRECTIONS[one.direction], *_prior(one)]
        for one in study.predictors
    ]
    rows += [[one.label, "non-linear term", "either", *_prior_of_term(one)] for one in study.terms]
    stated = "Priors are odds ratios of the outcome, stated before these patients were seen" if study.has_priors else ""
    columns = ["Predictor", "Definition", "Expected", f"Prior odds ratio ({interval(LEVEL)})", "Step", "Source"]
    return journal_table("Predictors and their priors", columns, rows, [stated])


def _prior(predictor: Predictor) -> tuple[str, str, str]:
    prior = predictor.prior
    if prior is None:
        return "none stated", "", ""
    return _odds_ratio(prior.log_odds, prior.sd), coefficient_step(predictor)[1], prior.source


def _prior_of_term(term: StudyTerm) -> tuple[str, str, str]:
    prior = term.prior
    return ("none stated", "", "") if prior is None else (_odds_ratio(prior.log_odds, prior.sd), "", prior.source)


def _odds_ratio(mean: float, sd: float) -> str:
    reach = normal_quantile(LEVEL) * sd
    return _ratio((exp(mean), exp(mean - reach), exp(mean + reach)))


def _ratio(ratio: Sequence[float]) -> str:
    return f"{ratio[0]:.2f} ({ratio[1]:.2f} to {ratio[2]:.2f})"


def _coefficients(model: RelapseModel) -> JournalTable:
    rows = [
        [row["label"], row["step"], _ratio(row["prior"]), _ratio(row["posterior"])]
        for row in coefficient_table(model, LEVEL)
    ]
    prior = "Prior" if model.study.has_priors else "Small effects expected"
    columns = ["Predictor", "Step", f"{prior}, odds ratio ({interval(LEVEL)})",
               f"Posterior odds ratio ({interval(LEVEL)})"]  # fmt: skip
    notes = [f"intervals hold the odds ratio with {100 * LEVEL:g} % probability, normal on the log-odds scale"]
    return journal_table("Coefficients of the model", columns, rows, notes)


def _patients(values: dict[str, Any]) -> JournalTable:
    found = values["table_one"]
    rows = [[inner(row["label"]) if row["inner"] else row["label"], *row["cells"]] for row in found["rows"]]
    left_out = f"not described, since too few: {', '.join(found['left_out'])}" if found["left_out"] else ""
    notes = ["median (quartiles), or number (%) of those in whom the value is known", left_out]
    return journal_table("Patients by what became of them", ["Characteristic", *found["columns"]], rows, notes)


def _performance(validation: Validation) -> JournalTable:
    shown = shown_columns(validation)
    found = performance_rows(validation)
    rows = [[row["label"], *(_cell(row["cells"].get(column)) for column in shown)] for row in found]
    of = validation.performance
    competing = f"{of.competing} with a competing event, " if of.competing else ""
    counts = (
        f"{of.patients} patients, {of.events} with {validation.study.outcome.name}, {competing}{of.lost} lost to "
        "follow-up"
    )
    methods = [
        f"{COLUMNS[column]}. Intervals: {'; '.join(lines)}"
        for column, lines in interval_methods(validation).items()
        if lines
    ]
    refused = [f"{name}: {why}" for name, why in of.refused.items()]
    columns = ["Measure", *(f"{COLUMNS[column]}{_level_of(validation) if column in _WITH else ''}" for column in shown)]
    return journal_table("Performance of the model", columns, rows, [counts, *methods, *refused])


_WITH = ("nested", "corrected", "apparent")  # columns that have intervals


def _level_of(validation: Validation) -> str:
    """Return the level of the intervals, where they have one level; else each method says its own."""
    levels = {one.level for one in validation.performance.measures.values() if isinstance(one, Estimate)}
    return f" ({interval(levels.pop())})" if len(levels) == 1 else ""


def _cell(cell: dict[str, str] | None) -> str:
    if cell is None:
        return ""
    return f"{cell['value']} ({cell['interval']})" if cell["interval"] else cell["value"]


def _thresholds(validation: Validation) -> JournalTable | None:
    rows = [
        [row["threshold"], *(row["cells"][label] for label in THRESHOLD_MEASURES.values())]
        for row in threshold_rows(validation)
    ]
    if not rows:
        return None
    measured = [one for each in validation.thresholds for one in each.measures.values()]
    level = f"intervals are {', '.join(sorted({interval(one.level) for one in measured}))}" if measured else ""
    title = "What acting from a risk on would mean"
    return journal_table(title, ["Risk", *THRESHOLD_MEASURES.values()], rows, [level])


def _groups(validation: Validation) -> JournalTable | None:
    groupings = [
        (CHARACTERISTICS.get(name, first(name)), groups, level_names(name, validation.study))
        for name, groups in validation.subgroups.items()
    ]
    if validation.left_out:
        left_out = validation.settings["leave_out"]
        title = f"Left out: each {left_out}, by a model of the others"
        groupings.append((title, validation.left_out, level_names(left_out, validation.study)))
    rows: list[list[object]] = []
    for label, groups, names in groupings:
        rows.append([label, *[None] * 5])
        rows += [
            [inner(names.get(row["name"], row["name"])), row["patients"], row["events"], row["lost"], row["auc"],
             row["observed_expected"]]
            for row in group_rows(groups)
        ]  # fmt: skip
    if not rows:
        return None
    every = [one for _, groups, _ in groupings for group in groups for one in group.measures.values()]
    levels = {interval(one.level) for one in every}
    columns = ["Group", "Patients", "With the outcome", "Lost", "AUC", "Observed / expected"]
    notes = [f"intervals are {', '.join(sorted(levels))}" if levels else "", "groups differ by chance too"]
    return journal_table("Performance in groups of patients", columns, rows, notes)


def first(text: str) -> str:
    """Return text that begins with a capital.

    Parameters
    ----------
    text : str
    """
    return text[:1].upper() + text[1:].replace("_", " ")
