"""Signs of CDISC results in variables and qualifiers of their own: read where the mapping names them, else refused."""

from __future__ import annotations

import pytest
from cdisc_rows import DM, MAPPING, lb, read, refused
from cdisc_writer import write_xpt

import relapse_model as rm
from relapse_model.cohort.readers.cdisc.propose import propose_cdisc

_NAMES = ["LBSIGN", "LBCOMP", "LBPREFIX", "LBOPER", "LBORRESC", "LBRESCOM"]


def rows(name, *signs):
    return [lb(result="10", date=f"2024-01-{8 + place:02d}", **{name: sign}) for place, sign in enumerate(signs)]


def supplement(said, name="LBCOMP", label="Comparator"):
    return [{"RDOMAIN": "LB", "USUBJID": "S-1", "IDVAR": "LBSEQ", "IDVARVAL": "1", "QNAM": name, "QLABEL": label,
             "QVAL": said}]  # fmt: skip


@pytest.mark.parametrize("name", _NAMES)
def test_a_sign_beside_a_number_is_never_ignored(tmp_path, name):
    """Of 10 and 10, the first is below 10: refused with the line that reads it, and read with that line."""
    text = refused(tmp_path, lb=rows(name, "<", ""))
    assert "1 problem" in text
    assert f"LB, observation 1, column '{name}': '<'" in text
    line = f'comparator = "{name}"'
    assert line in text
    cohort = read(tmp_path, MAPPING + line + "\n", lb=rows(name, "<", ""))
    assert list(cohort.labs["value"]) == ["<10", "10"]


@pytest.mark.parametrize(("sign", "read_as"), [("less than", "<10"), (">", ">10"), ("≥", ">=10")])
def test_other_signs(tmp_path, sign, read_as):
    text = refused(tmp_path, lb=rows("LBSIGN", sign, ""))
    assert "comparator = " in text
    stated = f'comparator = {{ field = "LBSIGN", values = {{ "{sign}" = "{read_as[:-2]}" }} }}\n'
    assert list(read(tmp_path, MAPPING + stated, lb=rows("LBSIGN", sign, "")).labs["value"]) == [read_as, "10"]


def test_a_flag_of_what_is_below_its_limit_denies_a_number(tmp_path):
    assert "column 'LBBLQ': 'Y'" in refused(tmp_path, lb=rows("LBBLQ", "Y", "N"))


@pytest.mark.parametrize(("name", "one"), [("LBNRIND", "LOW"), ("LBORNRLO", "<"), ("LBSIGN", "="), ("LBCLSIG", "N"),
                                           ("LBFAST", "Y"), ("LBBLFL", "Y")])  # fmt: skip
def test_other_variables_say_nothing_of_the_number(tmp_path, name, one):
    assert list(read(tmp_path, lb=rows(name, one, "")).labs["value"]) == ["10", "10"]


def test_a_sign_beside_a_number_that_is_printed_with_it(tmp_path):
    assert list(read(tmp_path, lb=[lb(result="<10", LBSIGN="<")]).labs["value"]) == ["<10"]
    assert "column 'LBSIGN': '>'" in refused(tmp_path, lb=[lb(result="<10", LBSIGN=">")])


@pytest.mark.parametrize("said", ["<", "less than"])
def test_a_sign_in_a_qualifier_is_never_ignored(tmp_path, said):
    text = refused(tmp_path, lb=[lb(result="10", LBSEQ=1.0)], supplb=supplement(said))
    assert "LB, observation 1, column 'SUPPLB.LBCOMP'" in text
    assert "Write the sign before the number" in text
    other = supplement("N", "LBCLSIG", "Clinically significant")
    assert len(read(tmp_path, lb=[lb(result="10", LBSEQ=1.0)], supplb=other).labs) == 1


def test_the_proposal_reads_signs(tmp_path):
    for name, made in (("dm", DM), ("lb", rows("LBSIGN", "<", ""))):
        write_xpt(tmp_path / f"{name}.xpt", name.upper(), made)
    text = propose_cdisc(tmp_path, rm.load_study("hbsag-relapse"))
    assert '\ncomparator = "LBSIGN"\n' in text
