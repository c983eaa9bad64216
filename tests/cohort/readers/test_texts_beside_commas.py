"""Results as text in CDISC, OMOP and FHIR: 1.250 beside decimal commas is refused, 1.2×10^3 beside points is read."""

from __future__ import annotations

import pytest
from cdisc_rows import MAPPING as CDISC
from cdisc_rows import lb
from cdisc_rows import read as read_cdisc_rows
from fhir_resources import observation
from fhir_rows import MAPPING as FHIR
from fhir_rows import reader as fhir_reader
from omop_rows import number
from omop_rows import reader as omop_reader

from relapse_model.errors import CohortError

DAYS = ("2024-03-08", "2024-03-09", "2024-03-10")


def cdisc(folder, *texts):
    return read_cdisc_rows(folder, CDISC, lb=[lb(result=one, date=day) for one, day in zip(texts, DAYS, strict=False)])


def fhir(folder, *texts):
    mapping = FHIR.replace('analyte = "anti_hbs"', 'analyte = "anti_hbs"\nunit = "mIU/mL"')
    rows = [observation(day=day, valueString=one) for one, day in zip(texts, DAYS, strict=False)]
    return fhir_reader(folder)(*rows, mapping=mapping)


@pytest.mark.parametrize("read", [cdisc, fhir])
@pytest.mark.parametrize(
    ("texts", "numbers"),
    [
        (("1.250", "0,12", "3.5"), None),
        (("<1.250", "0,12", "35"), None),
        (("1.250×10^3", "1,2×10^3", "35"), None),
        (("1.250", "0.12", "3.5"), [1.25, 0.12, 3.5]),
        (("1.2×10^3", "0.12", "3.5"), [1200.0, 0.12, 3.5]),
        (("1,2×10^3", "0,12", "3,5"), [1200.0, 0.12, 3.5]),
        (("1.25", "0,12", "35"), [1.25, 0.12, 35.0]),
    ],
)
def test_a_point_beside_commas_may_part_thousands(tmp_path, read, texts, numbers):
    if numbers is not None:
        assert read(tmp_path, *texts).labs["number"].tolist() == numbers
        return
    with pytest.raises(CohortError, match="a number whose point cannot part thousands") as refusal:
        read(tmp_path, *texts)
    assert len(refusal.value.problems) == 1
    assert repr(texts[0]) in str(refusal.value)


@pytest.mark.parametrize(("beside", "sound"), [(1.25, True), (None, False)])
def test_a_standard_number_says_what_the_text_of_cdisc_means(tmp_path, beside, sound):
    rows = [lb(result="1.250", LBSTRESN=beside, LBSTRESU="mIU/mL"), lb(date="2024-02-12", result="0,12", LBSTRESN=0.12)]
    rows[1]["LBSTRESU"] = "mIU/mL"
    if sound:
        assert read_cdisc_rows(tmp_path, CDISC, lb=rows).labs["number"].tolist() == [1.25, 0.12]
        return
    with pytest.raises(CohortError, match="cannot part thousands"):
        read_cdisc_rows(tmp_path, CDISC, lb=rows)


def test_a_number_of_omop_says_what_its_text_means(tmp_path):
    """The text of one is the number as printed, the text of the other stands alone."""
    rows = number("1.25", text="1.250"), number("0.5", text='"0,5"', measurement_date=DAYS[1])
    assert omop_reader(tmp_path)(*rows).labs["number"].tolist() == [1.25, 0.5]
    alone = {"value_source_value": "<1.250", "measurement_date": DAYS[2]}
    with pytest.raises(CohortError, match="cannot part thousands") as refusal:
        omop_reader(tmp_path)(*rows, alone)
    assert len(refusal.value.problems) == 1
