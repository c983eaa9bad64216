"""The model file: a zip of JSON, XGBoost's binary JSON and audited skops parts. Opening it runs no code.

Layout, format 1: ``manifest.json`` (format number, names, versions, training summary, sha256 and size of every
part, made-up patients with the risks they must get), ``study.toml`` (the study as it was) and the parts of
the classifier under ``classifier/``. Everything is checked against the manifest before any part is looked into.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from relapse_model.candidates import KNOWN, load_classifier
from relapse_model.cohort import write_bytes
from relapse_model.errors import ModelFileError, RelapseModelError
from relapse_model.features.design import matrix_of_codes
from relapse_model.model import RelapseModel
from relapse_model.study import Study
from relapse_model.study_file import parse_study

FORMAT = 1
KIND = "relapse-model"
MOST_BYTES = 64 * 2**20
MOST_PARTS = 300
MOST_RATIO = 200  # uncompressed to compressed: JSON of numbers stays far below
_TOLERANCE = 1e-9
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same model is the same file, byte for byte


def save_model(model: RelapseModel, path: str | Path) -> None:
    """Write a model to one file, in one step: a crash leaves the old file or the new one.

    Parameters
    ----------
    model : RelapseModel
    path : str or Path
    """
    if parse_study(model.study.text, model.study.name) != model.study:
        raise RelapseModelError(
            f"study {model.study.name!r} was changed after it was read, and a model file carries its text. "
            "Change the text instead, and load it with load_study."
        )
    parts = {f"classifier/{name}": content for name, content in model.classifier.to_parts().items()}
    parts["study.toml"] = model.study.text.encode("utf-8")
    manifest = {
        "kind": KIND,
        "format": FORMAT,
        "study": model.study.name,
        "classifier": model.classifier_name,
        "landmark_week": model.landmark_week,
        "research_use_only": True,
        "summary": model.summary,
        "probe": _probe(model),
        "parts": {name: _digest(content) for name, content in sorted(parts.items())},
    }
    parts["manifest.json"] = _json(manifest)
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(_zip(parts), target)


def load_model(path: str | Path) -> RelapseModel:
    """Open a model file after auditing it; nothing in it is run, and nothing is built before the audit.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    RelapseModel

    Raises
    ------
    ModelFileError
        If the file is not a model, was changed, is of another format, is too large, or gives its own made-up
        patients other risks here than where it was written.

    Examples
    --------
    >>> import relapse_model as rm
    >>> rm.load_model("models/hbsag_relapse.rmodel")  # doctest: +SKIP
    RelapseModel(HBsAg relapse by week 48, ...)
    """
    name = Path(path).name
    parts = _read_parts(path, name)
    manifest = _manifest(parts, name)
    _check_parts(parts, manifest, name)
    study = parse_study(_text(parts["study.toml"], name), f"{name}, study.toml")
    prefix = "classifier/"
    own = {key.removeprefix(prefix): value for key, value in parts.items() if key.startswith(prefix)}
    try:
        classifier = load_classifier(manifest["classifier"], own)
    except ModelFileError as error:
        raise ModelFileError(f"{name}: {error}") from None
    model = RelapseModel(
        study, float(manifest["landmark_week"]), manifest["classifier"], classifier, manifest["summary"]
    )
    _check_probe(model, manifest, name)
    return model


def _probe(model: RelapseModel) -> dict[str, Any]:
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
        told = summary["predictors"][predictor.name]
        if predictor.levels:
            columns.append(random.integers(0, len(predictor.levels), patients).astype(float))
        else:
            low, high = (0.0, 1.0) if told.get("p05") is None else (told["p05"], told["p95"])
            columns.append(np.round(random.uniform(low, high, patients), 3))
    codes = np.column_stack(columns)
    codes[-1, ::2] = np.nan
    return codes


def _check_probe(model: RelapseModel, manifest: dict[str, Any], name: str) -> None:
    try:
        probe = manifest["probe"]
        codes = np.array(probe["patients"], dtype=float)
        expected = np.array(probe["risk"], dtype=float)
        found = model.classifier.predict_proba(matrix_of_codes(codes, model.study))[:, 1]
        apart = float(np.max(np.abs(found - expected)))
    except (KeyError, TypeError, ValueError, IndexError):
        raise ModelFileError(f"{name}: the manifest's made-up patients do not fit the model.") from None
    if not apart <= _TOLERANCE:
        raise ModelFileError(
            f"{name}: its own made-up patients get risks up to {apart:.2g} away from those it was saved with; "
            f"expected at most {_TOLERANCE:g}. Packages when it was written: {manifest['summary'].get('packages')}. "
            "Install those versions, or train the model anew."
        )


def _digest(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False).encode("utf-8")


def _zip(parts: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("manifest.json", *sorted(set(parts) - {"manifest.json"})):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, parts[name])
    return buffer.getvalue()


def _read_parts(path: str | Path, name: str) -> dict[str, bytes]:
    try:
        content = Path(path).read_bytes() if Path(path).stat().st_size <= MOST_BYTES else None
    except OSError as error:
        raise ModelFileError(f"{name}: cannot be read ({error.strerror}); expected a model file.") from None
    if content is None:
        raise ModelFileError(f"{name}: larger than {MOST_BYTES >> 20} MiB; no model of this library is.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_entries(archive.infolist(), name)
            return {entry.filename: archive.read(entry) for entry in archive.infolist()}
    except ModelFileError:
        raise
    except Exception as error:  # whatever a crafted archive provokes, it is no model file
        raise ModelFileError(
            f"{name}: not a model file of this library ({type(error).__name__}). "
            "Pickle and joblib files are never opened: they can run code."
        ) from None


def _check_entries(entries: list[zipfile.ZipInfo], name: str) -> None:
    """Refuse what no writer of ours makes, before anything is unpacked."""
    names = [entry.filename for entry in entries]
    if len(names) > MOST_PARTS or len(set(names)) < len(names):
        raise ModelFileError(f"{name}: {len(names)} entries, or one twice; expected at most {MOST_PARTS}, each once.")
    for entry in entries:
        if entry.filename.startswith("/") or ".." in entry.filename.split("/") or "\\" in entry.filename:
            raise ModelFileError(f"{name}: an entry points outside the archive.")
        if entry.file_size > MOST_RATIO * max(entry.compress_size, 1) + 4096:
            raise ModelFileError(f"{name}: an entry unpacks to over {MOST_RATIO} times its size.")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise ModelFileError(f"{name}: unpacks to more than {MOST_BYTES >> 20} MiB.")


def _manifest(parts: dict[str, bytes], name: str) -> dict[str, Any]:
    if "manifest.json" not in parts:
        raise ModelFileError(f"{name}: no manifest.json; not a model file of this library.")
    try:
        manifest = json.loads(_text(parts["manifest.json"], name))
    except (ValueError, RecursionError):
        raise ModelFileError(f"{name}: manifest.json is not JSON.") from None
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise ModelFileError(f"{name}: the manifest is not that of a model of this library.")
    if manifest.get("format") != FORMAT:
        raise ModelFileError(
            f"{name}: format {str(manifest.get('format'))[:20]}; this version reads format {FORMAT}. "
            "Use the version of the library that wrote it, or a newer one."
        )
    if manifest.get("classifier") not in KNOWN or not isinstance(manifest.get("summary"), dict):
        raise ModelFileError(f"{name}: the manifest names no classifier of this library, or has no summary.")
    if not isinstance(manifest.get("landmark_week"), int | float):
        raise ModelFileError(f"{name}: the manifest has no landmark_week.")
    return manifest


def _check_parts(parts: dict[str, bytes], manifest: dict[str, Any], name: str) -> None:
    """Compare every part with its checksum: none missing, none extra, none changed."""
    listed = manifest.get("parts")
    if not isinstance(listed, dict) or "study.toml" not in listed:
        raise ModelFileError(f"{name}: the manifest lists no parts.")
    found = set(parts) - {"manifest.json"}
    if found != set(listed):
        raise ModelFileError(
            f"{name}: parts missing: {sorted(set(listed) - found)}; parts not listed: {len(found - set(listed))}. "
            "The file was changed or cut short: get it again from whoever trained it."
        )
    for part in sorted(found):
        if _digest(parts[part]) != listed[part]:
            raise ModelFileError(
                f"{name}: {part} is not what was saved (its sha256 differs). "
                "The file was changed or damaged: get it again from whoever trained it."
            )


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ModelFileError(f"{name}: a text part is not UTF-8.") from None
