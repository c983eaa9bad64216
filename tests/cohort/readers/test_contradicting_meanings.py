"""What a mapping says of a code is not what its label says: refused, both texts named."""

from __future__ import annotations

import pytest
from redcap_projects import built_in

from relapse_model.cohort.readers.contradicting_meanings import meaning_clashes
from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.redcap.dictionary import FieldDefinition, choices_of_column

HEAD = '[mapping]\nprotocol = 1\nkind = "redcap"\n[patients]\nid = "record"\n'


def clashes(text, study=True, **choices):
    mapping = parse_mapping(HEAD + text)
    found = meaning_clashes(mapping, built_in() if study else None, choices)
    return [(one.column, one.found, one.expected) for one in found]


def values(name, **meanings):
    return f"{{ field = {name!r}, values = {{ ".replace("'", '"') + ", ".join(
        f'"{code}" = "{meaning}"' for code, meaning in meanings.items()
    ) + " } }\n"  # fmt: skip


def test_both_texts_and_the_field_are_named():
    """Male and female exchanged: two codes, two problems."""
    assert clashes("sex = " + values("sx", **{"1": "F", "2": "M"}), sx={"1": "Male", "2": "Female"}) == [
        ("patients.sex", "'1' of 'sx' as 'F'", "what the data dictionary calls it: 'Male'"),
        ("patients.sex", "'2' of 'sx' as 'M'", "what the data dictionary calls it: 'Female'"),
    ]


REFUSED = [  # key, meaning, label
    ("sex", "F", "男"),
    ("coinfection", "0", "Yes"),
    ("coinfection", "1", "Negative"),
    ("coinfection", "0", "Unknown"),  # what is not known is no "no"
    ("arm", "hbig", "Control"),
    ("event", "relapse", "Death"),
    ("event", "free", "Relapse"),
    ("event", "relapse", "No relapse"),
    ("event", "relapse", "未复发"),
    ("event", "competing: death", "Relapse"),
    ("event", "competing: death", "Liver transplantation"),
    ("event", "competing: transplantation", "死亡"),
    ("event", "free", "Died of liver failure"),
    ("relapse", "1", "Free of relapse"),
    ("relapse", "0", "Relapse"),
    ("relapse", "0", "Yes"),
    ("value", "negative", "Positive"),
    ("value", "positive", "Not detected"),
    ("unit", "mIU/mL", "IU/mL"),
    ("agent", "hbig", "Peginterferon"),
    ("analyte", "alt", "AST"),
]
ACCEPTED = [
    ("sex", "F", "Female"),
    ("sex", "", "Male"),  # the mapping says that nothing is known
    ("sex", "F", "Femme"),  # not understood
    ("coinfection", "1", "Positive"),
    ("arm", "control", "No treatment"),
    ("event", "free", "Lost to follow-up"),
    ("event", "free", "Relapse-free"),
    ("event", "competing: death", "Died"),
    ("event", "competing: liver transplant", "Transplantation"),
    ("event", "relapse", "Virological relapse"),
    ("relapse", "0", "Death"),  # before a relapse
    ("value", "weakly positive", "Positive"),
    ("unit", "mIU/mL", "IU/L"),  # the same
    ("unit", "IU/mL", "as printed"),
    ("agent", "nuc", "Entecavir"),  # counted together by a predictor of the study
    ("agent", "entecavir", "ETV"),
]
NEEDED = {
    "value": 'date = "d"\nanalyte = "alt"\n', "analyte": 'date = "d"\nvalue = "v"\n',
    "unit": 'date = "d"\nanalyte = "anti_hbs"\nvalue = "v"\n', "agent": 'start = "d"\n', "event": 'date = "d"\n',
    "relapse": 'date = "d"\n',
}  # fmt: skip
SECTION = {"value": "[[labs]]", "analyte": "[[labs]]", "unit": "[[labs]]", "agent": "[[treatments]]",
           "event": "[outcome]", "relapse": "[outcome]"}  # fmt: skip


def stated(key, meaning, code):
    head = f"{SECTION[key]}\n{NEEDED[key]}" if key in SECTION else ""
    return f"{head}{key} = " + values("f", **{code: meaning})


@pytest.mark.parametrize(("key", "meaning", "label"), REFUSED)
def test_a_label_that_says_something_else_is_refused(key, meaning, label):
    ((place, found, expected),) = clashes(stated(key, meaning, "7"), f={"7": label})
    assert place.endswith(key)
    assert found == f"'7' of 'f' as {meaning!r}"
    assert expected == f"what the data dictionary calls it: {label!r}"


@pytest.mark.parametrize(("key", "meaning", "label"), ACCEPTED)
def test_a_label_that_says_the_same_or_nothing_that_is_understood_is_not(key, meaning, label):
    assert clashes(stated(key, meaning, "7"), f={"7": label}) == []


@pytest.mark.parametrize(("key", "meaning", "label"), REFUSED)
def test_a_text_speaks_for_itself_where_there_is_no_label(key, meaning, label):
    ((_, found, expected),) = clashes(stated(key, meaning, label))
    assert found == f"{label!r} of 'f' as {meaning!r}"
    assert expected == "what the text says by itself"


@pytest.mark.parametrize("code", ["1", "Y", "-1", "F"])
def test_numbers_and_single_letters_are_codes(code):
    """1 for no, and 2 for yes: a mapping may say so."""
    assert clashes(stated("coinfection", "0", code)) == []


def test_f_and_m_say_which_sex_they_are():
    """No language calls men F; M stands for women (mujer) only where another letter (hombre) stands for men."""
    assert len(clashes("sex = " + values("sx", F="M", M="F"))) == 2
    assert len(clashes("sex = " + values("sx", f="M"))) == 1
    assert clashes("sex = " + values("sx", M="F", H="M")) == []
    assert clashes("sex = " + values("sx", F="F", M="M")) == clashes("sex = " + values("sx", F="", M="")) == []


@pytest.mark.parametrize("text", ["HBIG 400 IU", "HBIG组", "HBIG group"])
def test_a_dose_or_the_word_group_beside_a_level_changes_nothing(text):
    assert len(clashes("arm = " + values("ARM", **{text: "control"}))) == 1
    assert clashes("arm = " + values("ARM", **{text: "hbig"})) == []


def test_what_a_source_calls_its_codes_is_told_as_its_own():
    omop = parse_mapping(HEAD.replace("redcap", "omop").replace("record", "person_id") + "sex = " + values(
        "gender_concept_id", **{"8507": "F", "MALE": "F"}))  # fmt: skip
    found = list(meaning_clashes(omop, None, {"gender_concept_id": {"8507": "MALE"}}))
    assert [one.expected for one in found] == ["what the vocabulary calls it: 'MALE'", "what the text says by itself"]


def test_codes_exchanged_are_refused_in_any_language():
    labels = {"1": "Groupe A", "2": "Groupe B"}
    assert clashes("group = " + values("g", **{"1": "groupe-a", "2": "Groupe B"}), g=labels) == []
    assert len(clashes("group = " + values("g", **{"1": "Groupe B", "2": "Groupe A"}), g=labels)) == 2


def test_rows_of_a_code_are_those_of_its_label():
    entry = '[[treatments]]\nagent = "hbig"\nstart = "d"\nwhen = { drug = "1" }\n'
    assert clashes(entry, drug={"1": "HBIG", "2": "Peginterferon"}) == []
    ((place, found, _),) = clashes(entry, drug={"1": "Peginterferon", "2": "HBIG"})
    assert (place, found) == ("treatments.1.when", "'1' of 'drug' as 'hbig'")


def test_where_the_outcome_is_death_a_death_is_the_outcome():
    """An event is called relapse in every mapping, whatever the outcome of the study is."""
    from dataclasses import replace

    study = replace(built_in(), outcome=replace(built_in().outcome, name="death"))
    mapping = parse_mapping(HEAD + stated("event", "relapse", "1"))
    assert list(meaning_clashes(mapping, study, {"f": {"1": "Death"}})) == []
    assert len(list(meaning_clashes(mapping, study, {"f": {"1": "Transplantation"}}))) == 1


def test_a_box_is_called_by_what_it_means_if_checked():
    drugs = FieldDefinition("drug", type="checkbox", choices={"1": "HBIG", "-9": "Other"})
    assert choices_of_column("drug___1", drugs) == {"1": "HBIG"}
    assert choices_of_column("drug____9", drugs) == {"1": "Other"}
    assert choices_of_column("drug___4", drugs) == choices_of_column("x", None) == {}
    text = '[[treatments]]\nstart = "d"\nagent = ' + values("drug___1", **{"1": "pegifn"})
    assert len(clashes(text, drug___1={"1": "HBIG"})) == 1


LABELS = [  # key, labels of 1 and 0, refused where no meanings are stated
    ("malignancy", ("No", "Yes"), True), ("malignancy", ("absent", "present"), True), ("prior_nuc", ("无", "有"), True),
    ("decompensated_cirrhosis", ("compensated", "decompensated"), True), ("malignancy", ("Unknown", "No"), True),
    ("malignancy", ("Yes", "No"), False), ("malignancy", ("present", "absent"), False),
    ("malignancy", ("A", "B"), False),
    ("relapse", ("Yes", "No"), False), ("relapse", ("absent", "present"), True), ("relapse", ("复发", "未复发"), False),
]  # fmt: skip


@pytest.mark.parametrize(("key", "labels", "refused"), LABELS)
def test_codes_without_meanings_mean_what_they_are_called(key, labels, refused):
    """1 is read as yes: a dictionary that calls it "No" would be read the wrong way round."""
    head = f"{SECTION[key]}\n{NEEDED[key]}" if key in SECTION else ""
    found = clashes(f'{head}{key} = "f"\n', f=dict(zip("10", labels, strict=True)))
    assert bool(found) is refused


@pytest.mark.parametrize(("key", "label"), [("malignancy", "No malignancy"), ("relapse", "Free of relapse")])
def test_in_a_column_of_the_contrary_yes_is_no(key, label):
    head = f"{SECTION[key]}\n{NEEDED[key]}" if key in SECTION else ""
    choices = {"f": {"1": "Yes", "0": "No"}}

    def found(field):
        mapping = parse_mapping(HEAD + f"{head}{key} = {field}\n")
        return len(list(meaning_clashes(mapping, built_in(), choices, {"f": (label, "")})))

    assert found('"f"') == 1
    assert found(values("f", **{"1": "1", "0": "0"})) == 2
    assert found(values("f", **{"1": "0", "0": "1"})) == 0


OTHERS = [("agent", "hbig", "HBIG placebo"), ("agent", "hbig", "HBIG refused"), ("arm", "hbig", "对照组"),
          ("arm", "hbig", "No HBIG"), ("event", "free", "复阳"), ("event", "relapse", "持续阴转"),
          ("event", "free", "HBsAg positive"), ("event", "free", "Yes"), ("value", "negative", "Yes")]  # fmt: skip


@pytest.mark.parametrize(("key", "meaning", "label"), OTHERS)
def test_words_of_the_field_contradict_a_meaning(key, meaning, label):
    assert len(clashes(stated(key, meaning, "7"), f={"7": label})) == 1


@pytest.mark.parametrize(
    ("no", "yes"),
    [("negativ", "positiv"), ("negativo", "positivo"), ("négatif", "positif"), ("nicht nachweisbar", "nachweisbar"),
     ("no reactivo", "reactivo"), ("陰性", "陽性"), ("阴性", "阳性"), ("neg", "pos"), ("(-)", "(+)")],
)  # fmt: skip
@pytest.mark.parametrize("coded", [True, False])
def test_results_in_other_languages_are_not_exchanged(study, no, yes, coded):
    """As labels of codes, and as texts of a column."""
    one, other = ("1", "2") if coded else (no, yes)
    choices = {"hbeag": {"1": no, "2": yes}} if coded else {}
    for meanings, wrong in (((one, other), 0), ((other, one), 2)):
        values = f'{{ "{meanings[0]}" = "negative", "{meanings[1]}" = "positive" }}'
        mapping = parse_mapping(
            '[mapping]\nprotocol = 1\nkind = "redcap"\n[patients]\nid = "id"\n[[labs]]\nanalyte = "hbeag"\n'
            f'value = {{ field = "hbeag", values = {values} }}\ndate = "on"\n', "map.toml", "redcap",
        )  # fmt: skip
        assert len([*meaning_clashes(mapping, study, choices)]) == wrong, (no, yes)


@pytest.mark.parametrize(
    ("no", "yes"), [("nein", "ja"), ("non", "oui"), ("kein Rezidiv", "Rezidiv"), ("sin recaída", "recaída")]
)
def test_answers_in_other_languages_are_not_exchanged(study, no, yes):
    mapping = parse_mapping(
        '[mapping]\nprotocol = 1\nkind = "redcap"\n[patients]\nid = "id"\n[outcome]\n'
        'relapse = { field = "rel", values = { "1" = "1", "2" = "0" } }\ndate = "on"\n', "map.toml", "redcap",
    )  # fmt: skip
    assert len([*meaning_clashes(mapping, study, {"rel": {"1": no, "2": yes}})]) == 2
    assert [*meaning_clashes(mapping, study, {"rel": {"1": yes, "2": no}})] == []
