"""Every public method of a classifier has a documentation, its own or that of the contract, as `help` shows it."""

from __future__ import annotations

import inspect
import pydoc

import pytest

from relapse_model import classifiers
from relapse_model.classifiers.shared.base import RiskClassifier

CONTRACT = ("fit", "predict_log_odds", "predict_proba", "predict_interval", "to_parts", "from_parts")
every = pytest.mark.parametrize("name", classifiers.__all__)


def public_methods(kind):
    return [name for name, _ in inspect.getmembers(kind, callable) if not name.startswith("_")]


@every
def test_every_public_method_is_documented(name):
    kind = getattr(classifiers, name)
    undocumented = [method for method in public_methods(kind) if not inspect.getdoc(getattr(kind, method))]
    assert undocumented == []


@every
@pytest.mark.parametrize("method", CONTRACT)
def test_the_contract_is_said_once(name, method):
    """A method that says nothing of its own shows all that the contract says, sections and all."""
    kind, base = getattr(classifiers, name), getattr(RiskClassifier, method)
    own = getattr(kind, method)
    said = inspect.getdoc(own)
    if own.__doc__ is None:
        assert said == inspect.getdoc(base)
    assert said.splitlines()[0].endswith((".", ";"))
    assert said in inspect.cleandoc(pydoc.render_doc(own, renderer=pydoc.plaintext)).replace("\n    ", "\n")


def test_classes_say_what_the_contract_leaves_to_them():
    """What an interval is, and what becomes of a missing value, differs between them."""
    for name in classifiers.__all__:
        kind = getattr(classifiers, name)
        said = f"{kind.__doc__}\n{kind.predict_interval.__doc__ or ''}\n{kind.fit.__doc__ or ''}".lower()
        assert "interval" in said, name
        assert "missing" in said or "nan" in said or "members" in said or "estimator" in said, name
