"""How results that are words were read: a count by word, and apart those that say that there is no result."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.tables.column_values import cell_shown

_SHOWN = 10  # words of one meaning
_SAID = {
    "negative": "as negative",
    "positive": "as positive",
    "grey": "as neither negative nor positive (a grey zone: whether it was detected is not known)",
}


def read_by_word(cohort: Cohort) -> Iterator[str]:
    """Yield a note for each meaning of results that are words, with the words and their counts.

    Parameters
    ----------
    cohort : Cohort

    Examples
    --------
    >>> import relapse_model as rm
    >>> patients = pd.DataFrame({"patient_id": ["1"]})
    >>> rows = [("hbsag", "+-"), ("hbsag", "阴性"), ("alt", "溶血"), ("alt", "20")]
    >>> labs = pd.DataFrame([("1", week, *row, "IU/mL") for week, row in enumerate(rows)],
    ...                     columns=["patient_id", "week", "analyte", "value", "unit"])
    >>> for note in read_by_word(rm.make_cohort(patients, labs)):
    ...     print(note)
    words read as negative: '阴性' 1
    words read as neither negative nor positive (a grey zone: whether it was detected is not known): '+-' 1
    1 of the results used say that there is none, and are kept as missing: '溶血' 1
    """
    labs = cohort.labs
    words = labs[labs["kind"].isin(["negative", "positive", "missing"]).to_numpy()]
    if words.empty:
        return
    kind = words["kind"].astype(object)
    meant = kind.mask((kind == "positive") & words["detected"].isna(), "grey")
    texts = words["value"].fillna("").astype(str).str.strip()
    for meaning, said in _SAID.items():
        own = texts[(meant == meaning).to_numpy()]
        if len(own):
            yield f"words read {said}: {_listed(own)}"
    none = texts[((meant == "missing") & (texts != "")).to_numpy()]
    if len(none):
        yield f"{len(none):,} of the results used say that there is none, and are kept as missing: {_listed(none)}"


def _listed(texts: pd.Series) -> str:
    counts = texts.value_counts()
    counts = counts[sorted(counts.index, key=lambda text: (-counts[text], text))]
    shown = ", ".join(f"{cell_shown(text)} {count:,}" for text, count in counts.iloc[:_SHOWN].items())
    rest = counts.iloc[_SHOWN:]
    return shown + (f", and {len(rest):,} more ({int(rest.sum()):,} results)" if len(rest) else "")
