"""The manifest of a model file: what it must say, and that every part is the one it lists."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from relapse_model.classifiers.known import KNOWN
from relapse_model.classifiers.shared.saved_parts import is_number
from relapse_model.comparisons import before
from relapse_model.errors import ModelFileError
from relapse_model.features.design import design
from relapse_model.files import strict_json
from relapse_model.model.file.summary_values import COARSE, ascend, is_coarse, wrong_entries
from relapse_model.study.study import Study

FORMAT = 2
READ = (1, 2)  # 1: without dictionary, coefficients, card and signature
KIND = "relapse-model"
MANIFEST, STUDY, SIGNATURE, CLASSIFIER = "manifest.json", "study.toml", "signature.json", "classifier/"
DISCLOSURE = "disclosure"  # only of a file that tells its cohort coarsely: small-counts
WEEKS = "landmark_weeks"  # of a model of several landmarks, beside its study; earlier files have them in the study
DICTIONARY, COEFFICIENTS, CARD = "dictionary.json", "coefficients.json", "card.md"
_DESCRIPTIONS = (DICTIONARY, COEFFICIENTS, CARD)
_MOST_BYTES = 4 * 2**20
LARGEST_CARD = 2**20
_CENTURY = 5200  # weeks, as the data contract has it
_OBTAIN = "get it again from whoever trained it."


def digest(content: bytes) -> dict[str, Any]:
    """Return the sha256 and the size of a part."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def read_manifest(parts: Mapping[str, bytes], name: str) -> dict[str, Any]:
    """Return the manifest, once it is found to be of a format this version reads.

    Parameters
    ----------
    parts : Mapping of str to bytes
    name : str
        Name of the file, for messages.

    Raises
    ------
    ModelFileError
    """
    if MANIFEST not in parts:
        raise ModelFileError(f"{name}: no {MANIFEST}; not a model file of this library.")
    if len(parts[MANIFEST]) > _MOST_BYTES:
        raise ModelFileError(f"{name}: {MANIFEST} is larger than {_MOST_BYTES >> 20} MiB; no model's is.")
    manifest = _strict(parts, MANIFEST, name)
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise ModelFileError(f"{name}: the manifest is not that of a model of this library.")
    came = manifest.get("format")
    if came not in READ or not isinstance(came, int) or isinstance(came, bool):
        raise ModelFileError(
            f"{name}: format {str(came)[:20]}; this version reads formats {' and '.join(map(str, READ))}. "
            "Use the version of the library that wrote it, or a newer one."
        )
    if manifest.get("classifier") not in KNOWN or not isinstance(manifest.get("summary"), dict):
        raise ModelFileError(f"{name}: the manifest names no classifier of this library, or has no summary.")
    if not is_number(manifest.get("landmark_week")):
        raise ModelFileError(f"{name}: the manifest has no landmark_week.")
    weeks = manifest.get(WEEKS, [0, 1])
    if not isinstance(weeks, list) or len(weeks) < 2 or not ascend(weeks):
        raise ModelFileError(f"{name}: the manifest's {WEEKS!r} are not two or more weeks that ascend; {_OBTAIN}")
    return manifest


def check_parts(parts: Mapping[str, bytes], manifest: Mapping[str, Any], name: str) -> None:
    """Compare every part with its checksum, and its name with what a file of this format holds.

    Parameters
    ----------
    parts : Mapping of str to bytes
    manifest : Mapping
    name : str
        Name of the file, for messages.

    Raises
    ------
    ModelFileError
        For a part that is missing, changed, not listed, or no part of a model.
    """
    listed = manifest.get("parts")
    if not isinstance(listed, dict) or STUDY not in listed:
        raise ModelFileError(f"{name}: the manifest lists no parts.")
    apart = {MANIFEST, SIGNATURE} if manifest["format"] >= FORMAT else {MANIFEST}
    found = set(parts) - apart
    if found != set(listed):
        raise ModelFileError(
            f"{name}: parts missing: {sorted(set(listed) - found)}; parts not listed: {len(found - set(listed))}. "
            f"The file was changed or cut short: {_OBTAIN}"
        )
    for part in sorted(found):
        if digest(parts[part]) != listed[part]:
            raise ModelFileError(
                f"{name}: {part} is not what was saved (its sha256 differs). The file was changed or damaged: {_OBTAIN}"
            )
    descriptions = _DESCRIPTIONS if manifest["format"] >= FORMAT else ()
    strange = [part for part in found if part not in (STUDY, *descriptions) and not part.startswith(CLASSIFIER)]
    if strange:
        raise ModelFileError(f"{name}: {sorted(strange)} are no parts of a model of this format; {_OBTAIN}")
    _check_descriptions(parts, manifest, name)


def check_summary(manifest: Mapping[str, Any], study: Study, name: str) -> None:
    """Refuse what scoring could not use: other columns than the study's, counts that are none, predictors untold.

    Every predictor of the study must have its range, or its levels.

    Parameters
    ----------
    manifest : Mapping
    study : Study
        The one in the file.
    name : str
        Name of the file, for messages.

    Raises
    ------
    ModelFileError
        Naming the entry.
    """
    summary, several = manifest["summary"], manifest["summary"].get("by_landmark")
    wrong = wrong_entries(summary, study)
    week, weeks = float(manifest["landmark_week"]), list(study.prediction.landmark_weeks)
    known = weeks if several is None else [one["week"] for one in several] if "by_landmark" not in wrong else []
    right = {
        "columns": manifest["format"] < FORMAT or manifest.get("columns") == list(design(study).names),
        "study": manifest.get("study") == study.name,
        DISCLOSURE: manifest.get(DISCLOSURE) == (COARSE if is_coarse(summary) else None),
        "research_use_only": manifest.get("research_use_only") is True,
        "validation": isinstance(manifest.get("validation"), dict | None),
        # One model for several landmarks is of those of its study; of a single one, any before the horizon.
        "landmark_week": week >= -_CENTURY
        and before(week, study.prediction.horizon_weeks)
        and (several is None or "by_landmark" in wrong or known[:1] == [week]),
        "by_landmark": several is None or known == weeks,
    }
    wrong = [key for key, good in right.items() if not good and key not in wrong] + wrong
    if wrong:
        raise ModelFileError(
            f"{name}: the manifest's {', '.join(map(repr, wrong))} are not what training writes for its "
            f"study; {_OBTAIN}"
        )


def _check_descriptions(parts: Mapping[str, bytes], manifest: Mapping[str, Any], name: str) -> None:
    """Check what is there to be read by people: present, strict, and text."""
    if manifest["format"] >= FORMAT and DICTIONARY not in parts:
        raise ModelFileError(f"{name}: parts missing: [{DICTIONARY!r}]. The file was cut short: {_OBTAIN}")
    for part, form in ((DICTIONARY, list), (COEFFICIENTS, dict), (SIGNATURE, dict)):
        if part in parts and not isinstance(_strict(parts, part, name), form):
            raise ModelFileError(f"{name}: {part} is not what training writes; {_OBTAIN}")
    if len(parts.get(CARD, b"")) > LARGEST_CARD:
        raise ModelFileError(f"{name}: {CARD} is larger than {LARGEST_CARD >> 20} MiB; no model's is.")
    for part in (STUDY, CARD):
        utf8_text(parts.get(part, b""), name)


def utf8_text(content: bytes, name: str) -> str:
    """Return a part as text, or refuse it."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ModelFileError(f"{name}: a text part is not UTF-8.") from None


def _strict(parts: Mapping[str, bytes], part: str, name: str) -> object:
    try:
        return strict_json(parts[part], part, finite=True)
    except ModelFileError as error:
        raise ModelFileError(f"{name}: {error}") from None
