"""What the service computes: scores of a cohort, and cards of one patient. Nothing of HTTP, nothing kept."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.gate import make_cohort
from relapse_model.cohort.readers.fhir.files import HeldSource
from relapse_model.cohort.readers.fhir.read import read_resources
from relapse_model.cohort.readers.source_mapping import SourceMapping
from relapse_model.errors import ProblemsError, RelapseModelError
from relapse_model.model.relapse_model import RelapseModel
from relapse_model.model.scoring.each_or_reason import scores_of
from relapse_model.model.verdict import model_verdict
from relapse_model.service.bodies import cohort_tables, json_object
from relapse_model.service.cards import early_card, refusal_card, risk_card
from relapse_model.service.prefetch import prefetch_templates, prefetched
from relapse_model.service.refusals import RequestRefusedError

HOOK = "patient-view"
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True)
class Scorer:
    """A model, and how a hospital's FHIR resources become its predictors.

    Attributes
    ----------
    model : RelapseModel
    model_id : str
        First twelve digits of the SHA-256 of its file.
    mapping : SourceMapping or None
        Of the kind ``"fhir"``; without one there are no cards.
    today : callable
        Returns the day.
    """

    model: RelapseModel
    model_id: str
    mapping: SourceMapping | None = None
    today: Callable[[], datetime.date] = datetime.date.today

    def __post_init__(self) -> None:
        if self.mapping is None:
            return
        if self.mapping.time.file:
            raise RelapseModelError(
                "serve: the mapping takes time zero from a file; expected a resource or an element of Patient, since a "
                "request brings no file."
            )
        if self.model.study.time.index is not None:
            raise RelapseModelError(
                "serve: week 0 of the study is told by the results, so that its day is not known; expected a study "
                "whose weeks count from enrolment, or no --mapping."
            )
        prefetch_templates(self.mapping, self.model.study)  # what is wrong with the mapping is said at the start

    def services(self) -> dict[str, Any]:
        """Return what CDS Hooks calls discovery."""
        if self.mapping is None:
            return {"services": []}
        study = self.model.study
        horizon = study.prediction.horizon_weeks
        return {
            "services": [
                {
                    "hook": HOOK,
                    "id": study.name,
                    "title": f"{study.outcome.name} by week {horizon:g}",
                    "description": f"Risk with its interval and warnings. {study.heading}. Research use only; not for "
                    "diagnosis or treatment decisions.",
                    "prefetch": prefetch_templates(self.mapping, study),
                    "usageRequirements": "All prefetch is needed. This service calls no server back.",
                }
            ]
        }

    def scores(self, body: bytes) -> dict[str, Any]:
        """Return the scores of a cohort: one row per patient, as `score` writes them.

        Parameters
        ----------
        body : bytes
            JSON: the tables of the cohort folder, and ``landmark_week`` if not the first.
        """
        content = json_object(body, integers_as_text=True)
        tables: dict[str, Any] = {**cohort_tables(content)}
        week = _week(content.get("landmark_week"))
        try:
            landmark = self.model.landmark(week)
            cohort = make_cohort(**tables, study=self.model.study, on_problems="list")
            scores = scores_of(self.model, cohort, landmark_week=week)
        except RelapseModelError as refusal:
            raise RequestRefusedError(422, _reasons(refusal)) from None
        return {
            "model": self.model_id,
            "outcome": self.model.study.outcome.name,
            "landmark_week": landmark,
            "horizon_weeks": self.model.study.prediction.horizon_weeks,
            "synthetic_model": bool(self.model.summary["synthetic"]),
            "verdict": model_verdict(self.model).en,
            "scores": scores.astype(object).where(scores.notna(), None).to_dict("records"),
            "problems": [str(one) for one in cohort.problems],
            "remarks": [str(one) for one in cohort.remarks],
        }

    def cards(self, body: bytes) -> dict[str, Any]:
        """Return the cards of one patient.

        Parameters
        ----------
        body : bytes
            A request of the hook ``patient-view``.
        """
        assert self.mapping is not None
        content = json_object(body)
        patient = _patient_of(content)
        held = prefetched(content.get("prefetch"), prefetch_templates(self.mapping, self.model.study), patient)
        try:
            cohort = read_resources(HeldSource(held), self.mapping, study=self.model.study, on_problems="list")
        except RelapseModelError as refusal:
            if self._left_out(refusal):
                return {"cards": []}
            return {"cards": [refusal_card(self.model, _reasons(refusal))]}
        return {"cards": [self._card(cohort)]}

    def _left_out(self, refusal: RelapseModelError) -> bool:
        """Tell whether the only thing wrong is that the mapping leaves this patient out of the cohort."""
        problems = refusal.problems if isinstance(refusal, ProblemsError) else ()
        return bool(problems) and all((one.table, one.found) == ("patients", "no rows") for one in problems)

    def _card(self, cohort: Cohort) -> dict[str, Any]:
        if len(cohort) != 1:
            return refusal_card(self.model, cohort.rejected["reason"])
        enrolled = pd.Timestamp(cohort.patients["enrolment_date"].iloc[0]).date()
        weeks = (self.today() - enrolled).days / 7
        reached = [week for week in self.model.landmark_weeks if week <= weeks]
        if not reached:
            return early_card(self.model, _day(enrolled, self.model.landmark_weeks[0]))
        landmark = reached[-1]
        row = scores_of(self.model, cohort, landmark_week=landmark).to_dict("records")[0]
        if row["status"] != "scored":
            return refusal_card(self.model, [row["reason"]])
        over = weeks > self.model.study.prediction.horizon_weeks
        return risk_card(self.model, row, landmark, _day(enrolled, landmark), over, self.model_id)


def _day(enrolled: datetime.date, week: float) -> datetime.date:
    return enrolled + datetime.timedelta(days=-int(-week * 7 // 1))


def _week(given: object) -> float | None:
    if given is None:
        return None
    try:
        return float(given) if isinstance(given, str) else float("nan")
    except ValueError:
        raise RequestRefusedError(422, ["landmark_week: expected a number"]) from None


def _reasons(refusal: RelapseModelError) -> list[str]:
    return [str(one) for one in refusal.problems] if isinstance(refusal, ProblemsError) else [str(refusal)]


def _patient_of(content: dict[str, Any]) -> str:
    """Return the id of the patient whom a request is about; refuse what is no request of the hook."""
    context = content.get("context")
    patient = context.get("patientId") if isinstance(context, dict) else None
    problems = [] if content.get("hook") == HOOK else [f"hook: expected {HOOK!r}"]
    if not isinstance(content.get("hookInstance"), str):
        problems.append("hookInstance: expected a text")
    if not isinstance(patient, str) or not _ID.fullmatch(patient):
        problems.append("context.patientId: expected the id of a Patient")
    if problems:
        raise RequestRefusedError(400, problems)
    return str(patient)
