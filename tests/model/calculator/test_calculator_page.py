"""The calculator as one page: opened, filled in, changed by a digit, printed; in English and in Chinese."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from browser import chromium, found_by, options, shown_text, with_script

import relapse_model as rm
from relapse_model.classifiers.known import LABELS, label_of
from relapse_model.cli.program import main
from relapse_model.model.calculator.page import LANGUAGES, calculator_page, page_words
from relapse_model.model.calculator.scorer_values import CalculatorError
from relapse_model.study.prediction import Residual

TYPE = """
const type = (i, text) => {
  const input = document.getElementById('f' + i);
  input.value = text;
  input.dispatchEvent(new Event('input'));
};
const pick = (i, value) => {
  const input = [...document.querySelectorAll(`input[name=f${i}]`)].find(one => one.value === value);
  input.checked = true;
  input.dispatchEvent(new Event('change'));
};
const submit = () => document.querySelector('button.main').click();
"""
FILLED = f"""{TYPE}
type(0, '<10'); type(1, '8'); type(2, '1500'); type(4, '3.9'); type(5, '52');
pick(3, '0'); pick(6, '1'); submit();
"""


def spaced(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def model(root):
    return rm.load_model(root / "models" / "hbsag_relapse.rmodel")


@pytest.fixture(scope="module")
def page(model):
    return calculator_page(model)


def test_a_patient_gets_the_risk_that_the_library_gives(model, page, tmp_path):
    """The same patient typed into the page, and read from tables."""
    script = (
        FILLED
        + """
    setTimeout(() => report({
      risk: Number(document.getElementById('risk').dataset.risk),
      text: document.getElementById('result').innerText,
      rows: [...document.querySelectorAll('#why tbody tr')].map(row => [...row.children].map(one => one.textContent)),
    }), 1500);
    """
    )
    found = found_by(with_script(page, script), tmp_path)
    features = {
        "anti_hbs": np.log10(5), "consolidation_weeks": 8, "hbsag_before_treatment": np.log10(1500), "hbig_arm": 0.0,
        "hbcrag": 3.9, "age": 52, "male": 1.0, "prior_nuc": np.nan,
    }  # fmt: skip
    row = np.array([[features[one.name] for one in model.study.predictors]])
    assert found["risk"] == pytest.approx(model.classifier.predict_proba(row)[0, 1], abs=1e-9)
    low, high = model.classifier.predict_interval(row, 0.9)[0]
    assert f"90 % interval {100 * low:.0f} to {100 * high:.0f} %" in spaced(found["text"])
    assert "Missing: Prior nucleos(t)ide analogue RS201" in found["text"]
    assert len(found["rows"]) == 8
    assert next(one[:2] for one in found["rows"] if one[0] == "Anti-HBs") == [
        "Anti-HBs",
        "<10\N{NO-BREAK SPACE}mIU/mL",
    ]


def test_the_interval_of_the_patient_s_own_risk_is_that_of_the_library(model, tmp_path):
    # The page's own patients are checked against the library before it shows anything.
    prediction = replace(model.study.prediction, residual=Residual(0.5, "an assumption"))
    own = replace(model, study=replace(model.study, prediction=prediction))
    script = FILLED + "setTimeout(() => report({ text: document.getElementById('result').innerText }), 500);"
    said = found_by(with_script(calculator_page(own), script), tmp_path)["text"]
    assert ", of the patient's own risk" in said
    assert ", of the mean risk of patients with these values" not in said


def test_the_contributions_lead_from_the_reference_to_the_risk(page, tmp_path):
    script = (
        FILLED
        + """
    setTimeout(() => {
      const each = explained(SCORER, shown.codes, REFERENCE, LEVELS, MODEL.orders);
      const base = SCORER.logOdds(rowOf(REFERENCE, LEVELS));
      report([base + sum(each), SCORER.logOdds(rowOf(shown.codes, LEVELS))]);
    }, 500);
    """
    )
    total, risk = found_by(with_script(page, script), tmp_path)
    assert total == pytest.approx(risk, abs=1e-12)


def test_what_cannot_be_read_is_listed_and_no_risk_is_shown(page, tmp_path):
    script = (
        TYPE
        + """
    type(0, '1,234'); type(5, 'old'); submit();
    report([document.getElementById('risk') === null, document.getElementById('result').innerText,
      [0, 5, 1].map(i => document.getElementById('f' + i).getAttribute('aria-invalid'))]);
    """
    )
    empty, text, marked = found_by(with_script(page, script), tmp_path)
    assert empty
    assert "Anti-HBs: a comma before three digits" in text
    assert "Age: enter one number" in text
    assert marked == ["true", "true", "false"]


def test_a_patient_without_any_result_gets_no_risk_as_in_the_library(page, tmp_path):
    script = TYPE + "type(5, '52'); submit(); report(document.getElementById('result').innerText);"
    assert "No laboratory result" in found_by(with_script(page, script), tmp_path)


def test_an_old_risk_does_not_stay_beside_new_values_that_cannot_be_read(page, tmp_path):
    script = (
        FILLED + "type(0, 'x'); submit(); setTimeout(() => report(document.getElementById('risk') === null), 1500);"
    )
    assert found_by(with_script(page, script), tmp_path) is True


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_languages_say_everything(page, tmp_path, language):
    change = "" if language == "en" else "document.querySelector('header button').click();"
    script = (
        change + FILLED + "setTimeout(() => report([document.body.innerText, document.documentElement.lang]), 1500);"
    )
    text, lang = found_by(with_script(page, script), tmp_path)
    assert lang == {"en": "en", "zh": "zh-Hans"}[language]
    assert not re.search(r"\{\w+\}|undefined|NaN", text)
    own = {key: value for key, value in page_words((language,))[language].items() if "{" not in value}
    for key in ("research", "synthetic", "show", "why_title", "warnings_title"):
        assert own[key] in text, key


def test_labels_without_chinese_are_marked(model, tmp_path):
    """A study without Chinese names keeps its own, and says that they are English."""
    page = calculator_page(model, ("zh", "en"))
    script = "report([...document.querySelectorAll('.name, legend')].map(one => one.textContent));"
    assert all(re.search(r"[\u4e00-\u9fff]", one) for one in found_by(with_script(page, script), tmp_path))


def test_a_changed_digit_closes_the_page(page, tmp_path):
    """In the numbers of the model, in the script and in the style: the browser runs none of it."""
    place = page.index('"f64":"') + 20
    for changed in (
        page[:place] + ("A" if page[place] != "A" else "B") + page[place + 1 :],
        page.replace("const TINY = 2.2250738585072014e-308", "const TINY = 2.2250738585072015e-308"),
    ):
        assert changed != page
        text = shown_text(changed, tmp_path)
        assert "has not started" in text
        assert "Show the risk" not in text


def test_a_model_changed_with_the_right_hash_fails_the_page_s_own_patients(page, tmp_path):
    """Whoever can compute a hash can change the numbers; then the made-up patients come out otherwise."""
    closed = with_script(page.replace('"risk":0.', '"risk":0.9', 1), "")
    text = shown_text(closed, tmp_path)
    assert "This page gives no risk" in text
    assert "Show the risk" not in text


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_fetched_and_nothing_juts_out(page, tmp_path, width):
    """In a frame of that width, since a browser's window has a least width."""
    import html

    source = html.escape(with_script(page, FILLED), quote=True)
    outer = f"""<!DOCTYPE html><meta charset=utf-8><body>
    <iframe id=f width={width} height=900 srcdoc="{source}"></iframe>
    <script>setTimeout(() => {{
      const pre = document.createElement('pre'), frame = document.getElementById('f');
      pre.id = 'found';
      pre.textContent = JSON.stringify([
        frame.contentDocument.documentElement.scrollWidth,
        frame.contentWindow.performance.getEntriesByType('resource').length,
        frame.contentDocument.getElementById('risk').textContent,
      ]);
      document.body.append(pre);
    }}, 2500);</script>"""
    scroll, fetched, risk = found_by(outer, tmp_path)
    assert scroll <= width
    assert fetched == 0
    assert risk.endswith("%")


def test_it_prints_on_one_sheet(page, tmp_path):
    file, sheet = tmp_path / "filled.html", tmp_path / "sheet.pdf"
    file.write_text(with_script(page, FILLED), encoding="utf-8")
    subprocess.run(
        [chromium(), *options(tmp_path), "--virtual-time-budget=5000", "--no-pdf-header-footer",
         f"--print-to-pdf={sheet}", file.as_uri()],
        capture_output=True, timeout=240, check=True,
    )  # fmt: skip
    assert len(re.findall(rb"/Type\s*/Page\b", sheet.read_bytes())) == 1


def test_the_page_holds_no_way_out(page):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    own = page.replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|localStorage|sessionStorage|cookie|fetch\(|XMLHttpRequest|eval\(|innerHTML", own)
    assert len(page.encode("utf-8")) < 1_000_000


def test_a_text_of_the_study_cannot_end_the_script(model):
    from dataclasses import replace

    outcome = replace(model.study.outcome, name="</script><b>x & y")
    page = calculator_page(replace(model, study=replace(model.study, outcome=outcome)), ("en",))
    assert page.count("</script>") == 1
    assert "&lt;/script&gt;&lt;b&gt;x &amp; y" in page


@pytest.mark.parametrize("languages", [(), ("fr",), ("en", "en"), ("en", "de")])
def test_a_language_that_it_does_not_have_is_refused(model, languages):
    with pytest.raises(CalculatorError, match="expected one or more of en, zh"):
        calculator_page(model, languages)


def test_the_languages_have_the_same_words_with_the_same_places():
    words = page_words(LANGUAGES)
    for key, english in words["en"].items():
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", words["zh"][key])), key


def test_a_page_that_would_be_too_large_is_refused(model, monkeypatch):
    monkeypatch.setattr("relapse_model.model.calculator.page.MOST_BYTES", 10_000)
    with pytest.raises(CalculatorError, match=r"The page would have 0\.\d MB"):
        calculator_page(model)


def test_from_the_command_line(root, tmp_path, capsys):
    out = tmp_path / "calculator.html"
    assert (
        main(["calculator", str(root / "models" / "hbsag_relapse.rmodel"), "--out", str(out), "--languages", "zh"]) == 0
    )
    assert "It opens offline" in capsys.readouterr().out
    assert '<html lang="zh-Hans">' in out.read_text(encoding="utf-8")


def test_the_model_writes_its_own(model, tmp_path):
    assert model.to_calculator(tmp_path / "one.html", languages=("en",)).is_file()


def test_arms_are_shown_as_the_plan_of_the_trial_calls_them(tmp_path):
    """Not by their values in the tables: the form's note, and, with both arms, the table of the result."""
    study = rm.load_study("hbsag-relapse")
    arms = replace(study.trial.arms, labels=("Immunoglobulin", "Observation"))
    study = replace(study, trial=replace(study.trial, arms=arms))
    page = calculator_page(rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",)))
    text = shown_text(page, tmp_path)
    assert "yes: Immunoglobulin" in text
    assert "no: Observation" in text
    assert not re.search(r"(yes|no): (hbig|control)\b", text)
    script = """
    document.querySelector("form").requestSubmit();
    report([...document.querySelectorAll('th[scope="row"]')].map(one => one.textContent));
    """
    rows = found_by(with_script(page, script), tmp_path)
    assert not {"hbig", "control"} & set(rows)


def test_arms_without_labels_are_shown_by_their_values(tmp_path):
    study = rm.load_study("hbsag-relapse")
    study = replace(study, trial=replace(study.trial, arms=replace(study.trial.arms, labels=())))
    page = calculator_page(rm.train(rm.simulate_cohort(132, seed=7), study, candidates=("prior_logistic",)))
    text = shown_text(page, tmp_path)
    assert "yes: hbig" in text
    assert "no: control" in text


def test_every_classifier_is_called_as_the_library_calls_it():
    """In English by the same words; in Chinese by some."""
    words = page_words(LANGUAGES)
    for name in LABELS:
        for priors in (True, False):
            plain = label_of(name, priors) == label_of(name, True)
            key = f"kind_{name}" if plain else f"kind_{name}_without"
            assert words["en"][key] == label_of(name, priors)
            assert re.search(r"[\u4e00-\u9fff]", words["zh"][key])


def test_the_page_in_chinese_names_the_classifier_in_chinese(model, tmp_path):
    text = shown_text(calculator_page(model, ("zh",)), tmp_path)
    assert "采用研究先验的 logistic 回归" in text
    assert "截至第 48 周 HBsAg 复阳的风险" in spaced(text)


def test_no_line_ends_within_a_quantity(page, tmp_path):
    """A number and its unit, and a range, are held together in both languages: in sentences and in the table."""
    for change, bound in (
        ("", ("13_to_56_%", "34.2_mIU/mL", "2.48_log10_U/mL", "HBsAg relapse by week_48", "12_weeks after")),
        ("document.querySelector('header button').click();", ("13_至_56_%", "34.2_mIU/mL", "第_48_周", "39_岁")),
    ):
        text = found_by(
            with_script(page, f"{change}{FILLED}setTimeout(() => report(document.body.innerText), 1500);"), tmp_path
        )
        assert [one for one in bound if one.replace("_", "\N{NO-BREAK SPACE}") not in text] == []


def test_criteria_drug_and_arms_have_chinese_names_or_are_marked_as_english(model, tmp_path):
    """Formerly a ward in Beijing read the criteria, the drug and the control arm in English."""
    study = rm.load_study("hbsag-relapse")
    page = calculator_page(replace(model, study=study), ("zh", "en"))
    text = spaced(
        found_by(with_script(page, f"{FILLED}setTimeout(() => report(document.body.innerText), 1500);"), tmp_path)
    )
    for words in ("年龄 18 至 60 岁", "失代偿期肝硬化", "注射乙肝免疫球蛋白后 12 周内", "否：对照"):
        assert words in text, words
    assert not re.search(r"Aged|immunoglobulin|control", text)
    plain = replace(study.eligibility, include=tuple(replace(one, text_zh="") for one in study.eligibility.include))
    page = calculator_page(replace(model, study=replace(study, eligibility=plain)), ("zh",))
    assert "Aged 18 to 60 years (英文)" in spaced(shown_text(page, tmp_path))


def test_an_effect_too_small_for_the_shown_figures_is_said_in_words(page, tmp_path):
    """Not "lowers it, 34 to 34 %"."""
    script = (
        "setTimeout(() => report([...document.querySelectorAll('#why td:last-child')].map(c => c.textContent)), 1500);"
    )
    rare = f"{FILLED} type(0, '>1000'); type(1, '24'); type(2, '3'); type(4, '2.6'); type(5, '40.5'); submit();"
    effects = [spaced(one) for one in found_by(with_script(page, rare + script), tmp_path)]
    assert [one for one in effects if one.endswith("slightly")]
    for one in effects:
        ends = re.findall(r"[\d.]+", one)
        assert not ends or ends[0] != ends[1], one
        assert all(re.fullmatch(r"\d+\.\d", end) for end in ends), one  # one step looks like another


def test_the_hint_of_a_field_stands_below_it_in_the_language_of_the_page(root, tmp_path):
    """ "HBsAg before treatment": before which, and when, is said where it is typed."""
    model = rm.load_model(root / "models" / "hbsag_relapse.rmodel")
    predictors = rm.load_study("hbsag-relapse").predictors
    hinted = replace(model, study=replace(model.study, predictors=predictors))
    script = "setTimeout(() => report(document.getElementById('h2').innerText), 300);"
    for languages, said in (
        (("en", "zh"), "before peginterferon was started"),
        (("zh", "en"), "聚乙二醇干扰素治疗之前"),
    ):
        page = calculator_page(hinted, languages=languages)
        assert said in found_by(with_script(page, script), tmp_path)
    without = [replace(one, hint="", hint_zh="") for one in predictors]
    bare = calculator_page(replace(model, study=replace(model.study, predictors=tuple(without))))
    assert "before peginterferon" not in found_by(with_script(bare, script), tmp_path)


NO_RISK = "document.getElementById('risk') === null"


def test_no_old_risk_stays_when_a_value_is_changed(page, tmp_path):
    """A number typed, an answer picked, a unit chosen: each takes the risk away until the button is pressed."""
    script = f"""{FILLED}
    const there = () => [{NO_RISK}, document.getElementById('result').innerText];
    const found = [there()[0]];
    type(5, '53'); found.push(...there()); submit(); found.push(there()[0]);
    pick(3, '1'); found.push(there()[0]); submit();
    const unit = document.querySelector('select');
    unit.value = '1'; unit.dispatchEvent(new Event('change')); found.push(there()[0]);
    document.querySelector('header button').click(); found.push(...there());
    document.querySelector('button[type=reset]').click(); found.push(there()[1]);
    report(found);
    """
    found = found_by(with_script(page, script), tmp_path)
    said = {"en": 'Values changed: press "Show the risk" again.', "zh": "数值已更改：请再次点击“显示风险”。"}
    assert found == [False, True, said["en"], False, True, True, True, said["zh"], ""]


def test_entries_that_cannot_be_read_stay_listed_while_they_are_corrected(page, tmp_path):
    script = f"{TYPE} type(0, 'x'); type(5, 'y'); submit(); type(0, '5');"
    text = found_by(with_script(page, f"{script} report(document.getElementById('result').innerText);"), tmp_path)
    assert "Age: enter one number" in text


def shown_result(page, folder, typed, *, chinese=False):
    """Return what stands below the form, once a patient has been typed in."""
    switch = "document.querySelector('header button').click();" if chinese else ""
    read = "setTimeout(() => report(document.getElementById('result').innerText), 1500);"
    return spaced(found_by(with_script(page, f"{TYPE}{switch}{typed}submit();{read}"), folder))


def test_an_impossible_value_is_refused_with_its_field(page, tmp_path):
    """No body is 5,000 years old, and the tables of such a patient are refused."""
    typed = "type(0, '50'); type(1, '8'); type(5, '5000');"
    text = shown_result(page, tmp_path, typed)
    assert "Age: expected 0 to 120 years." in text
    assert "90 % interval" not in text
    assert "年龄：可能的范围为 0 至 120 岁。" in shown_result(page, tmp_path, typed, chinese=True)


ALIKE = "type(0, '50'); type(1, '8'); type(2, '40'); pick(3, '0'); type(4, '2.4'); pick(6, '1'); pick(7, '0');"


def test_a_patient_unlike_those_studied_is_said_to_be_so_beside_the_risk(page, tmp_path):
    """Too old for the criteria, and consolidated for much longer than anybody; each warning stands once."""
    text = shown_result(page, tmp_path, f"{ALIKE} type(5, '70'); type(1, '80');")
    risk, _, rest = text.partition("Do not rely on this risk: this patient is unlike the patients studied.")
    assert re.fullmatch(r"Risk\s+[\d.]+ %\s+", risk)
    before = rest.partition("This model has not been validated")[0]
    assert "Outside the training range: Consolidation after HBsAg loss 80 weeks (usual 0 to 34)" in before
    assert "Outside the training range: Age 70 years" in before
    assert "Eligibility criterion not met: I1 (Aged 18 to 60 years) RS206" in before
    assert text.count("RS206") == 1
    assert "RS209" in rest.partition("Bear in mind")[2]  # an arm of a patient who is in no trial
    said = shown_result(page, tmp_path, f"{ALIKE} type(5, '70'); type(1, '80');", chinese=True)
    for words in (
        "请勿依据此风险：该患者与所研究的患者不同。",
        "80 周",
        "70 岁",
        "不符合入选标准：I1（年龄 18 至 60 岁）",
    ):
        assert words in said, words


def test_a_patient_like_those_studied_has_no_such_words(page, tmp_path):
    text = shown_result(page, tmp_path, f"{ALIKE} type(5, '40');")
    assert "Do not rely" not in text
    assert "No warning applies to these values." in text


def test_risks_by_arm_are_in_percent_and_arms_have_their_names(page, tmp_path):
    typed = ALIKE.replace("pick(3, '0');", "") + "type(5, '40');"
    english, chinese = (shown_result(page, tmp_path, typed, chinese=zh) for zh in (False, True))
    found = re.search(r"risk ([\d.]+) % with arm HBIG, ([\d.]+) % with arm control RS209", english)
    assert found
    assert f"风险 HBIG 组 {found[1]} %、对照组 {found[2]} % RS209" in chinese
    rows = re.findall(r"(?:HBIG|control)\s+([\d.]+) %", english.partition("In each arm of the trial")[2])
    assert [round(float(one)) for one in found.groups()] == [round(float(one)) for one in rows[:2]]


def test_a_word_has_no_unit(page, tmp_path):
    text = shown_result(page, tmp_path, f"{ALIKE} type(0, 'TND'); type(4, '<2');")
    assert "Anti-HBs\tTND\t" in text
    assert "<2 log10 U/mL" in text


def test_what_is_compared_with_is_said(page, tmp_path):
    model = rm.train(rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse"), candidates=("boosted_trees",))
    typed = f"{ALIKE} type(5, '40');"
    assert "For comparison, a patient with average values: 13.7 %." in shown_result(page, tmp_path, typed)
    assert "作为比较：各项取平均值的患者为 13.7 %。" in shown_result(page, tmp_path, typed, chinese=True)
    trees = calculator_page(model)
    assert "For comparison, the training patients on average: " in shown_result(trees, tmp_path, typed)
    assert "作为比较：训练患者平均为 " in shown_result(trees, tmp_path, typed, chinese=True)


def test_few_events_are_said_only_where_they_are_few(model, tmp_path):
    text = spaced(shown_text(calculator_page(model), tmp_path))
    assert "With so few events the interval is wide. Not validated in other hospitals." in text
    many = replace(model, summary={**model.summary, "patients": 9000, "events": 2000})
    assert "With so few events" not in spaced(shown_text(calculator_page(many), tmp_path))
