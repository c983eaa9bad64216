"""The mean of several classifiers on the log-odds scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone
from sklearn.utils.metaestimators import available_if

from relapse_model.arrays import Floats
from relapse_model.classifiers.combined.members import (
    SINGLE,
    check_kind,
    fit_member,
    limits_as_log_odds,
    member_parts,
    out_of_fold_log_odds,
    read_member,
)
from relapse_model.classifiers.shared.base import RiskClassifier
from relapse_model.classifiers.shared.folds import counted
from relapse_model.classifiers.shared.risks import sigmoid, tail_levels
from relapse_model.classifiers.shared.saved_parts import Document, read_document, write_document
from relapse_model.errors import RelapseModelError

_FORM, _PART, _MEMBER = "relapse-model average", "averaged.json", "member_{}"
_MOST_MEMBERS = 20
_BOOSTED = "BoostedTreesClassifier"


class AveragedClassifier(RiskClassifier):
    """Mean log-odds of classifiers that err differently, such as a prior-informed logistic and boosted trees.

    Assumes what its members assume. The weights are given, not learned: 20 events cannot tell them apart. The
    mean is less extreme than a confident member, and seldom much worse than the best one.

    Limits of intervals are the weighted means of the members' limits, on the log-odds scale. That is right if all
    members err in the same direction at once, and too wide as far as their errors cancel; it holds nothing of what the
    members have wrong in common. Trees that start from the first member start from its limits.

    Parameters
    ----------
    members : sequence of RiskClassifier
        Two or more classifiers of this package, not fitted; copies of them are.
    weights : sequence of float, optional
        Weight of each member; equal by default. Only their ratios count.
    boost_from_first : bool, default=False
        Whether boosted trees start from the log-odds of the first member, and so correct it, in place of
        starting from the mean risk.
    folds : int, default=5
        Folds in which the first member is held out, for the trees to start from.
    seed : int, default=0
        Seed of these folds.

    Attributes
    ----------
    members_ : list of RiskClassifier
        The fitted copies.
    weights_ : ndarray of shape (n_members,)
        Weights; they sum to 1.
    classes_, n_features_in_
        As in scikit-learn; the risk is that of ``classes_[1]``.

    Examples
    --------
    >>> from relapse_model.classifiers import ElasticNetLogisticClassifier, PriorLogisticClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(132, 2))
    >>> y = rng.random(132) < 1 / (1 + np.exp(2 - X[:, 0]))
    >>> model = AveragedClassifier([PriorLogisticClassifier(), ElasticNetLogisticClassifier()]).fit(X, y)
    >>> both = [member.predict_log_odds(X) for member in model.members_]
    >>> bool(np.allclose(model.predict_log_odds(X), (both[0] + both[1]) / 2))
    True
    """

    def __init__(
        self,
        members: Sequence[RiskClassifier] = (),
        weights: Sequence[float] | None = None,
        boost_from_first: bool = False,
        folds: int = 5,
        seed: int = 0,
    ):
        self.members = members
        self.weights = weights
        self.boost_from_first = boost_from_first
        self.folds = folds
        self.seed = seed

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        rows = self._training_rows(X, y, sample_weight)
        weights = self._check_settings()
        group = None if groups is None else counted(groups, "groups", sample_weight, len(np.asarray(y)))
        margin = {}
        if self.boost_from_first:
            # Log-odds of rows that the first member has seen fit their outcomes too well: the trees would learn
            # that hardly anything is left to correct. Held out, they are as good as they will be on new rows.
            held_out = out_of_fold_log_odds(self.members[0], rows, self.folds, self.seed, group)
            margin = {"base_margin": held_out}
        self.members_ = [
            fit_member(member, rows, group, **(margin if self._starts_from_first(place) else {}))
            for place, member in enumerate(self.members)
        ]
        self.weights_ = weights
        return self

    def predict_log_odds(self, X: ArrayLike) -> Floats:
        return self._mean_log_odds(self._new_rows(X))

    def predict_interval(self, X: ArrayLike, level: float = 0.9) -> Floats:
        tail_levels(level)
        rows = self._new_rows(X)
        first = limits_as_log_odds(self.members_[0].predict_interval(rows, level))
        limits = [first]
        for place, member in list(enumerate(self.members_))[1:]:
            if self._starts_from_first(place):
                ends = [member.predict_interval(rows, level, base_margin=first[:, end])[:, end] for end in (0, 1)]
                limits.append(limits_as_log_odds(np.column_stack(ends)))
            else:
                limits.append(limits_as_log_odds(member.predict_interval(rows, level)))
        mean, log_odds = np.tensordot(self.weights_, limits, axes=1), self._mean_log_odds(rows)
        return sigmoid(np.column_stack([np.minimum(mean[:, 0], log_odds), np.maximum(mean[:, 1], log_odds)]))

    @available_if(  # type: ignore[untyped-decorator]
        lambda self: all(hasattr(member, "linear_contributions") for member in self.members_)
    )
    def linear_contributions(self, X: ArrayLike, reference: ArrayLike) -> Floats:
        """Return exact Shapley values of the log-odds, where every member has them: the weighted mean of theirs.

        Parameters
        ----------
        X : array-like of shape (n, p)
        reference : array-like of shape (p,)
            The row that the others are compared with.

        Returns
        -------
        ndarray of shape (n, p + 1)
            The last column is the log-odds of the reference.
        """
        each = [member.linear_contributions(X, reference) for member in self.members_]
        found: Floats = np.tensordot(self.weights_, each, axes=1)
        return found

    def to_parts(self) -> dict[str, bytes]:
        entries, parts = [], {}
        for place, member in enumerate(self.members_):
            entry, own = member_parts(member, _MEMBER.format(place))
            entries.append(entry)
            parts.update(own)
        values = {
            "settings": {
                "boost_from_first": bool(self.boost_from_first),
                "folds": int(self.folds),
                "seed": int(self.seed),
            },
            **self._identity(),
            "given_weights": None if self.weights is None else [float(weight) for weight in self.weights],
            "weights": self.weights_,
            "members": entries,
        }
        return {_PART: write_document(_FORM, values), **parts}

    @classmethod
    def from_parts(cls, parts: Mapping[str, bytes]) -> Self:
        document = read_document(parts, _PART, _FORM)
        entries = document.items("members")
        if not 2 <= len(entries) <= _MOST_MEMBERS:
            document.refuse("members", f"2 to {_MOST_MEMBERS} members")
        members = [
            read_member(document, entry, parts, _MEMBER.format(place), SINGLE) for place, entry in enumerate(entries)
        ]
        given, weights = _read_weights(document, len(members))
        model = cls([clone(member) for member in members], given, **_read_settings(document))
        model._restore_identity(document)
        model.members_, model.weights_ = members, weights
        if model.boost_from_first and not model._can_start_from_first():
            document.refuse(
                "settings", "boosted trees after the first member, which is another classifier, to start from it"
            )
        if [getattr(member, "starts_from_margin_", False) for member in members] != model._started():
            document.refuse(
                "settings", "boost_from_first as the trees were fitted: whether to start from the first member"
            )
        return model

    def _mean_log_odds(self, rows: Floats) -> Floats:
        mean: Floats = self.weights_ @ np.array(list(self._log_odds(rows)))
        return mean

    def _log_odds(self, rows: Floats) -> Iterator[Floats]:
        first = self.members_[0].predict_log_odds(rows)
        yield first
        for place, member in list(enumerate(self.members_))[1:]:
            margin = {"base_margin": first} if self._starts_from_first(place) else {}
            yield member.predict_log_odds(rows, **margin)

    def _starts_from_first(self, place: int) -> bool:
        return bool(self.boost_from_first) and place > 0 and type(self.members[place]).__name__ == _BOOSTED

    def _started(self) -> list[bool]:
        return [self._starts_from_first(place) for place in range(len(self.members))]

    def _can_start_from_first(self) -> bool:
        return any(self._started()) and type(self.members[0]).__name__ != _BOOSTED

    def _check_settings(self) -> Floats:
        """Return the weights as shares, once all settings are found usable."""
        if not 2 <= len(self.members) <= _MOST_MEMBERS:
            raise RelapseModelError(f"members holds {len(self.members)}; expected 2 to {_MOST_MEMBERS} classifiers.")
        for member in self.members:
            check_kind(member, SINGLE, "members")
        if self.boost_from_first and not self._can_start_from_first():
            raise RelapseModelError(
                f"boost_from_first is True; expected {_BOOSTED} among the members after the first, and another "
                "classifier first, such as PriorLogisticClassifier."
            )
        given = [1.0] * len(self.members) if self.weights is None else self.weights
        weights = np.asarray(given, dtype=np.float64)
        usable = weights.shape == (len(self.members),) and ((weights >= 0) & (weights < np.inf)).all()
        if not usable or not weights.any():
            raise RelapseModelError(
                f"weights is {self.weights!r}; expected one for each of {len(self.members)} members, 0 or more, "
                "not all of them 0."
            )
        return np.asarray(weights / weights.sum())


def _read_weights(document: Document, members: int) -> tuple[tuple[float, ...] | None, Floats]:
    """Return the weights that were given, and their shares."""
    given = None if document.get("given_weights") is None else document.numbers("given_weights", low=0.0)
    parts = np.ones(members) if given is None else np.array(given)
    if len(parts) != members or not parts.any():
        document.refuse("given_weights", f"one for each of {members} members, not all of them 0")
    weights = document.array("weights", (members,))
    if not np.allclose(weights, parts / parts.sum(), rtol=1e-9, atol=0.0):
        document.refuse("weights", "the shares of given_weights, which sum to 1")
    return given, weights


def _read_settings(document: Document) -> dict[str, Any]:
    values = document.get("settings")
    if not isinstance(values, dict):
        document.refuse("settings", "an object")
    settings = Document(f"{document.name}, settings", values)
    return {
        "boost_from_first": settings.get("boost_from_first") is True,
        "folds": settings.integer("folds", 2, 2**31),
        "seed": settings.integer("seed", 0, 2**63),
    }
