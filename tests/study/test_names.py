"""Names: which spellings are one name, which texts only look like one, and which are neither."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relapse_model as rm
from relapse_model.study.names import NameTable, level_of, name_key, resembled, yes_or_no
from relapse_model.study.names_known import agent_names, analyte_names
from relapse_model.study.names_near import near_names


@pytest.fixture(scope="module")
def agents(study):
    return agent_names(study)


@pytest.fixture(scope="module")
def analytes(study):
    return analyte_names(study)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("pegifn", "pegifn"), ("PegIFN", "pegifn"), ("Peg-IFN", "pegifn"), ("peg ifn alpha 2B", "pegifn"),
        ("PEG-IFNα-2a", "pegifn"), ("ＰＥＧＩＦＮ", "pegifn"), ("peginterferon alfa–2a", "pegifn"),
        ("派罗欣", "pegifn"),
        ("佩乐能", "pegifn"), ("派格宾", "pegifn"), ("聚乙二醇干扰素", "pegifn"), ("聚乙二醇干扰素 α-2b", "pegifn"),
        ("派罗欣（聚乙二醇干扰素α-2a）", "pegifn"), ("L03AB11", "pegifn"), ("l03ab10", "pegifn"),
        ("Pegasys®", "pegifn"),
        ("恩替卡韦", "entecavir"), ("ETV", "entecavir"), ("恩替卡韦 (ETV)", "entecavir"), ("TDF", "tenofovir"),
        ("tenofovir disoproxil fumarate", "tenofovir"), ("替诺福韦", "tenofovir"), ("TAF", "tenofovir_alafenamide"),
        ("TMF", "tenofovir_amibufenamide"), ("艾米替诺福韦", "tenofovir_amibufenamide"), ("替比夫定", "telbivudine"),
        ("LdT", "telbivudine"), ("adefovir dipivoxil", "adefovir"), ("3TC", "lamivudine"), ("HBIG", "hbig"),
        ("乙型肝炎人免疫球蛋白", "hbig"), ("Hepatitis B Immune Globulin", "hbig"), ("乙肝疫苗", "hbv_vaccine"),
        ("重组乙型肝炎疫苗（CHO细胞）", "hbv_vaccine"), ("NUC", "nuc"), ("核苷（酸）类似物", "nuc"),
        ("普通干扰素", "interferon_conventional"), ("interferon alfa-2b", "interferon_conventional"),
    ],
)  # fmt: skip
def test_agents_by_the_names_that_hospitals_print(text, name, agents):
    assert agents.meaning(text).name == name


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("stopped ETV", "entecavir"),  # of an agent, but not that it was given
        ("ETV 0.5mg", "entecavir"),
        ("entecavr", "entecavir"),
        ("lamivudin", "lamivudine"),
        ("peginterferon lambda", "pegifn"),
        ("interferon", "pegifn"),  # pegylated or not: it does not say
        ("干扰素", "pegifn"),
        ("IFN", "pegifn"),
        ("ropeginterferon alfa-2b", "pegifn"),
        ("immunoglobulin", "hbig"),
        ("ETV+TAF", "entecavir"),
        ("no NUC", "nuc"),
    ],
)
def test_what_looks_like_an_agent_is_in_doubt(text, doubt, agents):
    found = agents.meaning(text)
    assert found.name is None
    assert doubt in found.doubt


@pytest.mark.parametrize("text", [
    "aspirin", "ribavirin", "sofosbuvir", "ursodeoxycholic acid", "metformin", "泼尼松", "甘草酸二铵", "telaprevir",
    "zidovudine", "stavudine", "influenza vaccine", "tetanus immune globulin", "vitamin D", "advil", "tafluprost",
])  # fmt: skip
def test_other_drugs_are_other_drugs(text, agents):
    assert agents.meaning(text) == NameTable({}, ()).meaning("x")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("HBsAg", "hbsag"), ("HBs-Ag", "hbsag"), ("乙肝表面抗原", "hbsag"), ("乙型肝炎病毒表面抗原(HBsAg)", "hbsag"),
        ("63557-3", "hbsag"), ("HBSAG", "hbsag"), ("anti-HBs", "anti_hbs"), ("Anti HBs", "anti_hbs"),
        ("anti.HBs", "anti_hbs"), ("HBsAb", "anti_hbs"), ("乙肝表面抗体", "anti_hbs"), ("抗-HBs", "anti_hbs"),
        ("5193-8", "anti_hbs"), ("HBV-DNA", "hbv_dna"), ("HBV DNA 定量", "hbv_dna"), ("HBVVLD", "hbv_dna"),
        ("HBeAg", "hbeag"), ("乙肝e抗原", "hbeag"), ("HBcrAg", "hbcrag"), ("谷丙转氨酶", "alt"), ("PLT", "platelets"),
        ("总胆红素", "bilirubin"), ("anti-HBc", "anti_hbc"), ("HBcAb", "anti_hbc"), ("anti-HBe", "anti_hbe"),
        ("AFP", "afp"), ("甲胎蛋白", "afp"), ("HBV RNA", "hbv_rna"),
    ],
)  # fmt: skip
def test_analytes_by_the_names_that_laboratories_print(text, name, analytes):
    assert analytes.meaning(text).name == name


@pytest.mark.parametrize("text", ["hepatitis B surface antign", "hepatitis B surfce antibody", "core related antgen"])
def test_a_slip_in_the_name_of_an_analyte_that_is_read_is_in_doubt(text, analytes):
    found = analytes.meaning(text)
    assert (found.name, bool(found.doubt)) == (None, True)


@pytest.mark.parametrize("text", ["HBsAg confirmatory test", "anti-HBs IgG", "HBsAg/HBeAg", "DNA", "surface antibody"])
def test_a_word_more_may_be_another_analyte_which_is_told_and_not_refused(text, analytes):
    """As direct bilirubin beside bilirubin: who has both must not be refused for the one."""
    found = analytes.meaning(text)
    assert (found.name, found.doubt) == (None, ())
    assert analytes.alike(text)


@pytest.mark.parametrize("text", [
    "creatinine", "haemoglobin", "anti-HCV", "丙肝抗体", "HCV RNA", "anti-HBc IgM", "AST/ALT", "globulin", "INR",
    "51938",
])  # fmt: skip
def test_other_analytes_are_other_analytes(text, analytes):
    assert (analytes.meaning(text).name, analytes.meaning(text).doubt) == (None, ())


def test_a_study_without_synonyms_knows_the_spellings_of_its_own_names():
    """As a study of a model file of an earlier version: names, labels and codes, without any list of synonyms."""
    table = NameTable({"anti_hbs": ("Anti-HBs", "5193-8"), "hbsag": ("HBsAg",)}, ("anti_hbs", "hbsag"))
    assert [table.meaning(text).name for text in ("ANTI-HBS", "5193-8", "hbs ag")] == ["anti_hbs", "anti_hbs", "hbsag"]
    # One letter apart, and another antibody: never taken for it, and never in doubt.
    assert all(table.meaning(text) == table.meaning("x") for text in ("anti-HBc", "anti-HBe", "HBeAg"))


def test_a_label_or_code_of_two_analytes_names_neither():
    table = NameTable({"alt": ("1742-6",), "alt_in_uln": ("1742-6",)}, ("alt",))
    assert table.meaning("ALT").name == "alt"
    assert table.meaning("1742-6").doubt == ("alt", "alt_in_uln")


def test_names_that_differ_in_case_alone_are_told_apart_by_it():
    table = NameTable({"b": (), "B": ()}, ())
    assert (table.meaning("b").name, table.meaning("B").name) == ("b", "B")


@pytest.mark.parametrize(("one", "other"), [
    ("A+", "A-"), ("HBV-", "HBV"), ("1-2", "12"), ("2.5", "25"), ("F0-1", "F01"), ("5193-8", "51938"),
])  # fmt: skip
def test_what_is_not_one_name(one, other):
    assert name_key(one) != name_key(other)


SPELT = st.sampled_from(
    ["peg ifn", "PEG-IFN", "Peg_IFN", "ｐｅｇｉｆｎ", "peg–ifn", "  pegIFN ", "peg\u200bifn", "PEG．IFN"]
)


@given(SPELT)
def test_every_spelling_of_a_name_is_the_name(text):
    assert name_key(text) == "pegifn"


@given(st.text(max_size=30))
def test_a_key_is_its_own_key(text):
    assert name_key(name_key(text)) == name_key(text)


@settings(deadline=None)  # the study is read in each example
@given(st.text(max_size=20))
def test_no_text_breaks_a_table_or_means_two_things(text):
    found = agent_names(rm.load_study("hbsag-relapse")).meaning(text)
    assert found.name is None or not found.doubt


@pytest.mark.parametrize("text", ["1", "1.0", "01", "yes", "YES", "Y", "True", "true", "是", "有", "ｙｅｓ", " yes "])
def test_yes(text):
    assert yes_or_no(text) is True


@pytest.mark.parametrize("text", ["0", "0.0", "no", "NO", "n", "False", "否", "无", "没有"])
def test_no(text):
    assert yes_or_no(text) is False


@pytest.mark.parametrize(
    "text", ["", "2", "-1", "0.5", "t", "f", "F", "M", "ETV", "unknown", "yes, since 2019", "1e0x"]
)
def test_neither_yes_nor_no(text):
    assert yes_or_no(text) is None


@pytest.mark.parametrize(
    ("text", "levels", "expected"),
    [
        ("C", ("B", "C"), "C"), ("c", ("B", "C"), "C"), ("Ｃ", ("B", "C"), "C"), ("C2", ("B", "C"), None),
        ("2.0", ("1", "2"), "2"), ("2", ("1.0", "2.0"), "2.0"), ("yes", ("0", "1"), "1"), ("否", ("no", "yes"), "no"),
        ("1a", ("1A", "1b"), "1A"), ("A+", ("A-",), None), ("true", ("1", "yes"), None),
    ],
)  # fmt: skip
def test_levels(text, levels, expected):
    assert level_of(text, levels) == expected


def test_a_level_of_one_letter_is_looked_for_as_a_word():
    assert [resembled(text, ["C"], shortest=1) for text in ("C2", "B/C", "type C", "cirrhosis", "D")] == [
        "C", "C", "C", None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "columns", "near"),
    [
        ("hbeag", ["hbsag"], []),  # one letter apart, and the library knows both
        ("anti_hbs_w0", ["hbs_w0"], []),  # an antibody is not what it is raised against
        ("antigne", ["antigen"], ["antigen"]),  # a slip
        ("age_year", ["age_years"], ["age_years"]),
    ],
)
def test_another_analyte_is_never_the_name_that_may_be_meant(asked, columns, near):
    assert near_names(asked, columns) == near
