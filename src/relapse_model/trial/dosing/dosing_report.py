"""What `rm.dosing` found: tables of what is due, what was given and what is expected."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from relapse_model.display.html_summary import html_summary
from relapse_model.errors import RelapseModelError
from relapse_model.files import write_csv
from relapse_model.study.trial_plan import DosingRule
from relapse_model.trial.arms.number_words import number_of
from relapse_model.trial.dosing.forecast import Forecast
from relapse_model.trial.dosing.rule import AS_DUE, LATE


@dataclass(frozen=True, slots=True, eq=False)
class DosingReport:
    """What the dosing rule asks for, what was given, and what is expected.

    Attributes
    ----------
    rule : DosingRule
    due : DataFrame
        One row per patient for whom something is to be done: ``patient_id, arm, week, titre, reason, status``; the
        status is ``due``, ``overdue``, ``undecidable``, ``not assessed`` or ``clinician decides``. Who has no titre at
        all, or none since, although planned visits have passed is ``not assessed``, with these visits as the reason.
    audit : DataFrame
        One row per visit, and per dose that no visit asked for: what was due, what was given, the verdict.
    next : DataFrame or None
        One row per patient with a titre whose dosing has not ended: ``patient_id, titre_week``; ``week, lower, upper``
        (when the titre will fall below the limit: median and 90 % interval, infinite beyond a year), ``next_visit``,
        ``due_at_next_visit`` (NaN where HBsAg is detected: the rule calls for no dose), ``reachable`` (probability that
        one dose brings the titre to the limit: the last one where its peak is later than the last titre, otherwise one
        more, each with what earlier doses left), ``dose_needed`` (IU, for information), ``contradicts`` (whether the
        last titre hardly fits the kinetics: check dose, date or assay). None without [passive_antibody] in the study,
        and where there is no such patient.
    deviations : DataFrame
        Counts by verdict and centre.
    adherence : DataFrame
        Given of due doses by centre.
    notes : tuple of str
        What was assumed or could not be said.
    ended : DataFrame
        One row per patient of the arm whose dosing has ended: ``patient_id, week, reason``. Nothing is due for them,
        and nothing is forecast.
    enrolled : int
        Patients of the arm: those in `next`, those in `ended`, and those without any titre.
    """

    rule: DosingRule
    due: pd.DataFrame
    audit: pd.DataFrame
    next: pd.DataFrame | None
    deviations: pd.DataFrame
    adherence: pd.DataFrame
    notes: tuple[str, ...]
    ended: pd.DataFrame
    enrolled: int = 0
    _forecast: Forecast | None = None
    _places: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return counts only, never a patient."""
        verdicts = self.audit["verdict"].value_counts()
        given = int(verdicts.get(AS_DUE, 0) + verdicts.get(LATE, 0))
        counts = (number_of(len(self.due), "patient"), number_of(given, "dose"), number_of(len(self.audit), "row"))
        return "DosingReport({} to look at, {} given as due, {})".format(*counts)

    def _repr_html_(self) -> str:
        """Return counts only, as a notebook shows them: patients are never printed."""
        verdicts = self.audit["verdict"].value_counts()
        return html_summary(
            repr(self)[len("DosingReport(") : -1],
            columns=("verdict", "rows"),
            rows=[(str(name), int(count)) for name, count in verdicts.items()],
            note=" ".join(f"{note[:1].upper()}{note[1:]}." for note in self.notes),
        )

    def course(self, patient_id: str) -> pd.DataFrame:
        """Return the forecast of one patient's titre: ``week, median, lower, upper`` (90 % band), mIU/mL.

        Parameters
        ----------
        patient_id : str

        Raises
        ------
        RelapseModelError
            If there is no forecast of this patient.
        """
        if self._forecast is None or patient_id not in self._places:
            raise RelapseModelError("course: no forecast of this patient; expected one of the dosing arm with a titre.")
        place = self._places.index(patient_id)
        known = self._forecast
        return pd.DataFrame(
            {
                "week": known.start[place] + known.course_week,
                "median": known.median[place],
                "lower": known.low[place],
                "upper": known.high[place],
            }
        )

    def save(self, folder: str | Path) -> None:
        """Write the tables, for their owner alone: they name patients.

        Parameters
        ----------
        folder : str or Path
            Made if it does not exist.
        """
        path = Path(folder)
        path.mkdir(parents=True, exist_ok=True)
        tables: dict[str, pd.DataFrame | None] = {
            "due": self.due, "audit": self.audit, "next": self.next, "ended": self.ended,
        }  # fmt: skip
        for name, table in tables.items():
            if table is not None:
                write_csv(table, path / f"{name}.csv", private=True)
