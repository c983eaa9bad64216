"""RS204 and RS205: units and assays that the training did not have, of the results that predictors read."""

from __future__ import annotations

import pandas as pd
import pytest

import relapse_model as rm
from relapse_model.model.scoring.guards.results_read import measured_summary, rows_read
from relapse_model.model.scoring.guards.rs204_rs205_other_name import ASSAY_GUARD as ASSAY
from relapse_model.model.scoring.guards.rs204_rs205_other_name import UNIT_GUARD as UNIT
from relapse_model.model.scoring.guards.shown_names import assay_key, holds_identifier, identifiers

TRAINED = {"units": {"anti_hbs": {"mIU/mL": 90}}, "assays": {"anti_hbs": {"Architect Anti-HBs": 60, "Elecsys": "<5"}}}
AGES = {"age_years": 40}


def titre(position, week, value="100", unit="mIU/mL", assay="Architect Anti-HBs"):
    return position, "anti_hbs", week, value, unit, assay


def test_a_unit_that_converts_is_warned_of_where_the_training_had_another(new_patients_of, said):
    labs = [titre(0, 0), titre(1, 0, unit="IU/L"), titre(2, 0, unit="m[IU]/mL"), titre(3, 0, "阴性", unit=None)]
    new = new_patients_of([AGES] * 4, labs, summary=TRAINED)
    # Another spelling is no other unit, and a word has none.
    text = "unit other than trained: Anti-HBs in 'IU/L' (trained in mIU/mL)"
    assert said(UNIT, new) == {1: [text]}
    assert said(ASSAY, new) == {}


def test_an_assay_is_warned_of_where_the_training_had_others(new_patients_of, said):
    labs = [
        titre(0, 0),
        titre(1, 0, assay="Liaison"),
        titre(2, 0, assay=" ARCHITECT  anti-HBs"),
        titre(3, 0, assay=None),
    ]
    labs.append(titre(4, 0, assay="Elecsys"))  # fewer than 5 patients had it, and that is known
    found = said(ASSAY, new_patients_of([AGES] * 5, labs, summary=TRAINED))
    text = "assay other than trained: Anti-HBs on 'Liaison' (trained on Architect Anti-HBs or Elecsys)"
    assert found == {1: [text]}


def test_only_results_that_a_predictor_reads_count(new_patients_of, said):
    labs = [titre(0, 0, assay="Liaison"), titre(0, 12), titre(1, 0), titre(1, 13, assay="Liaison")]
    labs += [(2, "hbsag", 0, "<0.05", "IU/mL", "Liaison"), titre(2, 0)]
    # Kind last reads one: the first patient's old titre, the second's after the landmark and HBsAg are not read.
    assert said(ASSAY, new_patients_of([AGES] * 3, labs, summary=TRAINED)) == {}
    mean = '[[predictors]]\nname = "mean"\nkind = "mean"\nanalyte = "anti_hbs"\n'
    assert set(said(ASSAY, new_patients_of([AGES] * 3, labs, summary=TRAINED, added=mean))) == {0}


def test_an_assay_that_holds_an_identifier_is_not_shown(new_patients_of, said):
    labs = [titre(0, 0), titre(1, 0, assay="blood of pt-000")]
    found = said(ASSAY, new_patients_of([AGES] * 2, labs, summary=TRAINED))
    assert "one that is not shown, since it holds an identifier" in found[1][0]
    assert "pt-000" not in found[1][0].casefold()


@pytest.mark.parametrize(
    "summary", [None, {"assays": {}, "units": {}}, {"assays": {"anti_hbs": {}}, "units": {"anti_hbs": {}}}]
)
def test_without_names_from_the_training_there_is_nothing_to_compare(new_patients_of, said, summary):
    new = new_patients_of([AGES], [titre(0, 0, unit="IU/L", assay="Liaison")], summary=summary)
    assert said(ASSAY, new) == said(UNIT, new) == {}


def test_the_rows_that_kinds_read(new_patients_of):
    labs = [titre(0, 12, "300"), titre(0, 4, "200"), titre(1, 0, "100"), titre(1, 8, "positive"), titre(1, 20)]
    new = new_patients_of([AGES] * 2, labs)
    last, first, window = (
        new_patients_of(
            [AGES] * 2, labs, added=f'[[predictors]]\nname = "x"\nkind = "{kind}"\nanalyte = "anti_hbs"\n{more}'
        ).study.predictor("x")
        for kind, more in (("last", ""), ("first", ""), ("maximum", "window_weeks = 8\n"))
    )
    # Positions in the table above. A word without a number is the last result of nobody.
    assert rows_read(new.cohort, new.study, last, 12.0).tolist() == [0, 2]
    assert rows_read(new.cohort, new.study, first, 12.0).tolist() == [1, 2]
    assert rows_read(new.cohort, new.study, window, 12.0).tolist() == [1, 0, 3]
    assert rows_read(new.cohort, new.study, last, -5.0).tolist() == []


def test_the_summary_counts_patients_and_tells_no_small_count(new_patients_of):
    labs = [titre(position, 0) for position in range(6)] + [titre(6, 0, unit="IU/L", assay="architect anti-hbs")]
    labs += [titre(7, 0, assay="Liaison"), titre(8, 0, assay="of PT-003"), titre(8, 20, assay="Later")]
    new = new_patients_of([AGES] * 9, labs)
    stated = measured_summary(new.cohort, new.study, 12.0, fewest=5)
    # Two spellings of one assay are counted together, by the commoner; the identifier is left out.
    assert stated["assays"] == {"anti_hbs": {"Architect Anti-HBs": 7, "Liaison": "<5"}}
    assert stated["units"] == {"anti_hbs": {"IU/L": "<5", "mIU/mL": 8}}


def test_a_model_knows_its_assays_and_units_up_to_the_last_landmark(model, study):
    assert model.summary["units"]["hbcrag"] == {"log10 U/mL": pytest.approx(132, abs=10)}
    assert set(model.summary["assays"]["anti_hbs"]) == {"Architect Anti-HBs", "Elecsys Anti-HBs II"}
    assert set(model.summary["assays"]) == {"anti_hbs", "hbsag", "hbcrag"}  # the analytes of the predictors


def test_names_meet_in_one_spelling_and_identifiers_are_words():
    assert assay_key("ELECSYS  HBsAg") == assay_key("elecsys hbsag ")
    assert assay_key("Elecsys HBsAg") != assay_key("Elecsys HBsAg II")
    cohort = rm.make_cohort(
        pd.DataFrame({"patient_id": ["A-17", "7", "王五", "x"]}),
        pd.DataFrame({"patient_id": ["7"], "week": [0], "analyte": ["alt"], "value": ["9"], "unit": ["U/L"]}),
    )
    known = identifiers(cohort)
    assert known == {"a-17", "王五"}  # a short number, or one letter, is nobody's name
    assert holds_identifier("serum A-17, thawed", known)
    assert holds_identifier("血清王五", known)
    assert not holds_identifier("Lumipulse A-170", known)
