"""Real data of golden values of the trial's analysis; they lie outside the project (examples/data_folder.py)."""

from __future__ import annotations

import pandas as pd
import pytest

from data_folder import data_folder


def read(folder, file):
    try:
        return pd.read_csv(data_folder(folder) / file)
    except FileNotFoundError as error:
        pytest.skip(str(error))


def pbc():
    """The 312 randomised of Fleming and Harrington 1991: days, death, D-penicillamine (1) or placebo (0)."""
    table = read("pbc_mayo", "pbc.csv")
    table = table[table["trt"].notna()]
    return table["time"].to_numpy(float), (table["status"] == 2).to_numpy(int), (table["trt"] == 1).to_numpy(int)


def bcos():
    """Finkelstein and Wolfe 1985: months to cosmetic deterioration, radiotherapy with chemotherapy (1) or alone (0)."""
    table = read("golden", "bcos.csv")
    return (
        table["left"].to_numpy(float),
        table["right"].to_numpy(float),
        (table["treatment"] == "RadChem").to_numpy(int),
    )
