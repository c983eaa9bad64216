"""Histories of treatment as text: whole, or refused."""

from __future__ import annotations

import pytest
from spreadsheet_files import workbook

from relapse_model.cohort.readers.mapping_file import parse_mapping
from relapse_model.cohort.readers.spreadsheets.courses import Course, NotACourse, read_course, read_history
from relapse_model.cohort.readers.spreadsheets.propose import propose_excel
from relapse_model.cohort.readers.spreadsheets.read import read_excel
from relapse_model.study.names_known import agent_names


@pytest.fixture(scope="module")
def names(study):
    return agent_names(study)


@pytest.mark.parametrize(
    ("text", "course"),
    [
        ("长效干扰素 2022.04.11-2022.11.21", Course("pegifn", "2022-04-11", "2022-11-21")),
        ("恩替卡韦0.5mg qd 2020.02.07-2023.12.13", Course("entecavir", "2020-02-07", "2023-12-13")),
        ("HBIG 400IU im 2024.04.06-2024.04.06", Course("hbig", "2024-04-06", "2024-04-06", "400", "IU")),
        (
            "ＨＢＩＧ４００ＩＵ肌注２０２４．０４．０６～２０２４．０４．０６",
            Course("hbig", "2024-04-06", "2024-04-06", "400", "IU"),
        ),
        ("3TC 2012/1/5至2013年2月6日", Course("lamivudine", "2012-01-05", "2013-02-06")),
        ("TAF 25mg口服 2024-01-05至今", Course("tenofovir_alafenamide", "2024-01-05", "")),
        ("2022.01.05-2023.02.01 ETV", Course("entecavir", "2022-01-05", "2023-02-01")),
        ("ETV 20220105-20230201", Course("entecavir", "2022-01-05", "2023-02-01")),
    ],
)
def test_what_a_hospital_writes(text, course, names):
    assert read_course(text, names) == course


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ETV 2022.01.05", "single date"),  # one day, or since then?
        ("ETV 2022.01-2023.02", "no first and last day"),
        ("ETV 2023.02.30-2023.03.01", "a date that is none"),
        ("ETV 2023.03.01-2023.02.01", "a last day before the first"),
        ("干扰素 2022.04.11-2022.11.21", "no agent of the study"),  # pegylated or not?
        ("ETV联合派罗欣 2022.04.11-2022.11.21", "no agent of the study"),
        ("停ETV 2022.04.11-2022.11.21", "no agent of the study"),
        ("HBIG 400IU×2 im 2024.04.06-2024.04.06", "no agent of the study"),
        ("HBIG 200IU 200IU im 2024.04.06-2024.04.06", "no agent of the study"),
        ("ETV 2022.01.05-2023.02.01 间断", "no first and last day"),
        ("阿司匹林 2022.01.05-2023.02.01", "no agent of the study"),
    ],
)
def test_what_does_not_parse_entirely_is_refused(text, why, names):
    with pytest.raises(NotACourse, match=why):
        read_course(text, names)


def test_one_bad_entry_refuses_the_history(names):
    assert read_history("ETV 2022.01.05-2023.02.01；HBIG", names)[0] == 2
    assert read_history("无", names) == []
    assert len(read_history("ETV 2022.01.05-2023.02.01；\nTDF 2023.02.02-2023.03.01；", names)) == 2


def test_the_order_of_day_and_month_is_that_of_the_mapping(names):
    text = "ETV 05/01/2022-01/02/2023"
    assert read_course(text, names, "dmy") == Course("entecavir", "2022-01-05", "2023-02-01")
    with pytest.raises(NotACourse):
        read_course(text, names)


@pytest.mark.parametrize("how", ["bid", "tid", "q12h", "2次/日"])
def test_several_doses_of_one_day_are_not_the_dose_of_the_day(how, names):
    """400 IU twice is 800 IU: the text has no total."""
    with pytest.raises(NotACourse):
        read_course(f"HBIG 400IU {how} 2024.05.01-2024.05.01", names)
    assert read_course("HBIG 400IU qd 2024.05.01-2024.05.01", names).dose == "400"


@pytest.mark.parametrize("word", ["ongoing", "laufend", "en cours", "继续用药"])
def test_a_last_day_that_goes_on_is_proposed_beside_dates(tmp_path, study, word):
    """The first course goes on, the second ended 104 weeks before enrolment; there is one question for none."""
    rows = [["ID", "Enrolled", "ETV start", "ETV stop", "W0 HBsAg (IU/mL)", "W0 date"]]
    rows += [["p1", "2024-01-08", "2019-01-01", word, "<0.05", "2024-01-08"]]
    rows += [["p2", "2024-01-08", "2020-01-01", "2022-01-10", "<0.05", "2024-01-08"]]
    path = workbook(tmp_path / "a.xlsx", rows)
    text = propose_excel(path, study)
    assert f'end = {{ field = "ETV stop", values = {{ "{word}" = "" }} }}' in text
    assert "\n#?" not in text
    ends = read_excel(path, parse_mapping(text, "map.toml", "excel")).treatments["end_week"]
    assert ends.isna().tolist() == [True, False]
    assert ends[1] == -104
