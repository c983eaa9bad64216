"""Laboratory features of many patients, by this library and by pandas and polars, from one table of texts.

48 features of each patient (8 analytes; last, first, maximum, mean, slope, count) at week 0 from about 33 rows: text
patient_id, week, text analyte, value as printed ("118", "<10", "TND", ">1000"), text unit. All start from that table
in memory and read the texts themselves; below a limit counts as half of it, and six analytes are on the log10
scale. Rows after week 0 are there and must not count. Every result is compared with the first, to 1e-9.

- apply: pandas, one Python function for each patient (up to 10,000, and run once)
- pandas: pandas without a loop over patients
- polars: lazy, on all cores (skipped where it is not installed)
- polars_numbers: the same from what `cohort` starts from: numbers, limits and words read before, patients numbered
- arrays: this library, from the table, without compiled kernels
- kernels: this library, from the table
- cohort: `derive_features` of a cohort that passed the gate before, which read the texts (not part of the time)

Run: .venv/bin/python benchmarks/features.py [--patients 1000 10000 100000] [--repeats 5] [--order sorted shuffled]
[--without apply cohort] [--no-memory]
"""

from __future__ import annotations

import argparse
import contextlib
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

import relapse_model as rm
from relapse_model.cohort import rows_by_patient as grouped
from relapse_model.cohort.cohort import Cohort
from relapse_model.cohort.laboratory.lab_texts import read_lab_texts
from relapse_model.cohort.measurements import measurements
from relapse_model.features.summaries import summarise_groups
from relapse_model.study.analyte import Analyte
from relapse_model.study.prediction import OutcomeRule, Prediction
from relapse_model.study.predictor import Predictor
from relapse_model.study.study import Study

KINDS = ("last", "first", "maximum", "mean", "slope", "count")
LIMITS = {
    "hbsag": 0.05, "anti_hbs": 10.0, "hbv_dna": 20.0, "alt": 1.0, "ast": 2.0, "ggt": 3.0, "albumin": 5.0,
    "platelets": 4.0,
}  # fmt: skip
LOG10 = tuple(LIMITS)[:6]
UNITS = dict(zip(LIMITS, ("IU/mL", "mIU/mL", "IU/mL", "U/L", "U/L", "U/L", "g/L", "10*9/L"), strict=True))
STUDY = Study(
    "benchmark", "", "",
    {
        name: Analyte(name, UNITS[name], name, "log10" if name in LOG10 else "linear", limit)
        for name, limit in LIMITS.items()
    },
    OutcomeRule("none"), Prediction(),
    tuple(Predictor(f"{kind} {name}", kind, "", analyte=name) for kind in KINDS for name in LIMITS), "",
)  # fmt: skip
COLUMNS = [predictor.name for predictor in STUDY.predictors]
APPLY_UP_TO, GATE_UP_TO = 10_000, 100_000


def long_table(patients: int, order: str, seed: int = 7) -> pd.DataFrame:
    """Five visits of eight analytes, a sixth of them left out; sorted by patient and visit, or shuffled."""
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(rng.random(40 * patients) < 0.825)
    if order == "shuffled":
        rng.shuffle(rows)
    patient, visit, analyte = rows // 40, rows // 8 % 5, rows % 8
    jitter = rng.integers(0, 4, size=(patients, 5))
    printed = [f"{value:.3g}" for value in np.exp(rng.normal(3.5, 1.5, 40_000)) if value < 1000]
    pool = np.array([*dict.fromkeys(printed), "TND", ">1000", *(f"<{limit:g}" for limit in LIMITS.values())])
    numbers = len(pool) - 10
    special = rng.random(len(rows))
    weights = pd.Series(printed).value_counts(normalize=True).reindex(pool[:numbers]).to_numpy()
    text = rng.choice(numbers, size=len(rows), p=weights).astype(np.int32)
    text[special < 0.13] = numbers + 1
    text[special < 0.11] = numbers
    text[special < 0.08] = numbers + 2 + analyte[special < 0.08]
    ids = pd.array([f"P{number:07d}" for number in rng.permutation(patients)], dtype="str")
    return pd.DataFrame({
        "patient_id": ids.take(patient),
        "week": (-36.0 + 12 * visit + jitter[patient, visit]),
        "analyte": pd.array(list(LIMITS), dtype="str").take(analyte),
        "value": pd.array(pool, dtype="str").take(text),
        "unit": pd.array(list(UNITS.values()), dtype="str").take(analyte),
    })  # fmt: skip


# ---- this library ----


def from_table(labs: pd.DataFrame) -> pd.DataFrame:
    """Derive the features from the table by the library's parts."""
    with ThreadPoolExecutor(2) as pool:  # pandas lets the other thread run
        names = ("patient_id", "analyte", "value", "unit")
        coded = list(pool.map(lambda name: codes(labs[name]), names))
    (who, ids), (analyte, analytes), (text, texts), (unit, units) = coded
    key = (text * len(units) + unit) * len(analytes) + analyte
    week = labs["week"].to_numpy()
    meaning = meanings(texts, units, analytes, key)
    group = analyte * len(ids) + who
    group[week > 0] = -1
    del coded, who, analyte, text, unit
    row, start = grouped.ordered(group, week, len(analytes) * len(ids))
    values = summarise_groups(KINDS, meaning[key[row]], week[row], start)
    parts = {kind: values[kind].reshape(len(analytes), len(ids)) for kind in KINDS}
    columns = {f"{kind} {name}": parts[kind][code] for kind in KINDS for code, name in enumerate(analytes)}
    return pd.DataFrame(columns, index=ids, copy=False)


def codes(texts: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """Number the texts by 32 bits."""
    found, distinct = pd.factorize(texts)
    return found.astype(np.int32), distinct


def meanings(texts: pd.Index, units: pd.Index, analytes: pd.Index, key: np.ndarray) -> np.ndarray:
    """Return the number, on the scale, of every text in every unit of every analyte that occurs."""
    occurs = np.zeros(len(texts) * len(units) * len(analytes), dtype=bool)
    occurs[key] = True
    which = np.flatnonzero(occurs)
    printed = read_lab_texts(texts).iloc[which // (len(units) * len(analytes))].reset_index(drop=True)
    named = analytes[which % len(analytes)]
    unit = units[which // len(analytes) % len(units)]
    labs = printed.assign(unit=unit, analyte=named, patient=0, week=np.arange(len(which), dtype=float))
    cohort = Cohort(pd.DataFrame({"patient_id": ["all"]}), labs, None, None)
    meaning = np.full(len(occurs), np.nan)
    for name in analytes:
        result = measurements(cohort, STUDY, name)
        value = np.log10(result.value) if STUDY.analytes[name].scale == "log10" else result.value
        meaning[which[result.week.astype(np.intp)]] = value
    return meaning


def from_table_by_arrays(labs: pd.DataFrame) -> pd.DataFrame:
    """Do the same as where Numba is not installed."""
    load, grouped._loaded = grouped._loaded, lambda: None
    try:
        return from_table(labs)
    finally:
        grouped._loaded = load


def gated(labs: pd.DataFrame) -> Cohort:
    return rm.make_cohort(pd.DataFrame({"patient_id": labs["patient_id"].unique()}), labs, study=STUDY)


def from_cohort(cohort: Cohort) -> pd.DataFrame:
    """Derive the features of a cohort as if for the first time."""
    fresh = Cohort(cohort.patients, cohort.labs.copy(deep=False), None, None)
    return rm.derive_features(fresh, STUDY, 0)


# ---- pandas ----


def read_by_pandas(labs: pd.DataFrame) -> pd.DataFrame:
    code, text = pd.factorize(labs["value"])
    text = pd.Series(text)
    number = pd.to_numeric(text.str.lstrip("<>"), errors="coerce").to_numpy()
    number = np.where(text.str.startswith("<").to_numpy(dtype=bool), number / 2, number)[code]
    known = labs["week"].to_numpy() <= 0
    name = labs["analyte"][known]
    number, half = number[known], name.map(pd.Series(LIMITS) / 2).to_numpy(dtype=float)
    number = np.where(np.isnan(number), half, number)
    value = np.where(name.isin(LOG10).to_numpy(), np.log10(number), number)
    return labs.loc[known, ["patient_id", "analyte", "week"]].assign(value=value)


def wide(long: pd.DataFrame) -> pd.DataFrame:
    table = long.unstack("analyte")
    table.columns = [f"{kind} {name}" for kind, name in table.columns]
    counts = [name for name in table if name.startswith("count")]
    table[counts] = table[counts].fillna(0)
    return table


def by_pandas(labs: pd.DataFrame) -> pd.DataFrame:
    known = read_by_pandas(labs)
    who, ids = pd.factorize(known["patient_id"])
    analyte, analytes = pd.factorize(known["analyte"])
    key = who * len(analytes) + analyte  # one number to sort and group by: half as long again with the texts
    known = pd.DataFrame({"key": key, "week": known["week"].to_numpy(), "value": known["value"].to_numpy()})
    known = known.sort_values(["key", "week"], kind="stable")
    groups = known.groupby("key", sort=False)
    found = groups["value"].agg(["last", "first", "max", "mean", "count"]).rename(columns={"max": "maximum"})
    centred = known["week"] - groups["week"].transform("mean")
    square = (centred**2).groupby(known["key"], sort=False).sum()
    rise = (centred * known["value"]).groupby(known["key"], sort=False).sum()
    found["slope"] = (4 * rise / square).where(square > 0)
    keys = ids[found.index // len(analytes)], analytes[found.index % len(analytes)]
    found.index = pd.MultiIndex.from_arrays(keys, names=["patient_id", "analyte"])
    return wide(found)


def one_patient(table: pd.DataFrame) -> pd.Series:
    found = {}
    for name in LIMITS:
        rows = table[table["analyte"] == name].sort_values("week")
        value, week = rows["value"], rows["week"]
        found[f"count {name}"] = float(len(rows))
        if len(rows):
            found |= {f"last {name}": value.iloc[-1], f"first {name}": value.iloc[0]}
            found |= {f"maximum {name}": value.max(), f"mean {name}": value.mean()}
        if len(rows) > 1:
            centred = week - week.mean()
            found[f"slope {name}"] = 4 * (centred * value).sum() / (centred**2).sum()
    return pd.Series(found).reindex(COLUMNS)


def by_apply(labs: pd.DataFrame) -> pd.DataFrame:
    return read_by_pandas(labs).groupby("patient_id").apply(one_patient, include_groups=False)


# ---- polars ----


def by_polars(labs: pl.DataFrame) -> pl.DataFrame:  # noqa: F821
    import polars as pl

    text, name = pl.col("value"), pl.col("analyte")
    number = text.str.strip_chars_start("<>").cast(pl.Float64, strict=False)
    number = pl.when(text.str.starts_with("<")).then(number / 2).otherwise(number)
    half = name.replace_strict({key: limit / 2 for key, limit in LIMITS.items()}, return_dtype=pl.Float64)
    number = number.fill_null(half)
    value = pl.when(name.is_in(LOG10)).then(number.log10()).otherwise(number)
    return polars_features(labs.lazy().filter(pl.col("week") <= 0).select("patient_id", "analyte", "week", v=value))


def read_for_polars(labs: pd.DataFrame) -> tuple[pl.DataFrame, pl.Series]:  # noqa: F821
    """Return what the gate made of the table, and the identifiers."""
    import polars as pl

    cohort = gated(labs)
    columns = ["patient", "analyte", "week", "number", "upper", "comparator", "kind"]
    return pl.from_pandas(cohort.labs[columns]), pl.Series(cohort.patients["patient_id"].tolist())


def by_polars_from_numbers(read: tuple[pl.DataFrame, pl.Series]) -> pl.DataFrame:  # noqa: F821
    import polars as pl

    labs, ids = read
    name, left = pl.col("analyte"), pl.col("comparator") == "<"
    limit = name.replace_strict(LIMITS, return_dtype=pl.Float64)
    number = pl.when(pl.col("kind") == "negative").then(limit / 2).otherwise(pl.col("number"))
    number = pl.when(left).then(pl.col("upper") / 2).otherwise(number)
    value = pl.when(name.is_in(LOG10)).then(number.log10()).otherwise(number)
    known = labs.lazy().filter(pl.col("week") <= 0)
    found = polars_features(known.select(pl.col("patient").alias("patient_id"), "analyte", "week", v=value))
    return found.with_columns(patient_id=ids.gather(found["patient_id"]))


def polars_features(values: pl.LazyFrame) -> pl.DataFrame:  # noqa: F821
    import polars as pl

    v, w = pl.col("v"), pl.col("week")
    found = (
        values.with_columns(wv=w * v, ww=w * w)
        .group_by("patient_id", "analyte")
        .agg(
            v.max_by("week").alias("last"), v.min_by("week").alias("first"), v.max().alias("maximum"),
            v.mean().alias("mean"), v.sum().alias("sv"), w.sum().alias("sw"), pl.col("wv").sum(), pl.col("ww").sum(),
            pl.len().cast(pl.Float64).alias("count"),
        )
        .with_columns(square=pl.col("ww") - pl.col("sw") ** 2 / pl.col("count"))
        .with_columns(
            slope=pl.when(pl.col("square") > 1e-6).then(
                4 * (pl.col("wv") - pl.col("sw") * pl.col("sv") / pl.col("count")) / pl.col("square"))
        )
        .select("patient_id", "analyte", *KINDS)
        .collect()
    )  # fmt: skip
    return found.pivot(on="analyte", index="patient_id", values=list(KINDS))


def as_pandas(found: object) -> pd.DataFrame:
    """Return what any of them gave in one form: 48 columns, patients in order of their identifiers."""
    if not isinstance(found, pd.DataFrame):
        names = {f"{kind}_{name}": f"{kind} {name}" for kind in KINDS for name in LIMITS}
        columns = {new: found[old].to_numpy() for old, new in names.items()}
        found = pd.DataFrame(columns, index=np.array(found["patient_id"].to_list(), dtype=object))
        counts = [name for name in columns if name.startswith("count")]
        found[counts] = found[counts].fillna(0)
    found.index = found.index.astype(object)
    return found[COLUMNS].sort_index()


# ---- time and memory ----


def competitors(patients: int, without: list[str]) -> dict[str, tuple[Callable, Callable]]:
    """Return what each makes of the table before the clock starts, and what it does then."""
    every = {"apply": (lambda labs: labs, by_apply)} if patients <= APPLY_UP_TO else {}
    every["pandas"] = (lambda labs: labs, by_pandas)
    try:
        import polars as pl

        every["polars"] = (pl.from_pandas, by_polars)
        if patients <= GATE_UP_TO:
            every["polars_numbers"] = (read_for_polars, by_polars_from_numbers)
    except ImportError:
        print("polars is not installed: left out (pip install polars)")
    every["arrays"] = (lambda labs: labs, from_table_by_arrays)
    every["kernels"] = (lambda labs: labs, from_table)
    if patients <= GATE_UP_TO:
        every["cohort"] = (gated, from_cohort)
    return {name: pair for name, pair in every.items() if name not in without}


def compare(patients: int, order: str, repeats: int, without: list[str], memory: bool) -> None:
    labs = long_table(patients, order)
    print(f"\n{patients:,} patients, {len(labs):,} rows, {order}; {labs['value'].nunique():,} texts")
    every = competitors(patients, without)
    given = {name: prepare(labs) for name, (prepare, _) in every.items()}
    times: dict[str, list[float]] = {name: [] for name in every}
    expected = None
    for repeat in range(repeats + 1):  # the first warms up, and is compared
        for name, (_, derive) in every.items():
            if name == "apply" and repeat > 0:
                continue
            begin = time.perf_counter()
            found = derive(given[name])
            times[name].append(time.perf_counter() - begin)
            if repeat == 0:
                table = as_pandas(found)
                expected = table if expected is None else expected
                assert (table.index == expected.index).all(), name
                np.testing.assert_allclose(table, expected, rtol=1e-9, atol=1e-9, err_msg=name)
            del found
    del given
    used = peaks(labs, list(every)) if memory else {}
    median = {name: float(np.median(some[1:] if len(some) > 1 else some)) for name, some in times.items()}
    for name, seconds in median.items():
        others = [other for other in ("apply", "pandas", "polars", "polars_numbers") if other in median]
        ratios = [f"{other} {median[other] / seconds:6.2f} x" for other in others]
        spread = f"{min(times[name][1:] or times[name]):.4f} to {max(times[name][1:] or times[name]):.4f}"
        print(f"  {name:14s} {seconds:9.4f} s ({spread})  {used.get(name, ''):32s} {'  '.join(ratios)}", flush=True)


def peaks(labs: pd.DataFrame, names: list[str]) -> dict[str, str]:
    """Return the peak memory of each competitor in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labs.feather"
        labs.to_feather(path, compression="uncompressed")
        found = {}
        for name in names:
            command = [sys.executable, __file__, "--peak", name, str(path)]
            found[name] = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        return found


def print_peak(name: str, path: str) -> None:
    labs = pd.read_feather(path)
    prepare, derive = competitors(1, [])[name]
    given = prepare(labs)
    del labs
    forget_peak()
    before = peak_gib()
    derive(given)
    print(f"peak {peak_gib():.2f} GiB, {before:.2f} before")


def forget_peak() -> None:
    """Count the peak from here on, where the system can (Linux): what loading the table took is not of interest."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_gib() -> float:
    """Return the peak memory of this process; Linux passes ru_maxrss on from the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0]) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2 ** (30 if sys.platform == "darwin" else 20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--order", nargs="+", default=["sorted", "shuffled"], choices=["sorted", "shuffled"])
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--peak", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.peak:
        print_peak(*asked.peak)
        return
    for patients in asked.patients:
        for order in asked.order:
            compare(patients, order, asked.repeats, asked.without, not asked.no_memory)


if __name__ == "__main__":
    main()
