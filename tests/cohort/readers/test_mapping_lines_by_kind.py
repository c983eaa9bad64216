"""Lines that refusals of a mapping show for CDISC, FHIR and OMOP: each is accepted where it is said to stand."""

from __future__ import annotations

import pytest
from fhir_resources import dose, observation
from fhir_rows import MAPPING as FHIR
from fhir_rows import reader

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.mapping_keys import OF_KIND
from relapse_model.cohort.readers.mapping_lines_by_kind import advice_on_key, line_that_works
from relapse_model.errors import MappingError

KINDS = ("cdisc", "fhir", "omop")
LAB = '[[labs]]\nanalyte = "a"\n'
COURSE = '[[treatments]]\nagent = "a"\n'
SECTIONS = {
    "of_source": (("source",), "[source]\n"),
    "of_named": (("sources", "x"), "[sources.x]\n"),
    "of_time": (("time",), "[time]\n"),
    "of_entry": (("treatments", 0), COURSE),
    "of_outcome": (("outcome",), "[outcome]\n"),
}


def parsed(kind, text):
    return parse_mapping(f'[mapping]\nprotocol = 1\nkind = "{kind}"\n[patients]\nid = "x"\n{text}', "map.toml", kind)


def refused(kind, text):
    with pytest.raises(MappingError) as refusal:
        parsed(kind, text)
    return str(refusal.value)


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_of_a_kind_has_a_line_that_is_accepted(kind):
    """A value that cannot be is refused with it, and the mapping is sound as soon as it stands there instead."""
    for name, (path, head) in SECTIONS.items():
        for key in getattr(OF_KIND[kind], name):
            line = line_that_works(kind, path, key)
            assert line.startswith(f"{key} = "), (kind, name, key)
            parsed(kind, f"{head}{line}\n")
            if key != "encoding":
                assert f"Write it so, for example: {line}" in refused(kind, f"{head}{key} = 1.5\n")


@pytest.mark.parametrize(
    ("kind", "wrong", "advice", "right"),
    [
        ("cdisc", '[time]\nzone = "x"\n', "It stands under [source]: ", "[source]\n"),
        ("omop", f"{LAB}concepts = [1]\n", "It is called codes: ", LAB),
        ("omop", f'{LAB}table = "x"\n', "It is called source: ", LAB),
        ("fhir", f'{COURSE}type = "x"\n', "It is called resource: ", COURSE),
        ("fhir", '[source]\npick = "first"\n', "It stands under [time]: ", "[time]\n"),
        ("cdisc", '[source]\nfile = "a"\n', "It stands under [sources.NAME]: ", "[sources.a]\n"),
    ],
)
def test_a_key_that_a_section_does_not_have_is_said_where_and_how_it_is_written(kind, wrong, advice, right):
    said = refused(kind, wrong)
    assert advice in said
    parsed(kind, right + said.partition(advice)[2].splitlines()[0] + "\n")


def test_of_a_key_that_nobody_knows_nothing_is_said():
    assert advice_on_key("fhir", ("labs", 0), "colour") == ""
    assert "Results are of Observation" in advice_on_key("fhir", ("labs", 0), "type")


def test_sections_of_entries_and_named_sources_say_how_they_are_written():
    assert "double brackets, [[labs]]" in refused("omop", '[labs]\nanalyte = "a"\n')
    assert "Take the section out" in refused("fhir", '[sources.a]\nfile = "b"\n')


def test_a_type_of_resource_under_source_is_not_passed_over(tmp_path):
    """Passed over, the entry would read administrations, and find none."""
    order = dose() | {"resourceType": "MedicationRequest", "authoredOn": "2024-03-01", "status": "active"}
    order |= {"intent": "order"}
    mapping = FHIR.replace('agent = "hbig"', 'agent = "hbig"\nsource = "MedicationRequest"')
    with pytest.raises(MappingError, match='Write resource = "MedicationRequest"'):
        reader(tmp_path)(observation(), order, mapping=mapping)
    cohort = reader(tmp_path)(observation(), order, mapping=mapping.replace("\nsource =", "\nresource ="))
    assert list(cohort.treatments["agent"]) == ["hbig"]
