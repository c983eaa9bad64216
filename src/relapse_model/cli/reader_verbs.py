"""What the verbs do that read what a hospital has."""

from __future__ import annotations

import json
import os
import re
from argparse import Namespace
from pathlib import Path

from relapse_model.cli.texts import say
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.readers.mapping_file import load_mapping
from relapse_model.cohort.readers.nothing_found import nothing_found
from relapse_model.cohort.readers.proposed_text import MAY
from relapse_model.cohort.readers.read_source import proposer_of, reader_of
from relapse_model.cohort.readers.trial_reading import read_as_it_is
from relapse_model.cohort.readers.unserved import ABSENT, unserved
from relapse_model.comparisons import DAYS_PER_WEEK
from relapse_model.errors import CohortError, InsufficientDataError, NoOutcomeError, RelapseModelError, problem_lines
from relapse_model.files import write_csv, write_text
from relapse_model.files.plain_csv import read_plain_csv
from relapse_model.study.names_known import reads_results
from relapse_model.study.reader import load_study
from relapse_model.study.study import Study

_REMARKS = 20  # printed; all of them are written
QUESTIONS = ("#?", "# ?")  # how lines of a proposal begin that somebody must answer


def propose_mapping(given: Namespace) -> None:
    """Look into an export and write what is found as a mapping file."""
    study = load_study(given.study)
    text = _with_study(proposer_of(given.kind)(given.source, study), given)
    cohort = None
    if not _lines_of(text, QUESTIONS):
        read = read_as_it_is(text, given.kind, given.source, study)
        if isinstance(read, Cohort):
            cohort = read
        else:
            text += "".join(f"{line}\n" for line in read)
    bare = "" if re.search(r"(?m)^\[\[labs\]\]", text) else nothing_found(text, study, given.study)
    text += bare
    write_text(text, Path(given.out))
    if bare:
        say(bare.removeprefix("# ").strip())
    say(f"Mapping for the study {given.study} written to {given.out}.")
    if asked := _lines_of(text, QUESTIONS):
        say(f"To be completed by somebody who knows the data: {asked}.")
    elif cohort is not None:
        say(_readable(cohort, study, given.study))
    if may := _lines_of(text, (MAY.strip(),)):
        say(f"Can be taken up, and is not needed: {may}.")


def _readable(cohort: Cohort, study: Study, named: str) -> str:
    """Return what a proposal that asks nothing comes to: what it reads serves the study, or what of it is lacking."""
    lacking = unserved(cohort, study)
    if not lacking:
        return "Check it; nothing that must be known was left open. The source can be read with it."
    begin = "The source can be read with it, but" if len(cohort.labs) or not reads_results(study) else "Read with it,"
    rest = "it" if begin.endswith("but") else "the source"
    return (
        f"Check it. {begin} {rest} has {lacking}, which the study {named} reads: if the source has any, add them to "
        "the mapping."
    )


def _lines_of(text: str, begin: tuple[str, ...]) -> str:
    """Return which lines of a text begin so, as a sentence names them; nothing where none does."""
    found = [str(at) for at, line in enumerate(text.split("\n"), start=1) if line.lstrip().startswith(begin)]
    return f"line{'s' if len(found) > 1 else ''} {', '.join(found)}" if found else ""


def _with_study(text: str, given: Namespace) -> str:
    """Name the study's file in a proposal, relative to the mapping, as it is looked for."""
    if not given.study.endswith(".toml"):
        return text
    file = os.path.relpath(given.study, Path(given.out).parent)
    line = f"study = {json.dumps(Path(file).as_posix(), ensure_ascii=False)}"
    return re.sub(r"(?m)^#.*\bstudy = \".*$", lambda _: line, text, count=1)


def read(given: Namespace) -> None:
    """Read an export into a cohort folder, and say what became of every row."""
    out = Path(given.out)
    mapping = Path(given.mapping)
    study = None if given.study is None else load_study(given.study)
    known = load_mapping(mapping, given.kind)
    cohort = reader_of(given.kind)(given.source, mapping, study=study, dash=given.dash)
    cohort.write(out)
    report = cohort.reading
    if report is not None:
        different = {str(one): one for one in cohort.remarks}  # a row may hold several such results
        remarks = [f"  {one}" for one in different]
        listed = "\n".join([str(report), *(["To be looked at:", *remarks] if remarks else [])])
        private = not cohort.synthetic  # it shows single values of patients, with their rows
        write_text(f"{listed}\n", out / "reading_report.txt", private=private)
        values = json.dumps(report.as_json(), ensure_ascii=False, indent=2) + "\n"
        write_text(values, out / "reading_report.json", private=private)
        shown = [f"  {line}" for line in problem_lines(different.values())][:_REMARKS]
        cut = [*shown, *(["  Each of them in reading_report.txt"] if len(shown) < len(remarks) else [])]
        say("\n".join([str(report), *(["To be looked at:", *cut] if remarks else [])]))
    named = given.study or (str(mapping.parent / known.study) if known.study.endswith(".toml") else known.study)
    say(f"{cohort!r} written to {given.out}. {_next_step(cohort, given.out, named)}")


def _next_step(cohort: Cohort, out: str, named: str) -> str:
    """Return what may be done with a cohort: to check it, if the study finds in it what it asks for."""
    from relapse_model.cohort.outcome.outcome import derive_outcome
    from relapse_model.features.derive import derive_features

    new = f"relapse-model study new {out} --out FILE.toml"
    if not named:
        return f"Next: {new}"
    study = load_study(named)
    landmark = study.prediction.landmark_weeks[0]
    alone, why = "", ""
    try:
        derive_outcome(cohort, study, landmark)
    except NoOutcomeError:
        pass
    except InsufficientDataError as error:
        alone, why = " --no-outcome", str(error)
    except RelapseModelError as error:
        why = _first(error)
    try:
        derive_features(cohort, study, landmark)
    except RelapseModelError as error:
        why = why or _first(error)
    if not why:
        return f"Next: relapse-model check {out} --study {named}"
    lacking = f"it has {found}" if (found := unserved(cohort, study)) else ""
    own = "" if lacking and ABSENT in why else " ".join(why.split()).rstrip(".")
    return (
        f"Cannot be used with the study {named} as it is: {'; '.join(one for one in (own, lacking) if one)}. If the "
        "source has what is lacking, correct the mapping and read again. "
        f"Next, for a study of what was read: {new}{alone}"
    )


def _first(error: RelapseModelError) -> str:
    return problem_lines(error.problems)[0] if isinstance(error, CohortError) and error.problems else str(error)


def export(given: Namespace) -> None:
    """Write a cohort, or its scores, in the form of another system."""
    {"parquet": _parquet, "sdtm": _sdtm, "omop": _omop, "fhir": _fhir}[given.form](given)
    say(f"{given.cohort} written to {given.out} as {given.form}.")


def _cohort(given: Namespace, study: Study) -> Cohort:
    from relapse_model.cohort.folder import read_cohort

    return read_cohort(given.cohort, study=study)


def _parquet(given: Namespace) -> None:
    _cohort(given, load_study(given.study)).write(given.out, "parquet")


def _sdtm(given: Namespace) -> None:
    from relapse_model.cohort.interchange.sdtm import write_sdtm

    study = load_study(given.study)
    write_sdtm(_cohort(given, study), given.out, study)


def _omop(given: Namespace) -> None:
    from relapse_model.cohort.interchange.omop import measurement_rows

    study = load_study(given.study)
    cohort = _cohort(given, study)
    concepts = {} if given.concepts is None else _concepts(Path(given.concepts))
    rows = measurement_rows(cohort, concepts, study=study)
    write_csv(rows, Path(given.out) / "measurement.csv", private=not cohort.synthetic)
    without = sorted(set(cohort.labs["analyte"].astype(str)) - set(concepts))
    if without:
        say(f"Without a concept, so measurement_concept_id is 0: {', '.join(without)}.")


def _concepts(path: Path) -> dict[str, int]:
    """Read which concept stands for which analyte."""
    try:
        table = read_plain_csv(path)
        names = table["analyte"].str.strip()
        if names.duplicated().any():
            raise ValueError(f"analyte {names[names.duplicated()].iloc[0]!r} stands twice")
        return dict(zip(names, map(int, table["concept_id"]), strict=True))
    except (KeyError, ValueError) as error:
        raise RelapseModelError(
            f"{path}: {error}; expected a CSV file with the columns analyte and concept_id, a whole number."
        ) from None


def _fhir(given: Namespace) -> None:
    from relapse_model.cohort.folder import read_cohort
    from relapse_model.model.relapse_model import load_model
    from relapse_model.model.scoring.each_or_reason import scores_of
    from relapse_model.model.scoring.risk_assessments import write_risk_assessments
    from relapse_model.model.verdict import model_verdict

    if given.model is None:
        raise RelapseModelError("--form fhir: no --model; expected the model file that scores the patients.")
    model = load_model(given.model)
    cohort = read_cohort(given.cohort, study=model.study, on_problems="list")
    scores = scores_of(model, cohort, landmark_week=None, both_arms=False)
    landmark = model.study.prediction.landmark_weeks[0]
    write_risk_assessments(
        scores, Path(given.out) / "risk_assessments.ndjson",
        model=f"{model.study.name}, {Path(given.model).name}", outcome=model.study.outcome.name,
        on=given.on or _landmark_days(cohort, scores["patient_id"].tolist(), landmark),
        horizon_weeks=model.study.prediction.horizon_weeks, synthetic=cohort.synthetic,
        verdict=model_verdict(model).en,
    )  # fmt: skip


def _landmark_days(cohort: Cohort, patients: list[str], landmark: float) -> list[str]:
    """Return the day of the landmark of each patient."""
    import pandas as pd

    if "enrolment_date" not in cohort.patients:
        raise RelapseModelError("--form fhir: no enrolment_date in patients; expected it, or --on YYYY-MM-DD.")
    dates = dict(zip(cohort.patients["patient_id"], cohort.patients["enrolment_date"], strict=True))
    unknown = [patient for patient in patients if not isinstance(dates.get(patient), str)]
    if unknown:
        raise RelapseModelError(
            f"--form fhir: {len(unknown)} patients without an enrolment_date that can be read; give --on YYYY-MM-DD."
        )
    shift = pd.Timedelta(days=round(landmark * DAYS_PER_WEEK))
    return [(pd.Timestamp(dates[patient]) + shift).strftime("%Y-%m-%d") for patient in patients]
