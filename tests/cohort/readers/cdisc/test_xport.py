"""Transport files and Dataset-JSON: numbers, dates and texts as others read them; what was cut off is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from cdisc_writer import write_json, write_xpt

from data_folder import data_folder
from relapse_model.cohort.readers.cdisc.data_set import coded_numbers
from relapse_model.cohort.readers.cdisc.dataset_json import read_dataset_json
from relapse_model.cohort.readers.cdisc.library import open_library
from relapse_model.cohort.readers.cdisc.xport import numbers_of, read_xpt
from relapse_model.errors import SourceError

SMALL = [{"USUBJID": "S-1", "AVAL": 0.0, "ADT": 19725.0}, {"USUBJID": "S-22", "AVAL": 0.05, "ADT": float("nan")}]
FILES = ("adlbhy", "adsl", "adtte", "dm", "ds", "lbur", "sv")


def pilot() -> Path:
    try:
        return data_folder("cdisc_pilot01")
    except FileNotFoundError as absent:
        pytest.skip(str(absent))


def read(path: Path, encoding: str = ""):
    return read_xpt(path, path.read_bytes(), encoding)


@pytest.mark.parametrize("version", [5, 8])
def test_texts_numbers_and_dates(tmp_path, version):
    (data,) = read(write_xpt(tmp_path / "a.xpt", "ADX", SMALL, version, ADT="DATE9."))
    assert (data.name, data.rows, list(data.labels)) == ("ADX", 2, ["USUBJID", "AVAL", "ADT"])
    assert data.texts("USUBJID").tolist() == ["S-1", "S-22"]
    assert data.texts("AVAL").tolist() == ["0", "0.05"]  # pandas gives 5.4e-79 for 0
    assert data.texts("ADT").tolist() == ["2014-01-02", ""]


@pytest.mark.parametrize("name", FILES)
def test_the_pilot_is_as_readstat_reads_it(name):
    pyreadstat = pytest.importorskip("pyreadstat")
    path = pilot() / f"{name}.xpt"
    (data,) = read(path)
    frame, about = pyreadstat.read_xport(str(path), disable_datetime_conversion=True)
    assert (data.rows, list(data.labels)) == (len(frame), list(frame))
    assert {key: text or "" for key, text in about.column_names_to_labels.items()} == dict(data.labels)
    for variable in frame:
        theirs = frame[variable]
        if not pd.api.types.is_numeric_dtype(theirs):
            assert data.texts(variable).tolist() == theirs.fillna("").tolist()
            continue
        ours = data.texts(variable).replace("", np.nan)
        dated = str(about.original_variable_types[variable]).startswith("DATE")
        days = (pd.to_datetime(ours) - pd.Timestamp("1960-01-01")).dt.days if dated else ours.astype(float)
        np.testing.assert_array_equal(days.to_numpy(dtype=float), theirs.to_numpy(dtype=float))


@pytest.mark.parametrize("name", FILES)
def test_the_pilot_is_as_pandas_reads_it_but_for_zeros(name):
    (data,) = read(pilot() / f"{name}.xpt")
    frame = pd.read_sas(pilot() / f"{name}.xpt", format="xport", encoding="latin-1")
    assert len(frame) == data.rows
    for variable in frame.select_dtypes("number"):
        theirs = frame[variable].to_numpy(dtype=float)
        theirs = np.where(np.abs(theirs) < 1e-70, 0, theirs)
        assert ((data.texts(variable) == "").to_numpy() == np.isnan(theirs)).all()  # the same missing values
        ours = data.texts(variable)
        if not ours.str.contains(r"\d{4}-").any():
            np.testing.assert_allclose(pd.to_numeric(ours.replace("", np.nan)), theirs, rtol=1e-15)
            # No remnant of a missing value, such as 9.4e-312, is a number.
            assert not ((np.abs(theirs) < 1e-300) & (theirs != 0)).any()


def ibm(text: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(text), dtype=np.uint8).reshape(1, -1)


@pytest.mark.parametrize(
    ("bytes_", "number"),
    [
        ("4110000000000000", 1.0),
        ("C276A00000000000", -118.625),  # the example of the description of the format
        ("0000000000000000", 0.0),
        ("8000000000000000", 0.0),  # minus zero
        ("4019999999999A00", 0.1),
        ("41100000", 1.0),  # four bytes
        ("4110", 1.0),  # two
        ("7FFFFFFFFFFFFFFF", 7.237005577332262e75),
    ],
)
def test_numbers_of_ibm(bytes_, number):
    assert numbers_of(ibm(bytes_)).tolist() == [pytest.approx(number, rel=1e-12, abs=0)]


@pytest.mark.parametrize("first", [".", "_", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"])
def test_all_missing_values_of_sas(first):
    assert np.isnan(numbers_of(ibm(f"{ord(first):02x}00000000000000"))).all()
    assert not np.isnan(numbers_of(ibm(f"{ord(first):02x}10000000000000"))).any()


def test_a_number_is_a_date_by_its_format_alone():
    assert coded_numbers(np.array([19725.0])).texts.tolist() == ["19725", ""]
    assert coded_numbers(np.array([19725.0]), "E8601DA10.").texts.tolist() == ["2014-01-02", ""]
    assert coded_numbers(np.array([1704240000.0]), "DATETIME20.").texts.tolist() == ["2014-01-02 00:00:00", ""]


def test_rows_shorter_than_the_records_of_the_file(tmp_path):
    """Blanks fill the last record of 80 bytes, and are no rows; of 1 to 30 rows of 8 bytes, none is lost or made."""
    for count in range(1, 31):
        rows = [{"A": f"x{number:06d}"} for number in range(count)]
        (data,) = read(write_xpt(tmp_path / "a.xpt", "A", rows))
        assert data.rows == count


def test_several_data_sets_in_one_file(tmp_path):
    parts = [write_xpt(tmp_path / f"{name}.xpt", name, SMALL).read_bytes() for name in ("AA", "BB")]
    both = tmp_path / "both.xpt"
    both.write_bytes(parts[0] + parts[1][3 * 80 :])  # the second without the beginning of the library
    assert [(one.name, one.rows) for one in read(both)] == [("AA", 2), ("BB", 2)]


def test_another_encoding_is_stated(tmp_path):
    path = write_xpt(tmp_path / "lb.xpt", "LB", [{"LBORRES": "XXXX"}, {"LBORRES": "<0.05"}])
    path.write_bytes(path.read_bytes().replace(b"XXXX", "阴性".encode("gb18030")))
    assert read(path, "gb18030")[0].texts("LBORRES").tolist() == ["阴性", "<0.05"]
    with pytest.raises(SourceError, match='State encoding = "gb18030"'):
        read(path)[0].texts("LBORRES")
    with pytest.raises(SourceError, match="encoding 'gb18031'"):
        read(path, "gb18031")[0].texts("LBORRES")


@pytest.mark.parametrize("cut", [1, 40, 79, 81, 160])
def test_a_file_that_was_cut_off_is_refused(tmp_path, cut):
    path = write_xpt(tmp_path / "a.xpt", "A", [{"A": "x" * 100, "B": 1.0}] * 5)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(SourceError, match="a whole transport file of version 5"):
        read(path)


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!" + b"0" * 32]
)
def test_what_is_no_transport_file_is_refused(tmp_path, content):
    (tmp_path / "a.xpt").write_bytes(content)
    with pytest.raises(SourceError, match="a whole transport file"):
        read(tmp_path / "a.xpt")


JSON = {"USUBJID": "S-1", "AVAL": 0.10}


@pytest.mark.parametrize("form", ["json", "ndjson"])
def test_dataset_json(tmp_path, form):
    path = write_json(tmp_path / f"lb.{form}", "LB", [{**JSON, "N": None}, {**JSON, "AVAL": 1e-7, "N": True}])
    path.write_text(path.read_text().replace("0.1,", "0.10,"))
    data = read_dataset_json(path, path.read_bytes())
    assert (data.name, data.rows, data.labels["AVAL"]) == ("LB", 2, "AVAL")
    assert data.texts("AVAL").tolist() == ["0.10", "1e-07"]  # as printed
    assert data.texts("N").tolist() == ["", "true"]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("}", "", "no whole JSON"),
        ('"datasetJSONVersion": "1.1.0"', '"datasetJSONVersion": "1.0.0"', "version '1.0.0'"),
        ('"records": 1', '"records": 2', "1 rows, and 2 stated"),
        ('["S-1", 0.1]', '["S-1"]', "rows of another length"),
        ('["S-1", 0.1]', '["S-1", [1]]', "lists or objects in AVAL"),
        ('"columns"', '"colums"', "no description of the columns"),
        ('"name": "AVAL"', '"name": "usubjid"', "two variables of one name"),
    ],
)
def test_what_is_no_dataset_json_is_refused(tmp_path, before, after, found):
    path = write_json(tmp_path / "lb.json", "LB", [JSON])
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    with pytest.raises(SourceError, match=found):
        read_dataset_json(path, path.read_bytes()).texts("AVAL")


def test_a_folder_of_data_sets(tmp_path):
    write_xpt(tmp_path / "lbch.xpt", "LBCH", [{"DOMAIN": "LB", "USUBJID": "1"}])
    write_xpt(tmp_path / "lbhe.xpt", "LBHE", [{"DOMAIN": "LB", "USUBJID": "1"}])
    write_json(tmp_path / "adlb.json", "ADLB", [{"USUBJID": "1"}])
    library = open_library(tmp_path, {"named": {"blood": {"file": "lbhe.xpt"}}})
    names = {
        source: [one.name for one in library.find(source)] for source in ("lb", "LBCH", "adlb.json", "blood", "lbx")
    }
    assert names == {"lb": ["LBCH", "LBHE"], "LBCH": ["LBCH"], "adlb.json": ["ADLB"], "blood": ["LBHE"], "lbx": []}
    assert library.nearest("lbce") == "Did you mean 'LBHE'?"
    with pytest.raises(SourceError, match="at most 10"):
        open_library(tmp_path, {"max_bytes": 10})
    write_json(tmp_path / "more.json", "ADLB", [{"USUBJID": "1"}])
    with pytest.raises(SourceError, match=r"data sets in adlb\.json, more\.json"):
        open_library(tmp_path, {})
    with pytest.raises(SourceError, match="no such file or folder"):
        open_library(tmp_path / "nowhere", {})
