"""The laboratories: which assay each centre runs, its limits and bias, and what it prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from relapse_model.arrays import Floats
from relapse_model.cohort.simulation.baseline import IntArray

TextArray = NDArray[Any]

# Even centres run the first of two assays, odd centres the second.
HBSAG_BIAS = (
    1.46,
    0.944,
)  # reading of a 1.0 IU/mL standard, Architect and Elecsys (doi:10.1186/s12985-023-02054-7, Table 3)
ANTI_HBS_BIAS = (
    1.10,
    0.95,
)  # no source for anti-HBs: assumption of the simulator, within the range for HBsAg

# Analytical error, SD of log10: assumptions of the simulator, no facts.
HBSAG_ERROR_LOG10 = 0.05
ANTI_HBS_ERROR_LOG10 = 0.12
HBCRAG_ERROR_LOG10 = 0.10

FALSE_POSITIVE = 0.005  # per HBsAg test [assumption]
FALSE_POSITIVE_RANGE = (0.05, 0.30)  # IU/mL [assumption]

SPECIMEN_LOST = "标本溶血"  # printed in place of a result: a haemolysed specimen


@dataclass(frozen=True, slots=True)
class Printing:
    """How one analyte is reported.

    Attributes
    ----------
    unit : str
        Its unit in the cohort folder.
    decimals : int
        Decimals of a plain number.
    assays : tuple of str
        Names, for even and odd centres; empty where nobody records them.
    lower, upper : tuple of float
        Limits of quantification by assay; empty where nobody records them.
    below : tuple of tuple of str
        What the three styles of laboratory print below the lower limit; equally often.
    undiluted : tuple of float
        Upper limits when a high specimen was not diluted.
    scientific : bool
        Whether the third style prints values from 100 in scientific notation.
    cutoff : float
        Of an assay that decides positive or negative: reported as the lower limit, below which numbers are printed
        as well. NaN for none.
    """

    unit: str
    decimals: int
    assays: tuple[str, ...] = ()
    lower: tuple[float, ...] = ()
    upper: tuple[float, ...] = ()
    below: tuple[tuple[str, ...], ...] = ()
    undiluted: tuple[float, ...] = ()
    scientific: bool = False
    cutoff: float = np.nan


# Limits as the makers state them; for HBsAg the undiluted range times the dilution (Architect 1:500, Elecsys 1:400)
# ; anti-HBs above 1000 is reported as censored [assumption].
ANALYTES: Mapping[str, Printing] = MappingProxyType(
    {
        "hbsag": Printing(
            unit="IU/mL",
            decimals=2,
            assays=("Architect HBsAg QT", "Elecsys HBsAg II quant"),
            lower=(0.05, 0.05),
            upper=(125_000.0, 52_000.0),
            below=(("<0.05", "<0.05 IU/mL"), ("＜0.05", "阴性"), ("< 0.05", "<5.00E-02")),
            undiluted=(250.0, 130.0),
            scientific=True,
        ),
        "anti_hbs": Printing(
            unit="mIU/mL",
            decimals=2,
            assays=("Architect Anti-HBs", "Elecsys Anti-HBs II"),
            lower=(10.0, 10.0),
            upper=(1000.0, 1000.0),
            below=(("<10.00", "<10"), ("＜10.00", "阴性"), ("<1.00E+01", "0.00")),
            scientific=True,
        ),
        "hbv_dna": Printing(
            unit="IU/mL",
            decimals=0,
            assays=("cobas 6800 HBV", "cobas 8800 HBV"),
            lower=(10.0, 10.0),
            upper=(1e9, 1e9),
            below=(("TND", "<10"), ("未检出", "＜10"), ("<1.00E+01", "Not detected")),
        ),
        "hbcrag": Printing(
            unit="log10 U/mL",
            decimals=1,
            assays=("Lumipulse HBcrAg", "Lumipulse HBcrAg"),
            lower=(2.0, 2.0),
            upper=(7.0, 7.0),
            below=(("<2.0",), ("＜2.0",), ("< 2.0",)),
        ),
        "hbv_rna": Printing(unit="log10 copies/mL", decimals=2),
        "anti_hbc_quantitative": Printing(unit="IU/mL", decimals=1),
        "hbeag": Printing(unit="S/CO", decimals=2, cutoff=1.0),
        "alt": Printing(unit="U/L", decimals=0),
        "ast": Printing(unit="U/L", decimals=0),
        "platelets": Printing(unit="10*9/L", decimals=0),
        "albumin": Printing(unit="g/L", decimals=1),
        "bilirubin": Printing(unit="umol/L", decimals=1),
    }
)
_ABOVE = (">{:.0f}", "＞{:.2f}", "> {:.0f}")


def quantification_limits(
    printing: Printing, values: Floats, centre: IntArray, uniform: Floats
) -> tuple[Floats, Floats]:
    """Return each result's lower and upper limit; NaN where the analyte has none.

    One in ten specimens above the undiluted range was not diluted, and is reported against that range.
    """
    if not printing.lower:
        return np.full(len(values), np.nan), np.full(len(values), np.nan)
    assay = centre % 2
    upper = np.array(printing.upper)[assay]
    if printing.undiluted:
        undiluted = np.array(printing.undiluted)[assay]
        upper = np.where((values > undiluted) & (uniform < 0.1), undiluted, upper)
    return np.array(printing.lower)[assay], upper


def print_results(
    printing: Printing,
    values: Floats,
    limits: tuple[Floats, Floats],
    centre: IntArray,
    uniform: Floats,
) -> TextArray:
    """Turn values into what the laboratories print: numbers, ``<`` and ``>`` in three styles, or words.

    Parameters
    ----------
    printing : Printing
        How the analyte is reported.
    values : array of float, shape (results,)
        What was measured, before censoring.
    limits : tuple of two arrays of float
        Lower and upper limit of each result; NaN for none.
    centre : array of int
        Its remainder by three is the style: English, Chinese, scientific.
    uniform : array of float
        Draws that choose among a laboratory's variants.

    Examples
    --------
    >>> limits = (np.full(2, 0.05), np.full(2, 250.0))
    >>> values, centre = np.array([0.01, 300.0]), np.array([1, 0])
    >>> print_results(ANALYTES["hbsag"], values, limits, centre, np.zeros(2)).tolist()
    ['＜0.05', '>250']
    """
    lower, upper = limits
    below, above = values < lower, values > upper  # comparisons with NaN are false: no limit, no censoring
    style = centre % 3
    scientific = printing.scientific & (style == 2) & (values >= 100)
    texts = np.empty(len(values), dtype=object)
    _write(texts, ~below & ~above & ~scientific, values, f"{{:.{printing.decimals}f}}")
    _write(texts, ~below & ~above & scientific, values, "{:.2E}")
    for number, variants in enumerate(printing.below):
        chosen = below & (style == number)
        words = np.array(variants, dtype=object)
        texts[chosen] = words[(uniform[chosen] * len(words)).astype(int)]
    for number, pattern in enumerate(_ABOVE):
        _write(texts, above & (style == number), upper, pattern)
    return texts


def _write(texts: TextArray, where: NDArray[np.bool_], values: Floats, pattern: str) -> None:
    if where.any():
        texts[where] = [pattern.format(value) for value in values[where].tolist()]
