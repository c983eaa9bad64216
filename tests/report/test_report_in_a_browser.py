"""The pages as a browser sees them: on a telephone and on a desk, offline, with every figure drawn."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

import relapse_model as rm
from relapse_model.errors import InsufficientDataError
from relapse_model.report.dosing_page import write_dosing_page
from relapse_model.report.refusal_report import write_refusal
from relapse_model.report.validation_report import write_report

WIDTHS = {"telephone": 360, "desk": 1280}
# For each frame: its width with all that juts out, what it fetched, the sizes of its figures, and pairs of labels of a
# figure of which one covers a good part of the other; and, with all that is folded opened, the cells of tables that
# are cut off at the edge of what holds them, or of the screen.
LOOK = """<script>
const apart = (a, b) => Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left))
  * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
const covered = svg => {
  const boxes = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
  const pairs = [];
  boxes.forEach(([one, a], i) => boxes.slice(i + 1).forEach(([two, b]) => {
    const least = Math.min(a.width * a.height, b.width * b.height);
    if (least > 0 && apart(a, b) > 0.35 * least) pairs.push(one + ' / ' + two);
  }));
  return pairs;
};
const hidden = cell => page(cell).defaultView.getComputedStyle(cell.closest('thead') ?? cell).position === 'absolute';
const page = cell => cell.ownerDocument;
const cut = page => {
  page.querySelectorAll('details').forEach(one => { one.open = true; });
  return [...page.querySelectorAll('td, th')].filter(cell => {
    const box = cell.getBoundingClientRect(), held = cell.closest('.scroll, .wide');
    const edge = held ? held.getBoundingClientRect().right : page.documentElement.clientWidth;
    return box.width > 1 && !hidden(cell) && (box.right > edge + 1 || cell.scrollWidth > cell.clientWidth + 1);
  }).map(cell => cell.textContent.trim().slice(0, 30));
};
onload = () => {
  const found = Object.fromEntries([...document.querySelectorAll('iframe')].map(frame => {
    const page = frame.contentDocument, figures = [...page.querySelectorAll('figure')];
    return [frame.id, {
      width: page.documentElement.scrollWidth,
      height: page.documentElement.scrollHeight,
      answered: page.querySelector('#answer-end')?.getBoundingClientRect().bottom ?? null,
      fetched: frame.contentWindow.performance.getEntriesByType('resource').map(one => one.name),
      figures: figures.map(one => {
        const box = one.querySelector('svg').getBoundingClientRect();
        return [box.width, box.height, one.querySelectorAll('path, use').length];
      }),
      covered: figures.flatMap(one => covered(one.querySelector('svg'))),
      cut: cut(page),
    }];
  }));
  const pre = document.createElement('pre');
  pre.textContent = JSON.stringify(found);
  document.body.replaceChildren(pre);
};
</script>"""


@pytest.fixture(scope="module")
def refusal_page(tmp_path_factory):
    cohort, study = rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse")
    state = rm.derive_outcome(cohort, study)["state"].to_numpy()
    few = cohort.take(np.concatenate([np.flatnonzero(state == "relapse")[:4], np.flatnonzero(state == "free")[:36]]))
    with pytest.raises(InsufficientDataError) as refused:
        rm.validate(few, study)
    places = write_refusal(few, study, refused.value, tmp_path_factory.mktemp("refusal"))
    return places["report"].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def chinese_page(validation, tmp_path_factory):
    places = write_report(validation, tmp_path_factory.mktemp("chinese"), language="zh")
    return places["report"].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def trial_page(tmp_path_factory):
    cohort, study = rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse")
    places = rm.compare_arms(cohort, study).save(tmp_path_factory.mktemp("trial"))
    return places["report"].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def dosing_page(tmp_path_factory):
    cohort, study = rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse")
    place = tmp_path_factory.mktemp("dosing") / "dosing.html"
    write_dosing_page(rm.dosing(cohort, study, 12), study, place, as_of="12", synthetic=True)
    return place.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def benefit_page(tmp_path_factory):
    cohort, study = rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse")
    places = rm.benefit_report(cohort, study, repeats=1, pairs=True).save(tmp_path_factory.mktemp("benefit"))
    return places["report"].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def biomarkers_page(tmp_path_factory):
    cohort, study = rm.simulate_cohort(132, seed=7), rm.load_study("hbsag-relapse")
    found = rm.screen_biomarkers(cohort, study, permutations=300, repeats=3, increment=False)
    return found.save(tmp_path_factory.mktemp("biomarkers"))["report"].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def seen(page, chinese_page, refusal_page, trial_page, dosing_page, benefit_page, biomarkers_page, tmp_path_factory):
    """What the browser found in each frame, and what it wrote to its log."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on this computer: install it to look at the pages as a browser does")
    folder = tmp_path_factory.mktemp("browser")
    pages = (
        ("report", page), ("refusal", refusal_page), ("trial", trial_page), ("dosing", dosing_page),
        ("benefit", benefit_page), ("biomarkers", biomarkers_page),
    )  # fmt: skip
    frames = {f"{name}-{kind}": (width, source) for name, width in WIDTHS.items() for kind, source in pages}
    frames |= {f"report-at-{width}": (width, page) for width in (320, 360, 400)}
    frames["chinese-at-360"] = (360, chinese_page)
    frames |= {f"{name}-at-{width}": (width, source) for name, source in pages[2:] for width in (320, 400)}
    # The last frame shows that each measurement can fail.
    wrong = '<main><div style="width: 900px">x</div><figure><svg width="0" height="0"><text>a</text></svg></figure>'
    twice = '<text y="15">same place</text>' * 2
    wrong += f'<figure><svg width="90" height="20">{twice}</svg></figure>'
    wrong += f'<div class="scroll"><table class="keep"><tr>{"<td>cell-that-is-cut</td>" * 9}</tr></table></div>'
    frames["control"] = (360, refusal_page.replace('<main id="top">', wrong))
    body = "".join(
        f'<iframe id="{name}" style="border: 0" width="{width}" height="600" srcdoc="{html.escape(source)}"></iframe>'
        for name, (width, source) in frames.items()
    )
    (folder / "harness.html").write_text(f"<!DOCTYPE html><meta charset=utf-8><body>{body}{LOOK}", encoding="utf-8")
    ran = subprocess.run(
        [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={folder / 'profile'}", "--enable-logging=stderr", "--window-size=1400,1000",
            "--dump-dom", (folder / "harness.html").as_uri(),
        ],
        capture_output=True, text=True, timeout=240, check=True,
    )  # fmt: skip
    found = json.loads(html.unescape(re.search(r"<pre>(\{.*?\})</pre>", ran.stdout, re.DOTALL)[1]))
    return found, ran.stderr


KINDS = ("report", "refusal", "trial", "dosing", "benefit", "biomarkers")
PAGES = [f"{name}-{kind}" for name in WIDTHS for kind in KINDS]


@pytest.mark.parametrize("frame", PAGES)
def test_nothing_juts_out_of_the_screen(seen, frame):
    assert seen[0][frame]["width"] <= WIDTHS[frame.split("-")[0]]


IN_CARDS = ("report", *KINDS[2:])


@pytest.mark.parametrize("kind", IN_CARDS)
@pytest.mark.parametrize("frame", ["telephone-{}", "desk-{}", "{}-at-320", "{}-at-400"])
def test_every_column_of_every_table_is_reached_without_scrolling_sideways(seen, frame, kind):
    """Rows become cards on a narrow screen, table one too, and notes wrap on a wide one."""
    assert seen[0][frame.format(kind)]["cut"] == []


@pytest.mark.parametrize("width", [320, 400])
def test_the_report_does_not_scroll_sideways_on_a_narrow_screen(seen, width):
    assert seen[0][f"report-at-{width}"]["width"] <= width


def test_the_first_screen_of_the_report_holds_the_answer_and_the_rest_is_short(seen):
    """A screen is 900 pixels high. On a telephone of 360 or 400 the answer fits as well, to the last figure."""
    for language in ("report", "chinese"):
        assert 0 < seen[0][f"{language}-at-360"]["answered"] <= 900
    assert 0 < seen[0]["report-at-400"]["answered"] <= 900
    assert 0 < seen[0]["desk-report"]["answered"] <= 900
    assert seen[0]["desk-report"]["height"] <= 8 * 900


@pytest.mark.parametrize("frame", PAGES)
def test_every_figure_is_drawn(seen, page, frame):
    figures = seen[0][frame]["figures"]
    expected = {"report": page.count("<figure>"), "refusal": 3, "trial": 4} | dict.fromkeys(KINDS[3:], 1)
    assert len(figures) == expected[frame.split("-")[1]]
    for width, height, marks in figures:
        assert width > 250
        assert height > 100
        assert marks > 5


@pytest.mark.parametrize("frame", PAGES)
def test_no_label_of_a_figure_covers_another(seen, frame):
    assert seen[0][frame]["covered"] == []


@pytest.mark.parametrize("frame", PAGES)
def test_nothing_is_fetched(seen, frame):
    assert seen[0][frame]["fetched"] == []


def test_the_browser_has_nothing_to_complain_of(seen):
    assert "CONSOLE" not in seen[1]


def test_what_is_wrong_would_be_seen(seen):
    control = seen[0]["control"]
    assert control["width"] > 360
    assert control["figures"][0][1:] == [0, 0]
    assert control["covered"] == ["same place / same place"]
    assert "cell-that-is-cut" in control["cut"]
