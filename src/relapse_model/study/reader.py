"""From TOML text to a `Study`: every key checked, every problem listed with its line."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from relapse_model.comparisons import DAYS_PER_MONTH, DAYS_PER_WEEK, before
from relapse_model.errors import Problem, StudyError
from relapse_model.study import keys as keys
from relapse_model.study.analyte import Analyte
from relapse_model.study.analytes_section import read_agents, read_analytes, read_other_analytes
from relapse_model.study.eligibility_section import read_eligibility
from relapse_model.study.extending import read_document
from relapse_model.study.names_near import near_names
from relapse_model.study.origins import Document, KeyPath
from relapse_model.study.outcome_section import baseline_by_horizon, outcome_is_no_predictor, read_outcome
from relapse_model.study.prediction import NO_OUTCOME, OutcomeRule, Prediction, Residual
from relapse_model.study.predictor import Candidate, Predictor, Prior
from relapse_model.study.predictor_kinds import DIFFERENCES, FEATURE_KINDS
from relapse_model.study.shorthands import without_shorthands
from relapse_model.study.study import PROTOCOL, Laboratory, PassiveAntibody, Scoring, Study, Treatments
from relapse_model.study.study_text import read_study_text as read_study_text
from relapse_model.study.terms_section import read_terms
from relapse_model.study.time_section import read_time
from relapse_model.study.written_out import HEAD, written_out


def parse_study(text: str, source: str, folder: Path | None = None) -> Study:
    """Check the text of a study file and build the study.

    The study's own text is what was given if that is whole, and else the study written out in full: with what it takes
    over from the study that it extends, without shorthands, and with its analytes declared. It then needs nothing
    besides, wherever it is read.

    Parameters
    ----------
    text : str
        TOML.
    source : str
        What to call it in messages.
    folder : Path, optional
        The folder of the file, from which the path of a study that it extends counts.

    Raises
    ------
    StudyError
        With all problems.
    """
    problems: list[Problem] = []
    whole = without_shorthands(read_document(text, source, folder, problems), problems)
    reader = _Reader(whole, text if whole.raw == tomllib.loads(text) else HEAD + written_out(whole.raw), problems)
    study = reader.study(whole.raw)
    if problems:
        raise StudyError("the study was refused", problems)
    return study


_SUGGESTED = 200  # problems for which the name that was probably meant is looked for


class _Reader:
    """Collects problems while it reads, so that all of them are reported at once."""

    def __init__(self, document: Document, text: str, problems: list[Problem]):
        self.document, self.text, self.problems = document, text, problems

    def refuse(self, path: KeyPath, found: str, expected: str, advice: str = "") -> None:
        self.problems.append(self.document.origins.of(path).problem(found, expected, advice))

    def table(self, raw: Any, path: KeyPath, allowed: Mapping[str, keys.Check]) -> dict[str, Any]:
        """Return the checked values of one table; refuse unknown keys and bad values."""
        if not isinstance(raw, dict):
            self.refuse(path, f"{keys.value_shown(raw)}", "a table of keys")
            return {}
        values = {}
        for key, value in raw.items():
            if key not in allowed:
                few = len(self.problems) < _SUGGESTED and len(key) < 100  # else looking for a name takes minutes
                near = difflib.get_close_matches(key, allowed, n=1, cutoff=0.5) if few else []
                advice = f"Did you mean {near[0]!r}?" if near else ""
                self.refuse((*path, key), "unknown key", f"one of {', '.join(sorted(allowed))}", advice)
                continue
            try:
                values[key] = allowed[key](value)
            except keys.NotAllowed as no:
                self.refuse((*path, key), f"{keys.value_shown(value)}", str(no))
        return values

    def need(self, values: Mapping[str, Any], raw: Any, path: KeyPath, *names: str) -> bool:
        """Refuse what is missing; tell whether everything is there and sound."""
        for name in names:
            if isinstance(raw, dict) and name not in raw:
                self.refuse(path, f"key {name!r} is missing", f"{name} = ...")
        return all(name in values for name in names)

    def study(self, raw: dict[str, Any]) -> Study:
        sections = self.table(raw, (), dict.fromkeys(keys.SECTIONS, keys.anything))
        self.needed_sections(raw)
        head = self.head(sections.get("study", {}))
        analytes = read_analytes(self, sections.get("analytes", {}))
        agents = read_agents(self, sections.get("agents", {}))
        outcome = read_outcome(self, sections["outcome"], analytes) if "outcome" in sections else NO_OUTCOME
        prediction = self.prediction(sections.get("prediction", {}), outcome)
        predictors = self.predictors(sections.get("predictors", []), analytes)
        outcome_is_no_predictor(self, outcome, prediction, predictors)
        baseline_by_horizon(self, outcome, prediction)
        self.endogenous_has_its_drug(sections, predictors)
        treatments = self.treatments(sections, predictors)
        terms = read_terms(self, sections.get("terms", []), predictors)
        eligibility = read_eligibility(self, sections.get("eligibility", {}), analytes)
        passive = self.passive(sections, analytes)
        trial, dosing = None, None
        candidates: tuple[Candidate, ...] = ()
        if sections.keys() & {"trial", "dosing", "candidates"}:  # most studies have none
            from relapse_model.study.trial_section import read_candidates, read_dosing, read_trial

            if "trial" in sections:
                trial = read_trial(self, sections["trial"], predictors, outcome, prediction, passive)
            dosing = read_dosing(self, sections["dosing"], analytes, trial) if "dosing" in sections else None
            candidates = read_candidates(
                self, sections.get("candidates", []), predictors, lambda raw, path: self.predictor(raw, path, analytes)
            )
        return Study(
            trial=trial, dosing=dosing, candidates=candidates,
            eligibility=eligibility, passive_antibody=passive, laboratory=self.laboratory(sections),
            time=read_time(self, sections.get("time", {}), analytes),
            treatments=treatments,
            scoring=Scoring(**self.table(sections.get("scoring", {}), ("scoring",), keys.SCORING)),
            name=head.get("name", ""), title=head.get("title", ""), registry=head.get("registry", ""),
            title_zh=head.get("title_zh", ""),
            agents=agents, other_analytes=read_other_analytes(self, sections.get("other_analytes", {}), analytes),
            codes=self.codes(sections.get("columns", {})), analytes=analytes, outcome=outcome,
            prediction=prediction, predictors=predictors, terms=terms,
            text=self.text,
        )  # fmt: skip

    def needed_sections(self, raw: Mapping[str, Any]) -> None:
        """Refuse a study that lacks a section, or has one that means nothing without an outcome."""
        for section in ("study", *(("prediction",) if "outcome" in raw else ()), "predictors"):
            if section not in raw:
                self.refuse((), f"section [{section}] is missing", f"a section [{section}]")
        if "outcome" not in raw:
            for section in ("trial", "dosing"):
                if section in raw:
                    self.refuse((section,), f"[{section}] without [outcome]", "a section [outcome], or neither")

    def passive(self, sections: dict[str, Any], analytes: Mapping[str, Analyte]) -> PassiveAntibody | None:
        if "passive_antibody" not in sections:
            return None
        from relapse_model.study.passive_section import read_passive  # most studies have none

        return read_passive(self, sections["passive_antibody"], analytes)

    def endogenous_has_its_drug(self, sections: dict[str, Any], predictors: tuple[Predictor, ...]) -> None:
        passive = sections.get("passive_antibody")
        analyte = passive.get("analyte") if isinstance(passive, dict) else None
        for position, predictor in enumerate(predictors):
            if predictor.kind == "endogenous" and predictor.analyte != analyte:
                self.refuse(
                    ("predictors", position, "analyte"), repr(predictor.analyte),
                    f"the analyte of [passive_antibody] ({analyte!r})" if analyte
                    else "a section [passive_antibody], which kind 'endogenous' needs",
                )  # fmt: skip

    def treatments(self, sections: dict[str, Any], predictors: tuple[Predictor, ...]) -> Treatments:
        treatments = Treatments(**self.table(sections.get("treatments", {}), ("treatments",), keys.TREATMENTS))
        if not treatments.complete and any(predictor.kind == "endogenous" for predictor in predictors):
            self.refuse(
                ("treatments", "complete"), "false", "true, since a predictor of kind 'endogenous' takes out each dose",
                "A patient without a recorded dose would pass for one without any",
            )  # fmt: skip
        return treatments

    def head(self, raw: Any) -> dict[str, Any]:
        values = self.table(raw, ("study",), keys.STUDY)
        self.need(values, raw, ("study",), "protocol", "name")
        if values.get("protocol", PROTOCOL) != PROTOCOL:
            self.refuse(
                ("study", "protocol"), str(values["protocol"]), str(PROTOCOL),
                "The file was written for another version of this library",
            )  # fmt: skip
        return values

    def codes(self, raw: Any) -> dict[str, dict[str, str]]:
        if not isinstance(raw, dict):
            self.refuse(("columns",), keys.value_shown(raw), "tables [columns.NAME]")
            return {}
        found = {}
        for name, entry in raw.items():
            values = self.table(entry, ("columns", name), keys.COLUMN)
            if self.need(values, entry, ("columns", name), "codes"):
                found[name] = values["codes"]
        return found

    def known_analyte(self, name: str | None, path: KeyPath, analytes: Mapping[str, Analyte]) -> None:
        if name is not None and name not in analytes:
            near = near_names(name, analytes)
            self.refuse(
                (*path, "analyte"), repr(name), f"an analyte of this study ({', '.join(analytes) or 'none'})",
                f"Did you mean {near[0]!r}?" if near else "",
            )  # fmt: skip

    def prediction(self, raw: Any, outcome: OutcomeRule) -> Prediction:
        path = ("prediction",)
        values = self.table(raw, path, keys.PREDICTION)
        given = [key for key in keys.HORIZONS if isinstance(raw, dict) and key in raw]
        if not given and not outcome.stated:
            values["horizon_weeks"] = math.inf  # nothing is predicted: any landmark may be asked for
        elif len(given) != 1 and isinstance(raw, dict):
            found = f"{' and '.join(given)} together" if given else "no horizon"
            self.refuse(path, found, f"one of {', '.join(f'{key} = ...' for key in keys.HORIZONS)}")
        days, months = values.pop("horizon_days", None), values.get("horizon_months")
        if days is not None:
            values["horizon_weeks"] = days / DAYS_PER_WEEK
        elif months is not None:
            values["horizon_weeks"] = months * DAYS_PER_MONTH / DAYS_PER_WEEK
        if outcome.analyte is None:
            values.setdefault("visit_window_weeks", 0.0)
        residual = self.residual(values.pop("residual", None), (*path, "residual"))
        prediction = Prediction(**values, residual=residual)
        late = [week for week in prediction.landmark_weeks if not before(week, prediction.horizon_weeks)]
        if late:
            self.refuse(
                (*path, "landmark_weeks"),
                f"{late[0]:g}",
                f"weeks before the horizon ({prediction.horizon_weeks:g})",
            )
        self.landmark_window(prediction, path)
        if list(prediction.visit_weeks) != sorted(prediction.visit_weeks):
            self.refuse((*path, "visit_weeks"), "weeks that do not ascend", "the planned visits in order")
        return prediction

    def residual(self, raw: Any, path: KeyPath) -> Residual | None:
        """Return what the predictors leave out; None where nothing is stated, or where it cannot be read."""
        if raw is None:
            return None
        values = self.table(raw, path, keys.RESIDUAL)
        needed = [self.need(values, raw, path, key) for key in ("sd_logit", "source")]
        return Residual(**values) if all(needed) else None

    def landmark_window(self, prediction: Prediction, path: KeyPath) -> None:
        """Refuse a window of a landmark's visit that is shorter than two days, or reaches the next one."""
        window, weeks = prediction.landmark_window_weeks, sorted(prediction.landmark_weeks)
        if not window:
            return
        room = min(later - one for one, later in pairwise([*weeks, prediction.horizon_weeks]))
        if window < 2 / DAYS_PER_WEEK or not before(window, room / 2):
            self.refuse(
                (*path, "landmark_window_weeks"), f"{window:g}",
                f"0, or two days ({2 / DAYS_PER_WEEK:.2g}) to less than half of the weeks between landmarks, and to "
                f"the horizon ({room:g})", "Else one visit would be that of two landmarks",
            )  # fmt: skip

    def predictors(self, raw: Any, analytes: Mapping[str, Analyte]) -> tuple[Predictor, ...]:
        if not isinstance(raw, list) or not raw:
            self.refuse(("predictors",), keys.value_shown(raw), "one or more [[predictors]]")
            return ()
        built = [self.predictor(entry, ("predictors", position), analytes) for position, entry in enumerate(raw)]
        names = [entry.get("name") if isinstance(entry, dict) else None for entry in raw]
        seen: set[str] = set()
        for position, name in enumerate(names):
            if isinstance(name, str) and name in seen:
                self.refuse(("predictors", position, "name"), repr(name), "a name used once")
            seen |= {name} if isinstance(name, str) else set()
        return tuple(predictor for predictor in built if predictor is not None)

    def predictor(self, raw: Any, path: KeyPath, analytes: Mapping[str, Analyte]) -> Predictor | None:
        values = self.table(raw, path, keys.PREDICTOR)
        if not self.need(values, raw, path, "name", "kind"):
            return None
        kind = FEATURE_KINDS[values["kind"]]
        sound = self.need(values, raw, path, *kind.requires)
        allowed = {*kind.requires, *kind.allows, *keys.COMMON}
        for key in sorted(values.keys() - allowed):
            self.refuse((*path, key), f"not a key of kind {kind.name!r}", f"one of {', '.join(sorted(allowed))}")
            sound = False
        self.known_analyte(values.get("analyte"), path, analytes)
        analyte = analytes.get(values.get("analyte", ""))
        if "analyte" in values and analyte is None:
            return None
        values["prior"] = self.prior(values["prior"], (*path, "prior")) if "prior" in values else None
        values.setdefault("label", values["name"].replace("_", " "))
        if kind.unit.startswith("analyte") and analyte is not None:
            values["scale"] = analyte.scale
            values["unit"] = values.get("unit", kind.unit.replace("analyte", analyte.unit))
        if "saturating" in values:
            values["scale"] = "linear"
        values.setdefault("unit", kind.unit)
        self.prior_fits(values, path)
        self.typical_fits(values, path)
        return Predictor(**values) if sound else None

    def typical_fits(self, values: Mapping[str, Any], path: KeyPath) -> None:
        """Refuse a typical value that the predictor cannot have."""
        typical = values.get("typical")
        if typical is None:
            return
        if values.get("levels"):
            self.refuse((*path, "typical"), f"{typical:g} beside levels", "no typical value: levels have no prior")
        if (values.get("equals") is not None or values.get("unit") == "0/1") and not 0.0 <= typical <= 1.0:
            self.refuse((*path, "typical"), f"{typical:g}", "the share of patients with a yes, from 0 to 1")
        if values.get("scale") == "log10" and values["kind"] not in DIFFERENCES and typical <= 0:
            self.refuse((*path, "typical"), f"{typical:g}", "a value above 0, since the scale is log10")

    def prior(self, raw: Any, path: KeyPath) -> Prior | None:
        values = self.table(raw, path, keys.PRIOR)
        complete = self.need(values, raw, path, "log_odds", "sd", "per", "source")
        return Prior(**values) if complete else None

    def laboratory(self, sections: Mapping[str, Any]) -> Laboratory:
        values = self.table(sections.get("laboratory", {}), ("laboratory",), keys.LABORATORY)
        detected = {"yes": True, "no": False}.get(values.get("below_limit_detected", "unknown"))
        return Laboratory(values.get("dash", "refuse"), detected, values.get("same_day", "refuse"))

    def prior_fits(self, values: Mapping[str, Any], path: KeyPath) -> None:
        """Refuse a prior on a scale, or with a direction, that the predictor does not have."""
        prior, direction = values.get("prior"), values.get("direction")
        kinds = [key for key in ("equals", "levels") if values.get(key)]
        kinds += ["scale"] if values.get("column") and values.get("scale") == "log10" else []
        if len(kinds) > 1:
            self.refuse((*path, kinds[1]), f"{kinds[1]!r} beside {kinds[0]!r}", "one of them")
        if "others" in values and "equals" not in values:
            self.refuse((*path, "others"), "'others' without 'equals'", "both, or neither")
        if values.get("negative") and (kinds or values.get("scale") == "log10"):
            self.refuse((*path, "negative"), f"'negative' beside {kinds[0]!r}", "one of them")
        worded = [key for key in kinds if key != "scale"]
        if values.get("possible") and worded:
            self.refuse((*path, "possible"), f"'possible' beside {worded[0]!r}", "one of them: words have no limits")
        if values.get("levels") and (prior or direction):
            self.refuse(
                path, "a prior or direction beside levels", "equals = ..., or no prior",
                "Write one predictor with equals = ... for each level of which something is known",
            )  # fmt: skip
        if prior is None:
            return
        if prior.per == "log10" and values.get("scale") != "log10":
            self.refuse((*path, "prior", "per"), "'log10'", "'unit', 'sd' or a number: this predictor is linear")
        if prior.per not in ("log10", "sd") and values.get("scale") == "log10":
            self.refuse((*path, "prior", "per"), repr(prior.per), "'log10' or 'sd': this predictor is a logarithm")
        sign = {"up": 1, "down": -1}.get(direction or "", 0)
        if sign * prior.log_odds < 0:
            self.refuse(
                (*path, "direction"),
                f"{direction!r} beside a prior log_odds of {prior.log_odds:g}",
                "the same sign",
            )


def load_study(study: str | Path) -> Study:
    """Read a study: the name of a built-in one, or the path of a TOML file.

    Parameters
    ----------
    study : str or Path
        ``"hbsag-relapse"``, or a path that ends in ``.toml``.

    Returns
    -------
    Study

    Raises
    ------
    StudyError
        With every wrong key, value or name in the file, its line, and the nearest right one.

    Examples
    --------
    >>> import relapse_model as rm
    >>> study = rm.load_study("hbsag-relapse")
    >>> study.registry, study.prediction.horizon_weeks
    ('NCT07328711', 48.0)
    """
    text, source = read_study_text(study)
    return parse_study(text, source, Path(study).parent if str(study).endswith(".toml") else None)
