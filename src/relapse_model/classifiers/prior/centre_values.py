"""The intercepts of centres as JSON values and back: numpy only, so that a scorer needs no scikit-learn."""

from __future__ import annotations

import numpy as np

from relapse_model.classifiers.prior.centre_intercepts import FEWEST_CENTRES, MOST_CENTRES, CentreIntercepts
from relapse_model.classifiers.prior.mixture_forms import LogisticMixture
from relapse_model.classifiers.shared.saved_parts import Document, check_covariance

_LARGEST = 1e9  # log-odds: no posterior comes near it
_MOST_SDS = 100


def centre_values(centres: CentreIntercepts | None) -> dict[str, object]:
    """Return the centres as values for a JSON part; none leave no trace."""
    if centres is None:
        return {}
    return {"centres": {name: getattr(centres, name) for name in CentreIntercepts.__slots__}}


def centres_from(document: Document, mixture: LogisticMixture) -> CentreIntercepts | None:
    """Return the centres that stand in a JSON part, or refuse them; a part without them has none.

    Parameters
    ----------
    document : Document
    mixture : LogisticMixture
        Read from the same part.

    Raises
    ------
    ModelFileError
    """
    values = document.values.get("centres")
    if values is None:
        return None
    if not isinstance(values, dict):
        document.refuse("centres", "an object")
    part = Document(f"{document.name}, centres", values)
    labels = part.items("labels")
    texts = [label for label in labels if isinstance(label, str) and label]
    if texts != labels or texts != sorted(set(texts)) or not FEWEST_CENTRES <= len(texts) <= MOST_CENTRES:
        part.refuse("labels", f"{FEWEST_CENTRES} to {MOST_CENTRES} names, sorted, each once")
    components, size = mixture.covariance.shape[:2]
    tried = len(part.items("sd_weight"))
    if not 1 <= tried <= _MOST_SDS:
        part.refuse("sd_weight", f"1 to {_MOST_SDS} weights")
    centres = CentreIntercepts(
        tuple(texts),
        part.array("spread", (components,)),
        part.array("mean", (components, len(texts))),
        part.array("variance", (components, len(texts))),
        part.array("cross", (components, len(texts), size)),
        part.array("sd_weight", (tried,)),
    )
    _check(part, centres, mixture)
    return centres


def _check(part: Document, centres: CentreIntercepts, mixture: LogisticMixture) -> None:
    if not ((centres.spread >= 0) & (centres.spread <= _LARGEST)).all():
        part.refuse("spread", "variances of 0 or more")
    if np.abs(centres.mean).max() > _LARGEST:
        part.refuse("mean", f"log-odds within {_LARGEST:g}")
    if not (centres.sd_weight >= 0).all() or abs(centres.sd_weight.sum() - 1.0) > 1e-9:
        part.refuse("sd_weight", "weights of 0 or more that sum to 1")
    for label in centres.labels:
        check_covariance(part, "cross", centres.mixture_at(mixture, label).covariance)
