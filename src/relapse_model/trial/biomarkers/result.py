"""The result of a screen of biomarkers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.display.html_summary import html_summary
from relapse_model.small_counts import disclosed_count, disclosed_counts
from relapse_model.study.study import Study
from relapse_model.trial.biomarkers.as_predictors import predictors_text
from relapse_model.trial.biomarkers.plain_values import plain_rows
from relapse_model.trial.biomarkers.replication import Replication, replicate
from relapse_model.trial.biomarkers.stability_bounds import FalseSelections
from relapse_model.trial.lazy_verbs import save_result


@dataclass(frozen=True, slots=True, eq=False)
class BiomarkerScreen:
    """What each candidate tells beyond the base, after looking at all of them.

    Attributes
    ----------
    study : Study
    table : DataFrame
        One row per candidate, the smallest adjusted p first; what could not be tested stands at the end, with the
        reason in ``note``. ``log_odds`` is per ``per`` (with Firth's penalty, beside the base), ``lower, upper`` its
        95 % interval, ``simultaneous_lower, simultaneous_upper`` that for all candidates together, ``log_odds_shrunk``
        what is left of a selected one, given that it was selected for being large. ``score_z, p`` the score test,
        ``p_drawn`` the same by draws or permutations, ``q_bh, q_by`` false discovery rates of the latter, ``p_maxt``
        family-wise, ``lr_chi2`` the likelihood ratio, ``z_imputed`` with missing values put where the base expects
        them. ``frequency`` of stability selection, ``centres_agree`` in how many centres the sign is the same,
        ``p_interaction`` with the arm.
    stability : DataFrame
        ``candidate, frequency, stable``; see `bounds` for how many false ones are to be expected.
    bounds : FalseSelections
    increment : DataFrame or None
        What each adds to the prediction, corrected for optimism; None where it was not asked for.
    increment_of_screen : DataFrame or None
        What the screen as a whole adds, repeated in every resample: the one to report, since the choice is in it.
    predictive : DataFrame or None
        Interaction with the arm; None without arms.
    centres : DataFrame or None
        Log odds ratio in each centre; None without centres.
    base : tuple of str
        Predictors of the base model.
    counts : dict
        Patients at risk, with the event, lost, not at risk; candidates, tested.
    settings : dict
        What was asked for, and what decides.
    notes : tuple of str
    """

    study: Study = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    stability: pd.DataFrame = field(repr=False)
    bounds: FalseSelections
    increment: pd.DataFrame | None = field(repr=False)
    increment_of_screen: pd.DataFrame | None = field(repr=False)
    predictive: pd.DataFrame | None = field(repr=False)
    centres: pd.DataFrame | None = field(repr=False)
    base: tuple[str, ...]
    counts: Mapping[str, int]
    settings: Mapping[str, Any]
    fingerprint: str
    notes: tuple[str, ...] = ()
    synthetic: bool = False

    def __repr__(self) -> str:
        """Return the counts and what was selected; never a patient."""
        found = ", ".join(self.selected) or "none"
        return f"BiomarkerScreen({self.counts['tested']} tested, {self.counts['events']} events; selected: {found})"

    def _repr_html_(self) -> str:
        """Return the candidates with the smallest family-wise p, as a notebook shows them."""
        shown = self.table[["candidate", "log_odds", "lower", "upper", "p_maxt", "selected"]]
        rows = [
            (name, "not tested" if p != p else f"{value:+.2f} ({low:+.2f} to {high:+.2f})", f"{p:.3f}", bool(chosen))
            for name, value, low, high, p, chosen in shown.itertuples(index=False)
        ]
        columns = ("candidate", "log odds ratio (95 % interval)", "p, family-wise", "selected")
        return html_summary(
            repr(self)[len("BiomarkerScreen(") : -1], columns=columns, rows=rows, note=" ".join(self.notes)
        )

    @property
    def selected(self) -> tuple[str, ...]:
        """Return the candidates that pass what decides, by name."""
        return tuple(self.table.loc[self.table["selected"], "candidate"])

    def disclosed_table(self) -> pd.DataFrame:
        """Return `table` with counts as they may be disclosed: no small one can be worked out."""
        disclosed = self.table.astype({"n": object, "events": object, "missing": object})
        for place, row in self.table.iterrows():
            without = self.counts["events"] - row["events"]
            if row["missing"]:  # without them n is the number of patients, which is disclosed
                disclosed.loc[place, ["n", "missing"]] = disclosed_counts([row["n"], row["missing"]])
            if without:
                disclosed.loc[place, "events"] = disclosed_counts([row["events"], without])[0]
        return disclosed

    def as_predictors(self) -> str:
        """Return the selected candidates as ``[[predictors]]`` of a study file, each with the cohort it was chosen on.

        A study with them is known again: validated on this very cohort, it is warned of (RM206), since the choice was
        not repeated in every resample.
        """
        return predictors_text(self.study, self.selected, self.fingerprint)

    def replicate(self, cohort: Cohort) -> Replication:
        """Test the selected candidates, and no others, in another cohort.

        The base is refitted there. A candidate holds if the sign is the same, and its p-value times the number of
        candidates is 0.05 at most (Bonferroni).

        Parameters
        ----------
        cohort : Cohort

        Returns
        -------
        Replication

        Raises
        ------
        RelapseModelError
            If nothing was selected, or the cohort is the one that was screened.
        """
        return replicate(self, cohort)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values in full precision; what does not exist is None, and small counts are hidden."""
        tables = {
            name: None if table is None else plain_rows(table)
            for name, table in (
                ("table", self.disclosed_table()), ("stability", self.stability), ("increment", self.increment),
                ("increment_of_screen", self.increment_of_screen),
                ("predictive", self.predictive), ("centres", self.centres),
            )
        }  # fmt: skip
        return {
            "study": self.study.name,
            "synthetic": self.synthetic,
            "cohort_fingerprint": self.fingerprint,
            "counts": {name: disclosed_count(count) for name, count in self.counts.items()},
            "base": list(self.base),
            "settings": dict(self.settings),
            "selected": list(self.selected),
            "expected_false_stable": self.bounds.to_dict(),
            **tables,
            "notes": list(self.notes),
        }

    def save(self, folder: str | Path) -> dict[str, Path]:
        """Write ``biomarkers.json`` and ``biomarkers.html``, which hold no patient.

        Parameters
        ----------
        folder : str or Path
            Made if it does not exist.

        Returns
        -------
        dict of str to Path
            ``values`` and ``report``.
        """
        return save_result(self, folder)
