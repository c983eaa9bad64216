"""The study: the built-in one, and what it says of its sources."""

from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import pytest

import relapse_model as rm
from relapse_model.cohort.laboratory.unit_conversion import conversion
from relapse_model.cohort.tables.columns import TABLES
from relapse_model.errors import StudyError
from relapse_model.study.predictor import Predictor, Prior
from relapse_model.study.predictor_kinds import FEATURE_KINDS
from relapse_model.study.reader import parse_study, read_study_text
from relapse_model.study.study import PROTOCOL, Study


def test_names_of_the_contract_exist():
    for name in ("Cohort", "make_cohort", "read_cohort", "Study", "load_study", "RelapseModelError"):
        assert name in rm.__all__
        assert getattr(rm, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'read_cohorts'"):
        rm.read_cohorts  # noqa: B018
    assert set(rm.__all__) <= set(dir(rm))


def test_the_built_in_study_is_the_registered_trial(study):
    # NCT07328711: HBsAg below 0.05 IU/mL at entry, sustained seroclearance at week 48.
    assert isinstance(study, Study)
    assert (study.name, study.registry) == ("hbsag-relapse", "NCT07328711")
    assert (study.outcome.analyte, study.outcome.at_least) == ("hbsag", 0.05)
    assert study.analytes["hbsag"].unit == "IU/mL"
    assert (study.prediction.landmark_weeks, study.prediction.horizon_weeks) == ((0.0,), 48.0)


def test_a_criterion_of_the_body_mass_index_states_its_unit(study):
    (criterion,) = [one for one in study.eligibility.include if one.column == "bmi_kg_m2"]
    assert criterion.text == "BMI must not exceed 28 kg/m²"


def test_every_prior_has_a_source_or_says_that_nothing_is_known(study):
    priors = {predictor.name: predictor.prior for predictor in study.predictors if predictor.prior}
    assert len(priors) >= 5
    for name, prior in priors.items():
        sourced = re.search(r"doi:10\.\d{4,9}/\S+", prior.source)
        assert sourced or (prior.source.startswith("no published effect") and prior.log_odds == 0), name
        assert 0 < prior.sd <= 1, name


def test_where_a_direction_is_said_the_prior_points_there(study):
    for predictor in study.predictors:
        if predictor.direction and predictor.prior:
            assert predictor.prior.log_odds * {"up": 1, "down": -1}[predictor.direction] >= 0


def test_priors_are_what_their_sources_shrink_to(study):
    """Normal(0, 1) on the log odds ratio: mean b / (1 + s^2), sd s / sqrt(1 + s^2); s = CI width / 3.92."""
    # Chang 2025 Table 5: anti-HBs positive at stop, log OR -1.61 (0.69), spread over the 1.37 log10 from 5 to 118.
    s = 0.69
    prior = study.predictor("anti_hbs").prior
    assert prior.per == "log10"
    assert prior.log_odds == pytest.approx(-1.61 / (1 + s**2) / 1.37, abs=0.006)
    assert prior.sd == pytest.approx(s / (1 + s**2) ** 0.5 / 1.37, abs=0.006)
    # Liao 2021: HR 2.10 per log10, a quarter of its logarithm.
    assert study.predictor("hbcrag").prior.log_odds == pytest.approx(0.742 / 4, abs=0.006)


def test_every_name_in_the_built_in_study_leads_somewhere(study):
    for predictor in study.predictors:
        assert predictor.kind in FEATURE_KINDS
        assert predictor.analyte is None or predictor.analyte in study.analytes
        assert predictor.column is None or predictor.column in TABLES["patients"]
        assert predictor.label
        assert study.predictor(predictor.name) is predictor
    assert len({predictor.name for predictor in study.predictors}) == len(study.predictors)


def test_every_accepted_unit_converts(study):
    for analyte in study.analytes.values():
        for unit in (analyte.unit, *analyte.units):
            assert conversion(analyte, unit) is not None
            assert conversion(analyte, f"log10 {unit.removeprefix('log10 ')}") is not None


def test_units_that_only_look_alike_do_not_convert(study):
    assert conversion(study.analytes["anti_hbs"], "IU/L") == (1.0, "as_is")
    for name, unit in (("anti_hbs", "IU/mL"), ("hbsag", "ng/mL"), ("hbsag", "COI"), ("hbv_dna", "copies/mL")):
        assert conversion(study.analytes[name], unit) is None


def test_the_text_of_a_study_is_kept_as_it_was(study, tmp_path):
    assert parse_study(study.text, "again") == study
    for end in ("\n", "\r\n"):
        text = study.text.replace("\n", end) + f"# a last line without an end{end}# 尾"
        (tmp_path / "own.toml").write_bytes(text.encode("utf-8"))
        assert rm.load_study(tmp_path / "own.toml").text == text


def test_a_mark_that_an_editor_puts_before_the_text_is_no_part_of_it(study, tmp_path):
    (tmp_path / "own.toml").write_bytes(b"\xef\xbb\xbf" + study.text.encode("utf-8"))
    assert rm.load_study(str(tmp_path / "own.toml")) == study


def test_a_study_prints_without_its_text_and_cannot_be_changed(study):
    assert "How the priors were made" not in repr(study)
    with pytest.raises(FrozenInstanceError):
        study.name = "another"


def test_the_built_in_study_is_called_by_its_name_in_messages():
    text, source = read_study_text("hbsag-relapse")
    assert source == "study 'hbsag-relapse'"
    assert f"protocol = {PROTOCOL}" in text


@pytest.mark.parametrize("name", ["hbsag", "", "../studies/hbsag_relapse", "HBsAg-relapse", "hbsag-relapse.tom"])
def test_a_name_that_is_no_study(name):
    with pytest.raises(StudyError) as caught:
        rm.load_study(name)
    (problem,) = caught.value.problems
    assert problem.found == f"no built-in study {name!r}"
    assert "hbsag-relapse" in problem.expected
    assert problem.advice.endswith("For a file of your own give a path that ends in .toml")


def test_a_file_that_cannot_be_read(tmp_path):
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "gb.toml").write_bytes("# 研究\n".encode("gb18030"))
    for name, found in (
        ("nowhere.toml", "no such file"),
        ("gb.toml", "byte 0xd1 is not UTF-8"),
        ("folder.toml", "cannot be read (Is a directory)"),
    ):
        with pytest.raises(StudyError) as caught:
            rm.load_study(tmp_path / name)
        (problem,) = caught.value.problems
        assert (problem.table, problem.found) == (name, found)


def test_kinds_of_predictors_ask_only_for_keys_that_exist():
    known = {field.name for field in fields(Predictor)}
    for kind in FEATURE_KINDS.values():
        assert {*kind.requires, *kind.allows} <= known
        assert not set(kind.requires) & set(kind.allows)
        assert kind.definition
    assert {field.name for field in fields(Prior)} == {"log_odds", "sd", "per", "source"}


@pytest.mark.parametrize(
    ("title", "outcome", "expected"),
    [("A title", True, "A title"), ("", True, "HBsAg relapse"), ("  ", True, "HBsAg relapse"), ("", False, "own")],
)
def test_a_page_of_a_study_without_a_title_is_headed_by_its_outcome_or_its_name(title, outcome, expected):
    study = replace(rm.load_study("hbsag-relapse"), title=title, name="own")
    if not outcome:
        study = replace(study, outcome=replace(study.outcome, stated=False))
    assert study.heading == expected


def test_no_page_card_or_service_reads_the_title_past_its_heading():
    """An empty title gave pages without a heading: everything shown goes through the one property."""
    source = Path(rm.__file__).parent
    files = [*source.glob("*/**/*.py"), *source.glob("*/**/*.jinja")]
    bare = [one for one in files if "study.title" in one.read_text(encoding="utf-8")]
    assert len(files) > 300
    assert bare == []
