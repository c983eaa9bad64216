"""What a reading says of results that are words: how each is read, and those that say that there is none."""

from __future__ import annotations

from spreadsheet_files import as_mapping, workbook

from relapse_model.cohort.readers.spreadsheets.read import read_excel

MAPPING = (
    '[time]\nzero = { field = "day" }\n[patients]\nid = "id"\n'
    '[[labs]]\nanalyte = "hbsag"\nvalue = "HBsAg"\nunit = "IU/mL"\ndate = "day"\n'
)


def test_a_grey_zone_and_a_haemolysed_specimen_are_told_with_their_counts(tmp_path):
    """Of six results one is a number, two are +-, one is negative, and two say that there is none."""
    texts = ("12", "+-", "+-", "阴性", "溶血", "溶血")
    rows = [["id", "day", "HBsAg"], *([str(at), "2024-01-01", text] for at, text in enumerate(texts))]
    cohort = read_excel(workbook(tmp_path / "a.xlsx", rows), as_mapping(MAPPING))
    notes = cohort.reading.notes
    assert "words read as negative: '阴性' 1" in notes
    grey = "neither negative nor positive (a grey zone: whether it was detected is not known)"
    assert f"words read as {grey}: '+-' 2" in notes
    assert "2 of the results used say that there is none, and are kept as missing: '溶血' 2" in notes
    assert list(cohort.labs["kind"]).count("missing") == 2


def test_numbers_alone_are_not_told_of(tmp_path):
    cohort = read_excel(
        workbook(tmp_path / "a.xlsx", [["id", "day", "HBsAg"], ["1", "2024-01-01", "12"]]), as_mapping(MAPPING)
    )
    assert not [note for note in cohort.reading.notes if "words" in note or "missing" in note]
