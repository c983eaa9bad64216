"""What a verb will write, looked at before it runs: no output replaces an input, and none is in vain."""

from __future__ import annotations

import io
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory

from relapse_model.cohort.folder import cohort_files, named_like_tables
from relapse_model.errors import RelapseModelError
from relapse_model.files import (
    naming_standard_output,
    read_bounded,
    require_file,
    require_folder,
    require_no_replacement,
)

_READ = (  # arguments that name a file to be read
    "model", "study", "prior", "scores", "outcomes", "key", "source", "mapping", "concepts", "adjust_model",
)  # fmt: skip
_ONE_FILE = ("score", "explain", "features", "evaluate", "monitor", "propose-mapping")
_OF_MODELS = ("train", "update", "release", "demo")  # a model may be trained again
_REPORT = ("report.html", "validation.json", "model_card.md")
_OF_ONE_PATIENT = ("contributions.png", "trajectory.png")
_DEMO = (
    "check.txt", "calculator.html", "hbsag_relapse.rmodel", "hbsag_relapse.md", "scores.csv", "explanations.csv",
    "what_drives_the_risk.png", "patient.html", "priors_and_posteriors.png",
)  # fmt: skip
_FOLDERS = {  # verbs that write a folder of files
    "export": (
        "dm.csv", "lb.csv", "ex.csv", "ae.csv", "patients.parquet", "labs.parquet", "treatments.parquet",
        "outcomes.parquet", "adverse_events.parquet", "measurement.csv", "risk_assessments.ndjson",
    ),
    "read": ("patients.csv", "labs.csv", "treatments.csv", "outcomes.csv", "reading_report.txt", "reading_report.json"),
    "biomarkers": ("biomarkers.json", "biomarkers.html"),
    "dosing": ("due.csv", "audit.csv", "next.csv", "ended.csv", "dosing.html"),
    "benefit": ("benefit.html", "benefit.json", "figures/benefit.svg", "figures/benefit.png"),
    "paper": ("index.html", "paper.json", "figures/flow.pdf", "tables/table_one.csv", "validation/report.html"),
    "plan": tuple(f"learning_curve.{ending}" for ending in ("csv", "json", "svg", "png")),
    "trial": (
        "trial.html", "trial.json", "results.csv", "flow.csv", "table_one.csv", "subgroups.csv", "harms.csv",
        "figures/flow.svg", "analysis_data/adsl.csv", "analysis_data/advs.csv", "analysis_data/adae.csv",
        "analysis_data/dictionary.csv",
    ),
}  # fmt: skip


_EXPORTED = {  # the files of each form, which are called as those of other systems are
    "parquet": _FOLDERS["export"][4:9], "sdtm": _FOLDERS["export"][:4], "omop": _FOLDERS["export"][9:10],
    "fhir": _FOLDERS["export"][10:],
}  # fmt: skip


def check_outputs(given: Namespace) -> None:
    """Refuse a command whose output would replace what it reads, or cannot be written, before anything is read.

    Parameters
    ----------
    given : Namespace
        The arguments of a verb.

    Raises
    ------
    RelapseModelError
        With the name of the output.
    """
    out = getattr(given, "out", None)
    if out == "-" and given.verb in _ONE_FILE:
        return  # nothing is replaced
    if out == "-":
        raise RelapseModelError(
            f"--out -: {given.verb} does not write to standard output, as {', '.join(_ONE_FILE)} do; expected a name."
        )
    folders, files = _outputs(given)
    inputs = _inputs(given)
    problems = getattr(given, "problems", None)
    if problems:
        from relapse_model.cli.source_outputs import require_different, require_own_list

        with _called("problems"):
            _require(given, [], [Path(problems)], inputs)
            # The list of problems comes first; the folder of the tables is an output as well.
            require_different([*folders, *files[1:], files[0]])
            require_own_list(given)
    with _called(next(name for name in ("out", "figures", "problems") if getattr(given, name, None))):
        _require(given, folders, files, inputs)


@contextmanager
def _called(option: str) -> Iterator[None]:
    """Name the option of an output that is refused."""
    try:
        yield
    except RelapseModelError as refusal:
        raise RelapseModelError(f"--{option}: {refusal}") from None


def _require(given: Namespace, folders: list[Path], files: list[Path], inputs: list[Path]) -> None:
    """Refuse folders and files that cannot be written, or would replace what is read."""
    for folder in folders:
        require_folder(folder)
    for file in files:
        require_file(file)
    require_no_replacement(files, inputs)
    _require_no_model(files, given.verb)
    if given.verb in ("read", "propose-mapping"):
        from relapse_model.cli.source_outputs import require_source_untouched

        require_source_untouched(given, folders, files)
    if given.verb == "export":
        from relapse_model.cli.source_outputs import require_new

        require_new(file for file in files if file.name in _EXPORTED[given.form])
    cohort = given.out if given.verb == "read" else getattr(given, "cohort", None)
    if cohort is not None:
        _require_no_look_alike(files, Path(cohort))


@contextmanager
def on_standard_output(given: Namespace) -> Iterator[None]:
    """Let a verb write its one file, and write that to standard output; what it says goes to standard error.

    Parameters
    ----------
    given : Namespace
        Its ``out`` is another name meanwhile.
    """
    output = sys.stdout
    with TemporaryDirectory(prefix="relapse-model-") as folder:
        given.out = str(Path(folder) / "standard_output")
        with redirect_stdout(_Told(given.out)):
            yield
        content = Path(given.out).read_bytes()
    with naming_standard_output():
        output.write(content.decode("utf-8"))
        output.flush()


class _Told(io.TextIOBase):
    """Standard error, on which a temporary file bears the name of what it stands for."""

    def __init__(self, name: str):
        self.name_of_file = name

    def write(self, text: str) -> int:
        return sys.stderr.write(text.replace(self.name_of_file, "standard output"))


def _require_no_model(files: list[Path], verb: str) -> None:
    """Refuse to write over a model file with anything else than a model."""
    models = [file for file in files if file.is_file() and _is_model(file)]
    if verb in _OF_MODELS:
        models = [file for file in models if file.suffix == ".md"]
    if models:
        raise RelapseModelError(
            f"{', '.join(map(str, models))}: a model file, which {verb} would replace by something else; expected "
            "another name. Nothing was read or written."
        )


def _is_model(file: Path) -> bool:
    """Tell whether a file begins as the archive of a model does."""
    begin = read_bounded(file, 64)
    return begin.startswith(b"PK\3\4") and b"manifest.json" in begin


def _require_no_look_alike(files: list[Path], cohort: Path) -> None:
    """Refuse an output in the cohort folder whose name is nearly that of a table: it would not be read again."""
    folder = cohort.resolve()
    new = {file.name for file in files if file.parent.resolve() == folder}
    if not new:
        return
    there = {file.name for file in folder.iterdir()} if folder.is_dir() else set()
    near = [one.table for one in named_like_tables(new | there) if one.table in new]
    if near:
        raise RelapseModelError(
            f"{', '.join(near)}: named like a table of the cohort folder, which would be refused with it from then on; "
            "expected another folder, or a name unlike those of the tables. Nothing was read or written."
        )


def _inputs(given: Namespace) -> list[Path]:
    """Return the files that are read, and the names under which a file would be read."""
    named = [Path(value) for name in _READ if isinstance(value := getattr(given, name, None), str)]
    if any(isinstance(getattr(given, name, None), str) for name in ("mapping", "study")):
        from relapse_model.cli.source_outputs import files_named  # a score needs neither, and is to start at once

        named += files_named(given)
    cohort = getattr(given, "cohort", None)
    return named if cohort is None else [*named, *cohort_files(Path(cohort)), Path(cohort)]


def _outputs(given: Namespace) -> tuple[list[Path], list[Path]]:
    """Return the folders and the files that a verb writes."""
    folders: list[Path] = []
    files: list[Path] = []
    if getattr(given, "figures", None):
        folders.append(Path(given.figures))
        files += [folders[0] / name for name in _OF_ONE_PATIENT]
    files += [Path(name) for name in (getattr(given, "problems", None),) if name]
    if not getattr(given, "out", None):
        return folders, files
    out = Path(given.out)
    if given.verb == "simulate":
        return [out], [*cohort_files(out), out / "truth.csv"]
    if given.verb == "validate":
        return [out, out / "figures"], [out / name for name in _REPORT]
    if given.verb == "demo":
        new = out / "new_patients"
        files = [out / name for name in _DEMO]
        files += [out / verb / name for verb in ("trial", "dosing") for name in _FOLDERS[verb]]
        return [out, new], [*files, *cohort_files(new), new / "truth.csv"]
    if given.verb in _FOLDERS:
        return [out], [*files, *(out / name for name in _FOLDERS[given.verb])]
    files.append(out)
    if given.verb in ("train", "update", "release"):
        if out.with_suffix(".md") == out or out.is_dir():
            raise RelapseModelError(f"--out {out}: expected a file such as {out.with_suffix('.rmodel').name}.")
        files.append(out.with_suffix(".md"))
    if given.verb == "keygen":
        files.append(Path(f"{out}.pub"))
    return folders, files
