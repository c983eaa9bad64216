"""`rm.write_paper`: what there is of a trial and of a model, gathered as a journal asks for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relapse_model.errors import RelapseModelError
from relapse_model.files import require_folder, strict_json, write_bytes, write_text
from relapse_model.report.disclosure import with_all_counts
from relapse_model.report.figures.flow import flow_figure
from relapse_model.report.figures.journal_files import FIGURE_FORMATS, RESOLUTIONS, figure_files
from relapse_model.report.figures.model import coefficients_figure, has_coefficients
from relapse_model.report.figures.style import drawn_for, journal, svg
from relapse_model.report.figures_of_report import captions, explained, report_figures
from relapse_model.report.nomogram import nomogram_figure
from relapse_model.report.page import json_text, packages, render
from relapse_model.report.paper.biomarker_tables import biomarker_table
from relapse_model.report.paper.checklists import consort_checklist, tripod_checklist
from relapse_model.report.paper.journal_table import INDENT, LEVEL, JournalTable
from relapse_model.report.paper.model_tables import model_tables, validation_tables
from relapse_model.report.paper.table_files import FORMATS, require_formats
from relapse_model.report.paper.trial_tables import trial_tables
from relapse_model.report.trial_answer import answer
from relapse_model.report.trial_figures import trial_captions, trial_figures
from relapse_model.report.validation_report import validation_values, write_report
from relapse_model.study.study import Study
from relapse_model.trial.biomarkers.plain_values import plain_rows

if TYPE_CHECKING:
    import shap
    from matplotlib.figure import Figure

    from relapse_model.development.internal_validation.result import Validation
    from relapse_model.model.relapse_model import RelapseModel
    from relapse_model.trial.arms.analysis import TrialAnalysis
    from relapse_model.trial.biomarkers.result import BiomarkerScreen

WIDTHS = (85.0, 180.0)  # millimetres: one column of a journal, two
_REPORT = "validation/report.html"


@dataclass(frozen=True, slots=True)
class _Results:
    """What there is to be reported."""

    trial: TrialAnalysis | None
    validation: Validation | None
    model: RelapseModel | None
    screen: BiomarkerScreen | None

    @property
    def study(self) -> Study:
        return next(one.study for one in (self.trial, self.validation, self.model, self.screen) if one is not None)

    @property
    def synthetic(self) -> bool:
        found = any(one.synthetic for one in (self.trial, self.validation, self.screen) if one is not None)
        return found or (self.model is not None and bool(self.model.summary["synthetic"]))


def write_paper(
    folder: str | Path,
    *,
    trial: TrialAnalysis | None = None,
    validation: Validation | None = None,
    model: RelapseModel | None = None,
    screen: BiomarkerScreen | None = None,
    width_mm: float = WIDTHS[0],
    dpi: int = 600,
    formats: Sequence[str] = tuple(FORMATS),
) -> dict[str, Path]:
    """Write tables, figures and checklists for a journal, and a page that lists them.

    Every table as CSV, XLSX, LaTeX and DOCX; every figure as SVG, PDF, PNG and TIFF with letters of 7 to 9 points
    embedded; CONSORT 2025 for a trial and TRIPOD+AI for a model, with where each item is reported. Intervals are 95 %
    ones, unless the plan of the trial states another level. All counts are given in full, small ones too; no file has
    a row or an identifier of a patient. A figure that cannot be drawn, such as one with letters that no font of this
    computer has, is listed with the reason.

    Parameters
    ----------
    folder : str or Path
        Made if it does not exist.
    trial : TrialAnalysis, optional
        Of `compare_arms`.
    validation : Validation, optional
        Of `validate`; its model is reported too, and its report written into ``validation``.
    model : RelapseModel, optional
        Reported without a validation.
    screen : BiomarkerScreen, optional
        Of `screen_biomarkers`.
    width_mm : float
        Width of the figures: 85 (one column), 180 (two), or between. The nomogram is 112 mm wide.
    dpi : int
        Of PNG and TIFF, 300 to 600.
    formats : sequence of str
        Of the tables: some of ``"csv"``, ``"xlsx"``, ``"tex"``, ``"docx"``.

    Returns
    -------
    dict of str to Path
        ``index``, ``tables``, ``figures``, ``checklists`` and ``values`` (tables and results in full precision, JSON).

    Raises
    ------
    RelapseModelError
        If there is nothing to report, width or resolution are none of a journal, or a format needs a package that
        is not installed.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> trial = rm.compare_arms(rm.simulate_cohort(132, seed=7), study)  # doctest: +SKIP
    >>> rm.write_paper("paper", trial=trial)["index"]  # doctest: +SKIP
    PosixPath('paper/index.html')
    """
    counted = None if validation is None else with_all_counts(validation)
    results = _Results(trial, counted, model if validation is None else validation.model, screen)
    _require(results, width_mm, dpi, formats, Path(folder))
    _forget(Path(folder))
    explanation = None if validation is None else explained(validation)
    values: dict[str, Any] = {} if validation is None else validation_values(validation, (), explanation)
    with drawn_for(journal(width_mm)):
        figures = _figures(results, explanation)
        tables = _tables(results, values)
        shown, refused = _write_figures(figures, Path(folder) / "figures", dpi)
    checklists = _checklists(results, [*tables, *(f"figure {name}" for name in shown)])
    places = {name: Path(folder) / name for name in ("tables", "figures", "checklists")}
    _write_tables(tables, places["tables"], formats)
    _write_tables(checklists, places["checklists"], formats)
    if validation is not None:
        write_report(validation, Path(folder) / "validation")
    places |= {"index": Path(folder) / "index.html", "values": Path(folder) / "paper.json"}
    write_text(json_text(_values(results, values, tables, checklists) | {"figures": list(shown)}), places["values"])
    write_text(_page(results, values, tables, checklists, shown, refused, formats), places["index"])
    return places


def _require(results: _Results, width: float, dpi: int, formats: Sequence[str], folder: Path) -> None:
    """Refuse what cannot be written, with all reasons, before anything is."""
    wrong = []
    if all(one is None for one in (results.trial, results.validation, results.model, results.screen)):
        wrong.append("nothing to report; expected a trial, a validation, a model or a screen of biomarkers")
    if not WIDTHS[0] <= width <= WIDTHS[1]:
        wrong.append(f"width {width:g} mm; expected {WIDTHS[0]:g} (one column) to {WIDTHS[1]:g} (two)")
    if not RESOLUTIONS[0] <= dpi <= RESOLUTIONS[1]:
        wrong.append(f"{dpi} dpi; expected {RESOLUTIONS[0]} to {RESOLUTIONS[1]}")
    if wrong:
        raise RelapseModelError(f"Paper: {'; '.join(wrong)}.")
    require_formats(formats)
    require_folder(folder)


def _forget(folder: Path) -> None:
    """Remove the files of an earlier paper in this folder: no old table lies beside the new ones."""
    file = folder / "paper.json"
    if not file.exists():
        return
    earlier: Any = strict_json(file.read_bytes(), str(file))
    for kind, endings in (("tables", tuple(FORMATS)), ("checklists", tuple(FORMATS)), ("figures", FIGURE_FORMATS)):
        for name in earlier[kind]:
            for ending in endings:
                (folder / kind / f"{name}.{ending}").unlink(missing_ok=True)


def _figures(results: _Results, explanation: shap.Explanation | None) -> dict[str, Figure]:
    drawn: dict[str, Figure] = {}
    if results.trial is not None:
        drawn |= {"flow": flow_figure(results.trial.flow)} | trial_figures(results.trial)
    if results.validation is not None:
        drawn |= report_figures(results.validation, explanation=explanation)
    model = results.model
    if model is None:
        return drawn
    if has_coefficients(model):
        drawn["coefficients"] = coefficients_figure(model, level=LEVEL)
    if results.validation is None:
        try:
            drawn["nomogram"] = nomogram_figure(model)
        except RelapseModelError:
            return drawn  # no model on the log-odds scale, or one without an effect
    return drawn


def _tables(results: _Results, values: dict[str, Any]) -> dict[str, JournalTable]:
    made: dict[str, JournalTable] = {}
    if results.trial is not None:
        made |= trial_tables(results.trial)
    if results.validation is not None:
        made |= validation_tables(results.validation, values)
    if results.model is not None:
        made |= model_tables(results.model)
    if results.screen is not None:
        made["biomarkers"] = biomarker_table(results.screen)
    return made


def _checklists(results: _Results, made: Collection[str]) -> dict[str, JournalTable]:
    found = {}
    if results.trial is not None:
        found["consort_2025"] = consort_checklist(results.trial, made)
    if results.validation is not None:
        found["tripod_ai"] = tripod_checklist(made, _REPORT)
    return found


def _write_tables(tables: Mapping[str, JournalTable], folder: Path, formats: Sequence[str]) -> None:
    for name, table in tables.items():
        for form in formats:
            write_bytes(FORMATS[form](table), folder / f"{name}.{form}")


def _write_figures(
    figures: Mapping[str, Figure], folder: Path, dpi: int
) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """Write the figures; return those that were as SVG with their size, and why the others were not."""
    shown, refused = {}, {}
    for name, figure in figures.items():
        try:
            files = figure_files(figure, dpi)
        except RelapseModelError as error:
            refused[name] = str(error)
            continue
        for ending, content in files.items():
            write_bytes(content, folder / f"{name}.{ending}")
        width, height = 25.4 * figure.get_size_inches()
        shown[name] = (svg(figure), f"{width:.0f} x {height:.0f} mm")
    return shown, refused


def _values(
    results: _Results,
    values: dict[str, Any],
    tables: Mapping[str, JournalTable],
    checklists: Mapping[str, JournalTable],
) -> dict[str, Any]:
    """Return all tables as they are printed, and what they were made of in full precision."""
    trial, screen = results.trial, results.screen
    return {
        "study": results.study.name,
        "synthetic": results.synthetic,
        "tables": {name: table.to_dict() for name, table in tables.items()},
        "checklists": {name: table.to_dict() for name, table in checklists.items()},
        "trial": None if trial is None else trial.to_dict() | {"answer": answer(trial)},
        "validation": values or None,
        "biomarkers": None if screen is None else _screened(screen),
        "packages": packages(),
    }


def _screened(screen: BiomarkerScreen) -> dict[str, Any]:
    """Return what `BiomarkerScreen.to_dict` says, with all counts, as the table beside it has them."""
    return screen.to_dict() | {"counts": dict(screen.counts), "table": plain_rows(screen.table)}


def _page(
    results: _Results, values: dict[str, Any], tables: Mapping[str, JournalTable],
    checklists: Mapping[str, JournalTable], shown: Mapping[str, tuple[str, str]], refused: Mapping[str, str],
    formats: Sequence[str],
) -> str:  # fmt: skip
    study, trial = results.study, results.trial
    words = captions(study, code=values["answer"]["code"] if values else "") | (
        {} if trial is None else trial_captions(trial)
    )
    words["coefficients"] = (
        f"What the study stated before these patients, and what is believed after them. {100 * LEVEL:g} % intervals."
    )
    return render(
        "paper.html.jinja",
        {name: picture for name, (picture, _) in shown.items()},
        study=study,
        synthetic=results.synthetic,
        answer="" if trial is None else answer(trial),
        tables=list(tables.items()),
        checklists=list(checklists.items()),
        sizes={name: size for name, (_, size) in shown.items()},
        captions={name: words.get(name, "") for name in shown},
        refused=refused,
        formats=formats,
        report=_REPORT if results.validation is not None else "",
        indent=INDENT,
        items_of=lambda anchor: "",
    )
