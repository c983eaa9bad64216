"""A prior-informed logistic regression as a model file holds it: it scores with numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from relapse_model.arrays import LARGEST_VALUE, Floats
from relapse_model.classifiers.prior.logistic_mixture import coefficient_moments, mixture_interval, mixture_risk
from relapse_model.classifiers.prior.logistic_mixture_values import FORM, PART, mixture_from
from relapse_model.classifiers.prior.mixture_forms import LogisticMixture
from relapse_model.classifiers.prior.settings import read_settings
from relapse_model.classifiers.prior.terms import form_count
from relapse_model.classifiers.shared.saved_parts import Document, read_document, read_identity
from relapse_model.errors import RelapseModelError

if TYPE_CHECKING:
    from relapse_model.classifiers.prior.centre_intercepts import CentreIntercepts
    from relapse_model.classifiers.prior.logistic import PriorLogisticClassifier


_ASKED_BY_SKLEARN = "__sklearn_"


class LoadedPrior:
    """The posterior of a saved `PriorLogisticClassifier`, which becomes the whole classifier when more is asked of it.

    Scoring needs the posterior only, and takes a tenth of the time that scikit-learn takes to be imported. Whatever
    is not an ordinary matrix, and every attribute beyond the risks, is answered by the whole classifier, built from
    the same parts when it is first needed.

    Parameters
    ----------
    parts : Mapping of str to bytes
        As ``PriorLogisticClassifier.to_parts`` gave them.
    mixture : LogisticMixture
        Read from them, and checked.
    prior : (ndarray, ndarray)
        Mean and standard deviation of each column's prior.
    centres : CentreIntercepts, optional
        What is known of single centres.
    centre : str, optional
        The one of whose patients the posterior speaks.

    Examples
    --------
    >>> from relapse_model.classifiers import PriorLogisticClassifier
    >>> X = np.random.default_rng(0).normal(size=(132, 2))
    >>> fitted = PriorLogisticClassifier().fit(X, (X[:, 0] > 0).astype(float))
    >>> loaded = load_prior(fitted.to_parts())
    >>> bool(np.array_equal(loaded.predict_proba(X), fitted.predict_proba(X)))
    True
    """

    def __init__(
        self,
        parts: Mapping[str, bytes],
        mixture: LogisticMixture,
        prior: tuple[Floats, Floats],
        centres: CentreIntercepts | None = None,
        centre: str | None = None,
    ):
        self._parts = dict(parts)
        self._mixture, self._centre = mixture, centre
        self.centres_ = centres
        # What a file tells people of the posterior, for which the whole classifier is not needed.
        self.components_ = mixture
        self.impute_, self.center_, self.scale_ = mixture.impute, mixture.center, mixture.scale
        self.indicators_ = mixture.indicators
        self.prior_mean_, self.prior_sd_ = prior
        self.coef_mean_, self.coef_sd_ = coefficient_moments(mixture)
        self._built: PriorLogisticClassifier | None = None

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        centre: ArrayLike | None = None,
    ) -> PriorLogisticClassifier:
        """Return a new classifier of the same settings, fitted to these rows; the loaded one stays as it is."""
        from sklearn.base import clone

        unfitted: PriorLogisticClassifier = clone(self.full())
        return unfitted.fit(X, y, sample_weight=sample_weight, groups=groups, centre=centre)

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the posterior mean probabilities of no event and of the event, shape (n, 2)."""
        return mixture_risk(self._mixture, X) if self._is_ordinary(X) else self.full().predict_proba(X)

    def predict_log_odds(self, X: ArrayLike) -> Floats:
        """Return the log-odds of the posterior mean risk; always finite. Shape (n,)."""
        risk = np.log(np.maximum(self.predict_proba(X), np.finfo(np.float64).tiny))
        return risk[:, 1] - risk[:, 0]

    def predict_interval(self, X: ArrayLike, level: float = 0.9) -> Floats:
        """Return the central credible interval of each row's risk, shape (n, 2)."""
        if self._is_ordinary(X):
            return mixture_interval(self._mixture, X, level)
        return self.full().predict_interval(X, level)

    def at_centre(self, label: str) -> LoadedPrior:
        """Return the classifier for patients of a known centre, as `PriorLogisticClassifier` does."""
        if self.centres_ is None or label not in self.centres_.labels:
            raise RelapseModelError("at_centre: not a centre that this classifier knows; expected one of its labels.")
        there = self.centres_.mixture_at(self._mixture, label)
        return LoadedPrior(self._parts, there, (self.prior_mean_, self.prior_sd_), centre=label)

    @property
    def mixture(self) -> LogisticMixture:
        """Return the posterior."""
        return self._mixture

    def to_parts(self) -> dict[str, bytes]:
        """Return the parts it was loaded from."""
        return dict(self._parts)

    def full(self) -> PriorLogisticClassifier:
        """Return the whole classifier; scikit-learn is imported the first time.

        Raises
        ------
        ModelFileError
            If what scoring does not need is not what the classifier writes.
        """
        if self._built is None:
            from relapse_model.classifiers.prior.logistic import PriorLogisticClassifier

            whole = PriorLogisticClassifier.from_parts(self._parts)
            self._built = whole if self._centre is None else whole.at_centre(self._centre)
        return self._built

    def __repr__(self) -> str:
        """Return what it is, without building the whole."""
        components, columns = self._mixture.coef.shape
        return f"LoadedPrior({components} components, {columns} columns)"

    def __getattr__(self, name: str) -> Any:
        # Copying and pickling ask for names of their own, before there is anything to build from.
        if name.startswith("_") and not name.startswith(_ASKED_BY_SKLEARN):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.full(), name)

    def _is_ordinary(self, X: ArrayLike) -> bool:
        """Tell whether the gate of the whole classifier would let the rows through as they are."""
        return (
            type(X) is np.ndarray
            and X.dtype == np.float64
            and X.ndim == 2
            and X.shape[1] == self._mixture.columns
            and len(X) > 0
            and max(np.fmax.reduce(X, axis=None), -np.fmin.reduce(X, axis=None)) <= LARGEST_VALUE
        )


def load_prior(parts: Mapping[str, bytes]) -> LoadedPrior | PriorLogisticClassifier:
    """Return the classifier of these parts: light where it is such as the library trains, else whole.

    Parameters
    ----------
    parts : Mapping of str to bytes

    Raises
    ------
    ModelFileError
        If the part is missing, or what it says of the posterior or the settings is not what the classifier writes.
    """
    document = read_document(parts, PART, FORM)
    mixture = mixture_from(document)
    read_settings(document, mixture.columns, len(mixture.terms), form_count(mixture.terms))
    prior = _training(document, mixture)
    classes, _, names = read_identity(document)
    loaded = LoadedPrior({PART: parts[PART]}, mixture, prior, _centres(document, mixture))
    return loaded if classes.tolist() == [0.0, 1.0] and names is None else loaded.full()


def _centres(document: Document, mixture: LogisticMixture) -> CentreIntercepts | None:
    """Return the centres of the part; most models know none, and need none of this."""
    if document.values.get("centres") is None:
        return None
    from relapse_model.classifiers.prior.centre_values import centres_from

    return centres_from(document, mixture)


def full_classifier(classifier: Any) -> Any:
    """Return the classifier itself of one that was loaded lightly; any other as it is."""
    return classifier.full() if isinstance(classifier, LoadedPrior) else classifier


def _training(document: Document, mixture: LogisticMixture) -> tuple[Floats, Floats]:
    """Return the prior of each column; what scoring does not need is checked all the same: a file may not lie of it."""
    columns = len(mixture.scale)
    document.array("log_evidence", mixture.weight.shape)
    return document.array("prior_mean", (columns,)), document.array("prior_sd", (columns,))
