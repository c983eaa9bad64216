"""The model file: a zip of JSON, XGBoost's binary JSON and audited skops parts. Opening it runs no code.

Layout, format 2: ``manifest.json`` (format number, names, versions, training summary, sha256 and size of every part,
made-up patients with the risks they must get), ``study.toml`` (the study as it was), ``dictionary.json``,
``coefficients.json`` and ``card.md`` (for whoever opens it without this library), and the parts of the classifier under
``classifier/``. Everything is checked against the manifest before any part is looked into. Format 1 is read too.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from relapse_model.classifiers.audit import audit_parts
from relapse_model.classifiers.known import Classifier, load_classifier
from relapse_model.errors import ModelFileError, RelapseModelError
from relapse_model.features.design import design, matrix_of_codes
from relapse_model.files import write_bytes
from relapse_model.model.file.archive import pack, read_file, unpack
from relapse_model.model.file.demands import signature_matters
from relapse_model.model.file.manifest import (
    CARD,
    CLASSIFIER,
    COEFFICIENTS,
    DICTIONARY,
    DISCLOSURE,
    FORMAT,
    KIND,
    LARGEST_CARD,
    MANIFEST,
    SIGNATURE,
    STUDY,
    WEEKS,
    check_parts,
    check_summary,
    digest,
    read_manifest,
    utf8_text,
)
from relapse_model.model.file.summary_values import COARSE, is_coarse
from relapse_model.model.trained import Model, TrainedModel
from relapse_model.study.reader import parse_study
from relapse_model.study.study import Study

if TYPE_CHECKING:
    from relapse_model.validation.performance_measures import Performance

TOLERANCE = 1e-9  # of the risks of the made-up patients
_MOST_PROBES = 100


def save_model(model: TrainedModel, path: str | Path, card: str = "", performance: Performance | None = None) -> None:
    """Write a model to one file, in one step: a crash leaves the old file or the new one.

    Parameters
    ----------
    model : TrainedModel
    path : str or Path
    card : str
        The model card to keep inside, such as `relapse_model.report.model_card.model_card` writes.
    performance : Performance, optional
        How the model is known to perform, to keep inside.

    Raises
    ------
    RelapseModelError
        If the study is not the one its text says, or the card is longer than 1 MiB.
    """
    from relapse_model.model.file.contents import coefficient_values, predictor_values
    from relapse_model.study.several_landmarks import landmarks_beside_text

    weeks = landmarks_beside_text(model.study)
    if len(card.encode()) > LARGEST_CARD:
        raise RelapseModelError(f"card: {len(card.encode())} bytes; expected a page of text, at most 1 MiB.")
    parts = {f"{CLASSIFIER}{name}": content for name, content in model.classifier.to_parts().items()}
    parts |= {STUDY: model.study.text.encode("utf-8"), DICTIONARY: _json(predictor_values(model))}
    coefficients = coefficient_values(model)
    parts |= {} if coefficients is None else {COEFFICIENTS: _json(coefficients)}
    parts |= {CARD: card.encode()} if card else {}
    manifest = {
        "kind": KIND,
        "format": FORMAT,
        "study": model.study.name,
        "classifier": model.classifier_name,
        "landmark_week": model.landmark_week,
        **({} if weeks is None else {WEEKS: list(weeks)}),
        **({DISCLOSURE: COARSE} if is_coarse(model.summary) else {}),
        "columns": list(design(model.study).names),
        "research_use_only": True,
        "summary": model.summary,
        "validation": None if performance is None else replace(performance, within_levels={}).to_dict(),
        "probe": _probe(model),
        "parts": {name: digest(content) for name, content in sorted(parts.items())},
    }
    check_summary(manifest, model.study, "the model")  # never write what would be refused
    write_bytes(pack({MANIFEST: _json(manifest), **dict(sorted(parts.items()))}), Path(path))


def read_model(
    path: str | Path, kind: type[Model], accept_changed_risks: bool = False, signed_by: str | Path | None = None
) -> Model:
    """Open a model file after auditing it, as the kind of model that is asked for; see `load_model`."""
    name = Path(path).name
    parts = unpack(read_file(path, name), name)
    manifest = read_manifest(parts, name)
    check_parts(parts, manifest, name)
    _check_signed(parts, name, signed_by)
    study = _study(parts, manifest, name)
    check_summary(manifest, study, name)
    classifier = _classifier(parts, manifest["classifier"], len(design(study).names), name)
    summary = manifest["summary"]
    kept = _performance(manifest, name)
    model = kind(study, float(manifest["landmark_week"]), manifest["classifier"], classifier, summary, kept)
    apart = _probe_apart(model, manifest, name)
    if apart > TOLERANCE and not accept_changed_risks:
        raise ModelFileError(
            f"{name}: its own made-up patients get risks up to {apart:.2g} away from those it was saved with; "
            f"expected at most {TOLERANCE:g}. Packages when it was written: {summary.get('packages')}. "
            "Install those versions, train the model again, or, if you can do with risks that differ so much, "
            "load_model(..., accept_changed_risks=True)."
        )
    if {DICTIONARY, COEFFICIENTS} & set(parts):  # not in files of format 1
        from relapse_model.model.file.contents import check_descriptions

        check_descriptions(parts, model, name)
    return model if apart <= TOLERANCE else replace(model, summary=summary | {"accepted_risk_change": apart})


def read_performance(path: str | Path) -> Performance | None:
    """Return the performance that a model file keeps, which is for people; None where it keeps none.

    Parameters
    ----------
    path : str or Path
        Of a file that `read_model` has opened.

    Raises
    ------
    ModelFileError
        If it is not what this library writes.
    """
    name = Path(path).name
    return _performance(read_manifest(unpack(read_file(path, name), name), name), name)


def _performance(manifest: dict[str, Any], name: str) -> Performance | None:
    values = manifest.get("validation")
    if values is None:
        return None
    from relapse_model.validation.estimate import Estimate
    from relapse_model.validation.performance_measures import Performance

    try:
        measures = {
            key: Estimate(**one) if isinstance(one, dict) else float(one) for key, one in values["measures"].items()
        }
        return Performance(**{**values, "measures": measures, "refused": dict(values["refused"])})
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ModelFileError(
            f"{name}: the validated figures in it are not what this library writes; get the file from its source."
        ) from None


def _check_signed(parts: dict[str, bytes], name: str, signed_by: str | Path | None) -> None:
    if signature_matters(SIGNATURE in parts, signed_by):
        from relapse_model.model.file.signature import check_signatures

        check_signatures(parts, name, signed_by)


def _study(parts: dict[str, bytes], manifest: dict[str, Any], name: str) -> Study:
    """Read the study, written out in full; of a model of several landmarks, at the weeks that the manifest says.

    Files of earlier versions have no such weeks: there they stand in the study's text.
    """
    try:
        written = utf8_text(parts[STUDY], name)
        study = parse_study(written, f"{name}, {STUDY}")
        stacked = study if WEEKS not in manifest else _at_landmarks(study, manifest[WEEKS])
    except ModelFileError:
        raise
    except (RelapseModelError, RecursionError, ValueError) as error:
        raise ModelFileError(f"{name}: {STUDY} is not a study that this version reads: {error}") from None
    if study.text != written:
        raise ModelFileError(
            f"{name}: {STUDY} extends another study, or has shorthands; expected a study written out in full, as this "
            "library writes it. Get the file again from whoever trained it."
        )
    return stacked


def _at_landmarks(study: Study, weeks: list[float]) -> Study:
    from relapse_model.study.several_landmarks import stacked_study

    return stacked_study(study, weeks)


def _classifier(parts: dict[str, bytes], kind: str, columns: int, name: str) -> Classifier:
    """Build the classifier, after its parts have been audited; whatever a crafted one provokes, it is refused."""
    own = {part.removeprefix(CLASSIFIER): data for part, data in parts.items() if part.startswith(CLASSIFIER)}
    try:
        audit_parts(own, columns)
        return load_classifier(kind, own)
    except ModelFileError as error:
        raise ModelFileError(f"{name}: {error}") from None
    except Exception as error:
        raise ModelFileError(
            f"{name}: the classifier cannot be built ({type(error).__name__}: {error}). The file was not written by "
            "this library, or by another version of it: get it again from whoever trained it."
        ) from error


def _probe(model: TrainedModel) -> dict[str, Any]:
    """Make up patients, from nothing but a seed and the central ranges, and note their risks."""
    codes = probe_codes(model.study, model.summary)
    matrix = matrix_of_codes(codes, model.study)
    rows = [[None if np.isnan(value) else float(value) for value in row] for row in codes]
    return {"patients": rows, "risk": [float(risk) for risk in model.classifier.predict_proba(matrix)[:, 1]]}


def probe_codes(study: Study, summary: dict[str, Any], patients: int = 8) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return made-up patients in the codes of the design; the last lacks every predictor that may be missing."""
    random = np.random.default_rng(0)
    columns = []
    for predictor in study.predictors:
        training = summary["predictors"][predictor.name]
        if predictor.levels:
            columns.append(random.integers(0, len(predictor.levels), patients).astype(float))
        else:
            low, high = (0.0, 1.0) if training.get("p05") is None else (training["p05"], training["p95"])
            columns.append(np.round(random.uniform(low, high, patients), 3))
    codes = np.column_stack(columns)
    codes[-1, ::2] = np.nan
    return codes


def _probe_apart(model: TrainedModel, manifest: dict[str, Any], name: str) -> float:
    """Return how far the risks of the made-up patients are from those that were stored."""
    try:
        probe = manifest["probe"]
        if not 1 <= len(probe["patients"]) <= _MOST_PROBES:
            raise ValueError(f"expected 1 to {_MOST_PROBES} of them")
        codes = np.array(probe["patients"], dtype=float)
        expected = np.array(probe["risk"], dtype=float)
        found = model.classifier.predict_proba(matrix_of_codes(codes, model.study))[:, 1]
        apart = float(np.max(np.abs(found - expected))) if expected.shape == found.shape else np.nan
        why = "numbers of another shape"
    except Exception as error:  # the stored patients are no such thing, or the packages here cannot score them
        apart, why = np.nan, f"{type(error).__name__}: {error}"
    if not np.isfinite(apart):
        raise ModelFileError(
            f"{name}: the manifest's made-up patients do not fit the model ({why}). Packages when it was written: "
            f"{manifest['summary'].get('packages')}. Install those versions, or get the file again from its source."
        )
    return apart


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False).encode("utf-8")
