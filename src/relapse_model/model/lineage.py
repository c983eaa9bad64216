"""What a model records of the model it was made from."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from relapse_model.model.trained import TrainedModel


def parent_summary(earlier: TrainedModel) -> dict[str, Any]:
    """Return what a model keeps of the one it started from: counts, and a checksum of its classifier."""
    digest = hashlib.sha256()
    for name, content in sorted(earlier.classifier.to_parts().items()):
        digest.update(name.encode() + content)
    kept = ("patients", "events", "synthetic")
    where_told = (
        "seed",
        "fingerprint",
        "disclosure",
    )  # a file that left the hospital tells no seed, and no fingerprint
    return {
        "study": earlier.study.name,
        "landmark_week": earlier.landmark_week,
        "classifier": earlier.classifier_name,
        **({} if "disclosure" in earlier.summary else {"sha256": digest.hexdigest()}),
        **{name: earlier.summary[name] for name in kept},
        **{name: earlier.summary[name] for name in where_told if name in earlier.summary},
    }
