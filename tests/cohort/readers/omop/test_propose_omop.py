"""What a proposal makes of concepts: what most rows call them, rows that call them otherwise, and drugs by text."""

from __future__ import annotations

import pandas as pd
import pytest
from omop_rows import DRUG, MEASUREMENT, PERSON, PROCEDURE
from omop_writer import write_duckdb

import relapse_model as rm
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.omop.database import DuckTables
from relapse_model.cohort.readers.omop.folder import Folder
from relapse_model.cohort.readers.omop.propose import propose_omop
from relapse_model.cohort.readers.omop.read import read_omop
from relapse_model.errors import CohortError

TIME = '[time]\ntable = "procedure_occurrence"\ncodes = [100]\n'
DRUGS = ("entecavir 0.5 MG Oral Tablet", "aspirin 100 MG", "entecavir placebo", "HBIG 400 IU")


def drug(concept, text, place=0):
    return DRUG | {"drug_exposure_id": str(50 + place), "drug_concept_id": concept, "drug_source_value": text}


def result(text, concept="1", **more):
    return MEASUREMENT | {"measurement_source_value": text, "measurement_concept_id": concept, "value_as_number": "100",
                          "unit_source_value": "IU/mL"} | more  # fmt: skip


@pytest.fixture
def write(tmp_path):
    """Return a function that writes results and drugs, and proposes a mapping of them."""

    def writing(results, drugs=(), concepts=()):
        rows = [
            one | {"measurement_id": str(11 + place), "measurement_date": f"2024-03-{8 + place:02}"}
            for place, one in enumerate(results)
        ]
        tables = {"PERSON": [PERSON], "MEASUREMENT": rows, "PROCEDURE_OCCURRENCE": [PROCEDURE],
                  "DRUG_EXPOSURE": list(drugs) or [drug("9", "aspirin")]}  # fmt: skip
        if concepts:
            columns = ("concept_id", "concept_name", "concept_code", "vocabulary_id")
            tables["CONCEPT"] = [dict(zip(columns, one, strict=True)) for one in concepts]
        for name, some in tables.items():
            lines = [",".join(some[0]), *(",".join(one.values()) for one in some)]
            (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return propose_omop(tmp_path, rm.load_study("hbsag-relapse"))

    return writing


def followed(proposal, *lines):
    """Return the proposal with time zero, and with some of its commented lines taken up."""
    head, _, rest = proposal.partition("[time]")
    for line in lines:
        assert line in rest
        rest = rest.replace(line, line.removeprefix("# "))
    return parse_mapping(head + TIME + rest[rest.index("\n\n") :])


def test_one_odd_row_takes_no_analyte_away(write, tmp_path):
    """Four rows of a concept are HBV DNA; of one that says HDV RNA it is asked, and by the line it is left out."""
    text = write([*[result("HBV DNA")] * 4, result("HDV RNA")])
    assert 'analyte = "hbv_dna"' in text
    assert '#? 1 row is called otherwise ("HDV RNA": 1), and will be refused' in text
    with pytest.raises(CohortError, match="'HDV RNA'"):
        read_omop(tmp_path, followed(text))
    cohort = read_omop(tmp_path, followed(text, '# when = { measurement_source_value = ["HBV DNA"] }'))
    assert len(cohort.labs) == 4


@pytest.mark.parametrize("names", [["HBsAg", "HBsAb"], ["HBsAg", "HBsAb", "HBsAb", "HBsAg"]])
def test_a_concept_that_is_as_much_one_as_another_is_asked(write, names):
    text = write([result(name) for name in names])
    assert "#? Is it hbsag or anti_hbs?" in text
    assert "\n[[labs]]" not in text


def test_the_row_of_another_name_is_left_out_by_what_its_refusal_says(write, tmp_path):
    text = write([*[result("HBV DNA")] * 2, result("HDV RNA")])
    with pytest.raises(CohortError) as refusal:
        read_omop(tmp_path, followed(text))
    assert 'unless = { measurement_source_value = "..." } in the entry' in str(refusal.value)
    for unless in ('unless = { measurement_source_value = "HDV RNA" }', "unless = { measurement_id = [13] }"):
        mapping = text.replace('analyte = "hbv_dna"', f'analyte = "hbv_dna"\n{unless}')
        cohort = read_omop(tmp_path, followed(mapping))
        assert len(cohort.labs) == 2
        assert "1 not as the mapping's 'when' asks, or left out by its 'unless'" in str(cohort.reading)


def test_the_vocabulary_decides_before_the_rows(write):
    concepts = [("1", "Hepatitis B virus surface Ag", "LOCAL", "None"), ("9", "aspirin", "x", "RxNorm")]
    assert 'analyte = "hbsag"' in write([result("4711")] * 3, concepts=[("1", "HBsAg", "X", "None")])
    text = write([result("HBsAb")] * 3, concepts=[("1", "HBsAg", "X", "None"), *concepts[1:]])
    assert "#? Is it hbsag or anti_hbs?" in text


def test_rows_without_a_concept_are_proposed_by_their_text(write, tmp_path):
    text = write([result("HBsAb", concept, unit_source_value="mIU/mL") for concept in ("0", "", "0")])
    cohort = read_omop(tmp_path, followed(text))
    assert list(cohort.labs["analyte"]) == ["anti_hbs"] * 3


def test_drugs_are_known_by_what_stands_before_strength_and_form(write):
    text = write([result("HBsAg")], [drug(str(60 + at), one, at) for at, one in enumerate(DRUGS)])
    assert 'agent = "entecavir"\ncodes = [\n    60,  # entecavir 0.5 MG Oral Tablet: 1' in text
    assert 'agent = "hbig"\ncodes = [\n    63,' in text
    assert "#? Is it entecavir? entecavir placebo: 1" in text
    assert "# codes = [61]  # aspirin 100 MG: 1" in text


def test_drugs_without_a_concept_are_read_by_their_text(write, tmp_path):
    text = write([result("HBsAg")], [drug("0", "entecavir 0.5 MG Oral Tablet"), drug("0", "entecavir trial arm", 1)])
    cohort = read_omop(tmp_path, followed(text))
    assert list(cohort.treatments["agent"]) == ["entecavir"]
    assert "#? Is it entecavir? entecavir trial arm: 1" in text


def test_drugs_are_known_by_the_name_of_their_concept(write):
    concepts = [("61", "tenofovir disoproxil 300 MG Oral Tablet", "349251", "RxNorm")]
    text = write([result("HBsAg")], [drug("61", "1234")], concepts)
    assert 'agent = "tenofovir"\ncodes = [\n    61,' in text


@pytest.mark.parametrize("concepts", [(), [("9202", "Outpatient Visit", "OP", "Visit")]])
def test_visits_are_called_by_their_names(write, tmp_path, concepts):
    """Also without the table CONCEPT, or where it lacks one of them; a concept that nobody knows keeps its number."""
    codes = ["9202"] * 3 + ["9203"] * 2 + ["77"]
    rows = [f"{at},1,{code},2024-03-01,2024-03-01" for at, code in enumerate(codes)]
    head = "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_end_date"
    (tmp_path / "VISIT_OCCURRENCE.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    text = write([result("HBsAg")], concepts=concepts)
    assert "# codes = [9202]  # 9202 Outpatient Visit: 3, 9203 Emergency Room Visit: 2, 77: 1" in text


OBSERVED = (
    [("900", "HBIG", "treatment arm")] * 2 + [("900", "Control", "treatment arm")] + [("41", "a note", "note")] * 4
)


def observations(folder, kind):
    """Write two patients' observations as CSV or in DuckDB; return the source."""
    columns = ("observation_concept_id", "value_as_string", "observation_source_value")
    rows = [
        {"observation_id": str(place), "person_id": "1", **dict(zip(columns, one, strict=True))}
        for place, one in enumerate(OBSERVED)
    ]
    tables = {"person": [PERSON], "measurement": [result("HBV DNA")], "observation": rows}
    frames = {name: pd.DataFrame(some) for name, some in tables.items()}
    if kind == "files":
        for name, frame in frames.items():
            frame.to_csv(folder / f"{name}.csv", index=False)
        return folder
    write_duckdb(frames, folder / "cdm.duckdb", "main")
    return folder / "cdm.duckdb"


@pytest.mark.parametrize("kind", ["files", "duckdb"])
def test_texts_of_observations_are_read_of_the_arm_alone(tmp_path, kind, monkeypatch):
    """Four of the seven rows are notes: they are counted by the source, and their texts are not fetched."""
    queries = []
    owner = Folder if kind == "files" else DuckTables
    chunks = owner.chunks
    monkeypatch.setattr(owner, "chunks", lambda self, query: (queries.append(query), chunks(self, query))[1])
    text = propose_omop(observations(tmp_path, kind), rm.load_study("hbsag-relapse"))
    assert "HBIG: 2, Control: 1" in text
    assert "# 41  # note: 4" in text
    assert "# 900  # treatment arm: 3" in text
    texts = [one for one in queries if one.table == "observation" and "value_as_string" in one.columns]
    assert [one.among for one in texts] == [{"observation_concept_id": ("900",)}]


def test_concepts_without_a_vocabulary_are_called_as_the_library_calls_their_codes(tmp_path):
    """Glucose in serum once, in blood twice: the entry reads the one, and names the other with its count."""
    (tmp_path / "own.toml").write_text(
        '[study]\nprotocol = 1\nname = "own"\n[prediction]\nlandmark_weeks = [0]\n[predictors]\nglucose = {}\n',
        encoding="utf-8",
    )
    codes = ("2345-7", "2339-0", "2339-0", "6768-6", "8480-6")
    rows = [result(code, code.replace("-", ""), unit_source_value="mg/dL") | {"measurement_id": str(11 + place)}
            for place, code in enumerate(codes)]  # fmt: skip
    for name, some in {"PERSON": [PERSON], "MEASUREMENT": rows}.items():
        lines = [",".join(some[0]), *(",".join(one.values()) for one in some)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = propose_omop(tmp_path, rm.load_study(tmp_path / "own.toml"))
    entry, _, rest = text.partition("[[labs]]")[2].partition("# Found, and not known")
    assert "    23457,  # 2345-7 Glucose: 1 (mg/dL: 1)" in entry
    beside = "codes = [23390]  # 2339-0 Glucose in blood: 2 (mg/dL: 2)"
    assert f"# The same in another specimen, and not read here: {beside}" in entry
    assert "# codes = [67686]  # 6768-6 Alkaline phosphatase: 1 (mg/dL: 1)" in rest
    assert "# codes = [84806]  # 8480-6: 1 (mg/dL: 1)" in rest
