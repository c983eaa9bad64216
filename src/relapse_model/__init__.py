"""Relapse-risk models for small clinical cohorts. Names are loaded on first use, so the import costs nothing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from relapse_model._version import __version__

if TYPE_CHECKING:  # what editors and type checkers see; the table below is what runs
    from relapse_model.cohort.cohort import Cohort
    from relapse_model.cohort.eligibility.screening import screen
    from relapse_model.cohort.folder import read_cohort
    from relapse_model.cohort.gate import make_cohort
    from relapse_model.cohort.large_folders.partition import partition
    from relapse_model.cohort.outcome.outcome import derive_outcome
    from relapse_model.cohort.readers.cdisc.read import read_cdisc
    from relapse_model.cohort.readers.fhir.read import read_fhir
    from relapse_model.cohort.readers.omop.read import read_omop
    from relapse_model.cohort.readers.redcap.read import read_redcap
    from relapse_model.cohort.readers.spreadsheets.read import read_excel
    from relapse_model.cohort.simulation.simulated_cohort import simulate_cohort
    from relapse_model.development.internal_validation.validate import validate
    from relapse_model.development.learning_curve.simulate import learning_curve
    from relapse_model.development.procedure import ProcedureSettings
    from relapse_model.development.train import train
    from relapse_model.errors import RelapseModelError
    from relapse_model.features.derive import derive_features
    from relapse_model.model.explanation.points_score import points_score
    from relapse_model.model.relapse_model import RelapseModel, load_model
    from relapse_model.model.scoring.batch import score_folder
    from relapse_model.model.scoring.score_part import parts_scorer
    from relapse_model.report.paper.write_paper import write_paper
    from relapse_model.report.validation_report import write_report
    from relapse_model.study.reader import load_study
    from relapse_model.study.study import Study
    from relapse_model.trial.arms.compare_arms import compare_arms
    from relapse_model.trial.benefit.benefit_report import benefit_report
    from relapse_model.trial.biomarkers.screen import screen_biomarkers
    from relapse_model.trial.dosing.dosing import dosing
    from relapse_model.trial.statistics.power import trial_power
    from relapse_model.trial.statistics.proportions import risk_difference

_WHERE = {
    "Cohort": "cohort.cohort",
    "make_cohort": "cohort.gate",
    "read_cohort": "cohort.folder",
    "read_excel": "cohort.readers.spreadsheets.read",
    "read_redcap": "cohort.readers.redcap.read",
    "read_omop": "cohort.readers.omop.read",
    "read_cdisc": "cohort.readers.cdisc.read",
    "read_fhir": "cohort.readers.fhir.read",
    "partition": "cohort.large_folders.partition",
    "simulate_cohort": "cohort.simulation.simulated_cohort",
    "screen": "cohort.eligibility.screening",
    "Study": "study.study",
    "load_study": "study.reader",
    "derive_features": "features.derive",
    "derive_outcome": "cohort.outcome.outcome",
    "learning_curve": "development.learning_curve.simulate",
    "ProcedureSettings": "development.procedure",
    "train": "development.train",
    "validate": "development.internal_validation.validate",
    "RelapseModel": "model.relapse_model",
    "load_model": "model.relapse_model",
    "score_folder": "model.scoring.batch",
    "parts_scorer": "model.scoring.score_part",
    "points_score": "model.explanation.points_score",
    "write_paper": "report.paper.write_paper",
    "write_report": "report.validation_report",
    "RelapseModelError": "errors",
    "benefit_report": "trial.benefit.benefit_report",
    "dosing": "trial.dosing.dosing",
    "compare_arms": "trial.arms.compare_arms",
    "risk_difference": "trial.statistics.proportions",
    "trial_power": "trial.statistics.power",
    "screen_biomarkers": "trial.biomarkers.screen",
}

__all__ = [
    "Cohort",
    "ProcedureSettings",
    "RelapseModel",
    "RelapseModelError",
    "Study",
    "__version__",
    "benefit_report",
    "compare_arms",
    "derive_features",
    "derive_outcome",
    "dosing",
    "learning_curve",
    "load_model",
    "load_study",
    "make_cohort",
    "partition",
    "parts_scorer",
    "points_score",
    "read_cdisc",
    "read_cohort",
    "read_excel",
    "read_fhir",
    "read_omop",
    "read_redcap",
    "risk_difference",
    "score_folder",
    "screen",
    "screen_biomarkers",
    "simulate_cohort",
    "train",
    "trial_power",
    "validate",
    "write_paper",
    "write_report",
]


if not TYPE_CHECKING:  # a type checker that saw it would believe every name

    def __getattr__(name: str) -> object:
        """Import a public name when it is first asked for (PEP 562)."""
        if name not in _WHERE:
            raise AttributeError(f"module 'relapse_model' has no attribute {name!r}")
        return getattr(import_module(f"relapse_model.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
