"""The page of a screen of biomarkers: what can be distinguished from chance after looking at all, and what cannot."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relapse_model.files import write_text
from relapse_model.report.figures.biomarker_forest import MOST_ROWS, biomarker_forest
from relapse_model.report.figures.style import svg
from relapse_model.report.page import json_text, render
from relapse_model.report.trial_words import MINUS

if TYPE_CHECKING:
    from relapse_model.trial.biomarkers.result import BiomarkerScreen

DECIDES = {
    "maxt": "family-wise error rate of 5 % (distribution of the largest statistic)",
    "bh": "false discovery rate of {fdr:.0f} % (Benjamini-Hochberg)",
    "by": "false discovery rate of {fdr:.0f} % (Benjamini-Yekutieli)",
}
ADJUSTED = {"maxt": "p_maxt", "bh": "q_bh", "by": "q_by"}
NOT_DERIVED = "not derived"  # how the reason begins where a candidate could not be read
PER = {"yes": "yes versus no", "log10": "per tenfold increase", "SD": "per SD"}
MEASURES = {
    "log_loss": ("Log loss", "lower is better"),
    "brier": ("Brier score", "lower is better"),
    "auc": ("AUC", "higher is better"),
    "net_benefit": ("Net benefit", "higher is better"),
}
_NAMED = 3  # selected candidates that the first sentence names


def write_biomarkers_page(found: BiomarkerScreen, folder: Path) -> dict[str, Path]:
    """Write ``biomarkers.json`` and ``biomarkers.html``.

    Parameters
    ----------
    found : BiomarkerScreen
    folder : Path
        Made if it does not exist.
    """
    places = {"values": folder / "biomarkers.json", "report": folder / "biomarkers.html"}
    page = biomarkers_page(found)
    write_text(json_text(found.to_dict()), places["values"])
    write_text(page, places["report"])
    return places


def biomarkers_page(found: BiomarkerScreen) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    found : BiomarkerScreen
    """
    shown = found.table["log_odds"].notna() & found.table["p_maxt"].notna()
    tested, rest = found.table[shown], found.table[~shown]
    labels = dict(zip(found.table["candidate"], found.table["label"], strict=True))
    return render(
        "biomarkers_page.html.jinja",
        {"forest": svg(biomarker_forest(tested))} if len(tested) else {},
        study=found.study,
        synthetic=found.synthetic,
        verdict=screen_verdict(found),
        facts=_facts(found),
        base=", ".join(found.study.predictor(name).label for name in found.base) or "nothing",
        decides=DECIDES[found.settings["decide"]].format(fdr=100 * found.settings["fdr"]),
        rows=[_row(row, found) for row in found.disclosed_table().loc[tested.index].to_dict("records")],
        untested=[(row["label"], row["note"]) for row in rest.to_dict("records")],
        shrunk=_shrunk(found),
        stability=_stability(found, labels),
        bounds=found.bounds,
        settings=found.settings,
        gains=_gains(found, labels),
        whole=_whole(found),
        predictive=_predictive(found, labels),
        arm=_arm_label(found),
        centres=_centres(found, labels),
        notes=found.notes,
        captions={},
        forest_caption=_forest_caption(tested),
    )


def _forest_caption(tested: pd.DataFrame) -> str:
    """Return what the forest shows: only what is drawn is explained."""
    chosen = " Orange: selected." if tested.head(MOST_ROWS)["selected"].any() else ""
    some = f" The first {MOST_ROWS} of {len(tested)} are shown." if len(tested) > MOST_ROWS else ""
    return (
        "Odds ratio of each candidate, adjusted for the base model. Printed, and thin line: simultaneous 95 % "
        "interval, which allows for the number of candidates and is the one to read. Thick line: 95 % confidence "
        f"interval of the candidate alone.{chosen}{some}"
    )


def screen_verdict(found: BiomarkerScreen) -> str:
    """Return the answer in one or two sentences.

    Parameters
    ----------
    found : BiomarkerScreen
    """
    tested, events = found.counts["tested"], found.counts["events"]
    chosen = found.table[found.table["selected"]]
    if not tested:
        none = "The candidate could not be tested; the reason follows."
        several = "No candidate could be tested; the reasons follow."
        return (none if len(found.table) == 1 else several) + _not_given(found)
    if chosen.empty:
        one = "The candidate tested is not" if tested == 1 else f"None of the {tested} candidates tested is"
        corrected = "" if tested == 1 else ", after correction for multiple testing"
        shown = "it is" if tested == 1 else "they are"
        return (
            f"{one} associated with the event beyond what is known already{corrected} ({events} events). "
            f"This does not show that {shown} irrelevant: with so few events many true effects are missed."
            + _of_arms(found)
            + _not_given(found)
        )
    named = "; ".join(_in_words(row) for row in chosen.head(_NAMED).to_dict("records"))
    more = len(chosen) - _NAMED
    others = f"; and {more} more" if more > 0 else ""
    verb = "is" if len(chosen) == 1 else "are"
    who = "The candidate tested is" if tested == 1 else f"{len(chosen)} of {tested} candidates tested {verb}"
    corrected = "" if tested == 1 else ", after correction for multiple testing"
    return (
        f"{who} associated with the event beyond what is known already{corrected} ({events} events): {named}{others}. "
        f"Effects selected for their size are overestimated; confirm them in other patients.{_of_arms(found)}"
        + _not_given(found)
    )


def _not_given(found: BiomarkerScreen) -> str:
    """Name the candidates whose column the cohort lacks, or has in a form that cannot be read: a mistake, perhaps."""
    names = found.table.loc[found.table["note"].str.startswith(NOT_DERIVED), "label"].tolist()
    if not names:
        return ""
    return f" Not tested, since the cohort lacks the column or it cannot be read: {', '.join(names)}."


def _of_arms(found: BiomarkerScreen) -> str:
    """Say by which candidates the effect of treatment differs, if by any."""
    if found.predictive is None or not found.predictive["predictive"].any():
        return ""
    labels = dict(zip(found.table["candidate"], found.table["label"], strict=True))
    names = [labels[name] for name in found.predictive.loc[found.predictive["predictive"], "candidate"]]
    return f" The treatment effect appears to vary with: {', '.join(names)}."


def _in_words(row: Mapping[Any, Any]) -> str:
    low, high = np.exp(row["simultaneous_lower"]), np.exp(row["simultaneous_upper"])
    ratio = f"odds ratio {np.exp(row['log_odds']):.2f} {PER[row['per']]}"
    return f"{row['label']} ({ratio}; simultaneous 95 % interval {low:.2f} to {high:.2f})"


def _facts(found: BiomarkerScreen) -> list[tuple[str, str]]:
    counts = found.to_dict()["counts"]
    tested = found.table[ADJUSTED[found.settings["decide"]]].dropna()
    facts = [
        ("Patients at risk", str(counts["patients"])),
        ("Events", str(counts["events"])),
        ("Lost to follow-up", str(counts["lost"])),
        ("Candidates tested", f"{found.counts['tested']} of {found.counts['candidates']}"),
        ("Selected", str(len(found.selected))),
    ]
    if len(tested):
        facts.append(("Smallest adjusted p", p_words(float(tested.min()))))
    return facts


def _row(row: Mapping[Any, Any], found: BiomarkerScreen) -> dict[str, str]:
    decides = ADJUSTED[found.settings["decide"]]
    return {
        "label": row["label"],
        "unit": PER[row["per"]] + (f" of {row['step']:.3g} {row['unit']}" if row["per"] == "SD" else ""),
        "selected": "selected" if row["selected"] else "",
        "odds": ratio_words(row["log_odds"], row["lower"], row["upper"]),
        "all": ratio_words(None, row["simultaneous_lower"], row["simultaneous_upper"]),
        "p": p_words(row["p"]),
        "adjusted": p_words(row[decides]),
        "q": p_words(row["q_bh"]),
        "frequency": percent(row["frequency"]),
        "centres": row["centres_agree"] if isinstance(row["centres_agree"], str) else "",
        "interaction": p_words(row["p_interaction"]),
        "missing": str(row["missing"]),
        "note": row["note"],
    }


def _shrunk(found: BiomarkerScreen) -> list[tuple[str, str, str]]:
    chosen = found.table[found.table["selected"]]
    return [
        (row["label"], f"{np.exp(row['log_odds']):.2f}", f"{np.exp(row['log_odds_shrunk']):.2f}")
        for row in chosen.to_dict("records")
    ]


def _stability(found: BiomarkerScreen, labels: Mapping[str, str]) -> list[tuple[str, str, str]]:
    return [
        (labels[row["candidate"]], percent(row["frequency"]), "stable" if row["stable"] else "")
        for row in found.stability.head(MOST_ROWS).to_dict("records")
    ]


def _gains(found: BiomarkerScreen, labels: Mapping[str, str]) -> dict[str, Any] | None:
    if found.increment is None or found.increment.empty:
        return None
    measures = found.settings["measures"]
    rows = []
    for row in found.increment.to_dict("records"):
        cells = [
            change_words(row[f"delta_{name}"], row[f"delta_{name}_lower"], row[f"delta_{name}_upper"])
            for name in measures
        ]
        rows.append((labels[row["candidate"]], cells))
    return {"heads": [MEASURES[name] for name in measures], "rows": rows}


def _whole(found: BiomarkerScreen) -> dict[str, Any] | None:
    """Return what the screen as a whole adds, and how many candidates a resample selects."""
    if found.increment_of_screen is None:
        return None
    row = found.increment_of_screen.iloc[0]
    changes = [
        (MEASURES[name], change_words(row[f"delta_{name}"], np.nan, np.nan)[0]) for name in found.settings["measures"]
    ]
    return {"changes": changes, "selected": f"{row['selected_in_resamples']:.1f}", "resamples": int(row["resamples"])}


def _arm_label(found: BiomarkerScreen) -> str:
    """Return the treatment arm as the plan calls it."""
    arms = None if found.study.trial is None else found.study.trial.arms
    return "" if arms is None else (arms.labels[0] if arms.labels else str(arms.treatment))


def _predictive(found: BiomarkerScreen, labels: Mapping[str, str]) -> list[tuple[str, str, str, str]] | None:
    if found.predictive is None:
        return None
    return [
        (labels[row["candidate"]], ratio_words(row["log_odds_difference"], row["lower"], row["upper"]),
         p_words(row["p"]), p_words(row["p_maxt"]))
        for row in found.predictive.to_dict("records")
    ]  # fmt: skip


def _centres(found: BiomarkerScreen, labels: Mapping[str, str]) -> dict[str, Any] | None:
    if found.centres is None:
        return None
    everywhere = [str(name) for name in found.centres if str(name).startswith("log_odds: ")]
    names = [name.removeprefix("log_odds: ") for name in everywhere if found.centres[name].notna().any()]
    order = {name: place for place, name in enumerate(found.table["candidate"])}
    rows = []
    for row in sorted(found.centres.to_dict("records"), key=lambda one: order[one["candidate"]]):
        cells = [
            "" if pd.isna(row[f"log_odds: {name}"]) else f"{np.exp(row[f'log_odds: {name}']):.2f}" for name in names
        ]
        ends = [round(row[f"z_without_one_{end}"], 1) + 0.0 for end in ("lowest", "highest")]  # no -0.0
        span = "" if np.isnan(ends).any() else f"{ends[0]:.1f} to {ends[1]:.1f}".replace("-", MINUS)
        rows.append((labels[row["candidate"]], cells, span, "" if pd.isna(row["i2"]) else percent(row["i2"])))
    return {"names": names, "rows": rows, "others": len(everywhere) - len(names)}


def ratio_words(log_odds: float | None, low: float, high: float) -> str:
    """Return an odds ratio with its interval, or the interval alone."""
    if pd.isna(low):
        return "not estimable"
    interval = f"{np.exp(low):.2f} to {np.exp(high):.2f}"
    return interval if log_odds is None else f"{np.exp(log_odds):.2f} ({interval})"


def percent(share: float) -> str:
    """Return a share in whole percent."""
    return f"{100 * share:.0f} %"


def change_words(value: float, low: float, high: float) -> tuple[str, str]:
    """Return a change with its sign, and its interval."""
    if pd.isna(value):
        return "not estimable", ""
    value, low, high = (round(one, 3) + 0.0 for one in (value, low, high))  # no -0.000
    interval = "" if pd.isna(low) else f"{low:+.3f} to {high:+.3f}"
    return f"{value:+.3f}".replace("-", MINUS), interval.replace("-", MINUS)


def p_words(p: float) -> str:
    """Return a p-value as it is printed."""
    if pd.isna(p):
        return ""
    return "<0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
