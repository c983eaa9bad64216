"""Nobody in what leaves the hospital with a model: no identifier, date or row, no mark of one patient, no small count.

The report is written as for others, with ``--disclosure small-counts``; with all counts, as for whoever owns the data,
nobody is in it either, but small counts are.

The training cohort has identifiers, dates, weeks, ages and titres that no other text and no other number holds, so that
whatever is found of them was let through.
"""

from __future__ import annotations

import base64
import json
import re
import struct
import urllib.parse
import zlib
from html import unescape
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from page_reader import read, visible

import relapse_model as rm
from relapse_model.cli import program as cli
from relapse_model.development.internal_validation import validate as procedure
from relapse_model.errors import InsufficientDataError
from relapse_model.model.explanation.points_score import points_score
from relapse_model.model.explanation.shap_values import explain
from relapse_model.model.monitoring.monitor import monitor
from relapse_model.report import page, validation_report
from relapse_model.report.figures.style import png, svg
from relapse_model.report.refusal_report import write_refusal
from relapse_model.report.validation_page import report_page
from relapse_model.study.reader import read_study_text

PARTS = ("SITE07-", "PATIENT-0", "-QXWARD")  # of every identifier
SMALL = re.compile(r"[1-4]( \(.*)?")  # a count under 5, with its percentage or without


def identifier(number: int) -> str:
    return f"SITE07-PATIENT-{number:06d}-QXWARD"


def recognisable(cohort: rm.Cohort) -> dict[str, pd.DataFrame]:
    """Return the tables of a cohort in which every number has six decimals of its own, and a date for everybody."""
    rng = np.random.default_rng(11)
    tables = {name: table.copy() for name, table in cohort.tables().items() if table is not None}
    names = {old: identifier(number) for number, old in enumerate(cohort.patient_ids, start=123)}
    for table in tables.values():
        table["patient_id"] = table["patient_id"].map(names)
    patients, labs = tables["patients"], tables["labs"]
    for name in ("age_years", "bmi_kg_m2", "pegifn_weeks", "consolidation_weeks"):
        patients[name] = (pd.to_numeric(patients[name]) + rng.uniform(0.001, 0.049, len(patients))).round(6)
    titre = pd.to_numeric(patients["hbsag_before_treatment_iu_ml"], errors="coerce")
    patients["hbsag_before_treatment_iu_ml"] = (titre * rng.uniform(1.001, 1.01, len(patients))).round(6)
    days = pd.to_timedelta(17 * np.arange(len(patients)), unit="D")
    patients["enrolment_date"] = (pd.Timestamp("1973-01-02") + days).strftime("%Y-%m-%d")
    labs["week"] = (labs["week"] - rng.uniform(0.001, 0.049, len(labs)) * (labs["week"] != 0)).round(6)
    number = pd.to_numeric(labs["value"], errors="coerce")
    exact = (number * rng.uniform(1.001, 1.01, len(labs))).round(6)
    labs["value"] = labs["value"].where(number.isna(), exact.map("{:.6f}".format))
    return tables


def with_small_groups(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Three patients of a centre of their own, and two of an arm that nobody else has."""
    patients = tables["patients"]
    patients.loc[:2, "centre"] = "centre-9"
    patients.loc[10:11, "arm"] = "other"
    return tables


def write(tables: dict[str, pd.DataFrame], folder: Path) -> Path:
    folder.mkdir()
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


class Written:
    """What the command line wrote and said of the cohort."""

    def __init__(self, folder: Path, tables: dict[str, pd.DataFrame], capsys):
        self.folder, self.tables = folder, tables
        self.found, self.drawn = {}, {}
        cohort = write(tables, folder / "cohort")
        new = write(recognisable(rm.simulate_cohort(60, seed=8)), folder / "new")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(page, "png", lambda figure: png(figure, dpi=30))  # nobody looks at the pixels here
            patch.setattr(procedure, "validate", self._keep(procedure.validate))
            patch.setattr(validation_report, "save_figures", self._keep_figures(validation_report.save_figures))
            self.model = folder / "model.rmodel"
            # The built-in study would refuse an arm that it does not name.
            text, _ = read_study_text("hbsag-relapse")
            study = folder / "study.toml"
            study.write_text(text.replace('others = ["control"]', 'others = ["control", "other"]'), encoding="utf-8")
            light = ("--candidates", "prior_logistic", "--study", study)
            self.run("train", cohort, "--out", self.model, *light)
            self.run(
                "validate", cohort, "--out", folder / "report", "--repeats", 1, "--bootstraps", 12, "--disclosure",
                "small-counts", *light,
            )  # fmt: skip
            self.said = capsys.readouterr()
            self.run("score", self.model, new, "--out", folder / "scores.csv")
            capsys.readouterr()
            monitored = ("monitor", self.model, folder / "scores.csv", "--cohort", new, "--out", folder / "watch.json")
            self.run(*monitored)
            self.watched = capsys.readouterr()
        self.validation = self.found["validation"]
        self.own_values = validation_report.validation_values(self.validation)  # with all counts
        self.own_page = report_page(self.validation, {}, self.own_values)
        self.page = (folder / "report" / "report.html").read_text(encoding="utf-8")
        self.values = json.loads((folder / "report" / "validation.json").read_text(encoding="utf-8"))

    def run(self, *arguments: object) -> None:
        assert cli.main([str(one) for one in arguments]) == 0

    def _keep(self, make):
        def kept(*arguments, **settings):
            self.found["validation"] = make(*arguments, **settings)
            return self.found["validation"]

        return kept

    def _keep_figures(self, save):
        def kept(drawn, folder):
            self.drawn |= drawn
            return save(drawn, folder)

        return kept

    def texts(self) -> dict[str, str]:
        """Return all that leaves the hospital, by where it stands."""
        files = [self.model.with_suffix(".md"), self.folder / "watch.json", *(self.folder / "report").rglob("*.*")]
        texts = {path.name: text_of(path.read_bytes()) for path in files if path.is_file()}
        said = {"said": self.said.out + self.said.err, "watched": self.watched.out + self.watched.err}
        own = {"own page": self.own_page, "own values": page.json_text(self.own_values)}
        return texts | said | own


def text_of(content: bytes) -> str:
    """Return the content of a file as text; of a picture its text chunks, and what lies beside the pixels."""
    if not content.startswith(b"\x89PNG"):
        return content.decode("utf-8")
    stated, place = [], 8
    while place < len(content):
        length, kind = struct.unpack(">I4s", content[place : place + 8])
        data = content[place + 8 : place + 8 + length]
        if kind == b"zTXt":
            data = zlib.decompress(data[data.index(b"\0") + 2 :])
        if kind not in (b"IHDR", b"IDAT", b"IEND", b"pHYs"):
            stated.append(kind + data)
        place += 12 + length
    return b"\n".join(stated).decode("latin-1")


def spoken(text: str) -> str:
    """Return a text without the coordinates of its figures, which are no values: what they draw is looked at itself."""

    def words(figure: re.Match[str]) -> str:
        return " ".join(re.findall(r">([^<]+)<", figure[0]) + re.findall(r'\bg?id="([^"]*)"', figure[0]))

    return re.sub(r"<svg.*?</svg>", words, text, flags=re.DOTALL)


@pytest.fixture(scope="module")
def written(tmp_path_factory, capsys_module):
    tables = with_small_groups(recognisable(rm.simulate_cohort(132, seed=7)))
    return Written(tmp_path_factory.mktemp("nobody"), tables, capsys_module)


@pytest.fixture(scope="module")
def capsys_module():
    """What is said while the module's files are written."""
    import contextlib
    import io
    from types import SimpleNamespace

    out, err = io.StringIO(), io.StringIO()

    def readouterr():
        found = SimpleNamespace(out=out.getvalue(), err=err.getvalue())
        for one in (out, err):
            one.seek(0)
            one.truncate()
        return found

    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield SimpleNamespace(readouterr=readouterr)


# Identifiers and dates.


def disguises(word: str) -> set[str]:
    """Return a word as it is, in hex, as character references, backwards, and within base64 at any of three places."""
    raw = word.encode()
    inside = set()
    for before in range(3):
        code = base64.b64encode(b"x" * before + raw + b"x" * (-(before + len(raw)) % 3)).decode()
        inside.add(code[{0: 0, 1: 2, 2: 3}[before] : len(code) - {0: 0, 1: 3, 2: 2}[-(before + len(raw)) % 3]])
    references = "".join(f"&#{code};" for code in raw)
    percent = "".join(f"%{code:02x}" for code in raw)
    return {word, word[::-1], raw.hex(), references, percent, *inside}


def readings(text: str) -> list[str]:
    """Return a text, and what it says once references, percent codes and base64 are resolved, in small letters."""
    resolved = urllib.parse.unquote(unescape(text))
    decoded = []
    for code in set(re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", resolved)):
        usable = code.rstrip("=")
        decoded.append(base64.b64decode(usable[: len(usable) // 4 * 4]).decode("latin-1"))
    return [one.casefold() for one in (text, resolved, "\n".join(decoded))]


def found_in(text: str, words: tuple[str, ...]) -> set[str]:
    """Return which of the words stand in a text, in whatever disguise."""
    said = readings(text)
    return {word for word in words if any(one.casefold() in reading for one in disguises(word) for reading in said)}


def dates(tables: dict[str, pd.DataFrame]) -> set[str]:
    """Return every date of the cohort as it may be written."""
    days = pd.to_datetime(tables["patients"]["enrolment_date"])
    forms = ("%Y-%m-%d", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d %B %Y", "%Y/%m/%d")
    return {day for form in forms for day in days.dt.strftime(form)}


@pytest.mark.parametrize(
    "disguised",
    [
        identifier(140),
        identifier(140).lower(),
        urllib.parse.quote(identifier(140)).replace("-", "%2D"),
        base64.b64encode(f"..{identifier(140)}..".encode()).decode(),
        "".join(f"&#x{ord(letter):x};" for letter in identifier(140)),
        identifier(140).encode().hex(),
    ],
)
def test_an_identifier_would_be_found_in_any_disguise(disguised):
    assert found_in(f'<svg><g id="x{disguised}"/></svg>', PARTS)


def test_a_text_chunk_of_a_picture_would_be_read():
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(identifier(7).encode()))
    assert found_in(text_of(picture + chunk(b"IEND", b"")), PARTS) == set(PARTS)


def test_no_identifier_nor_part_of_one_is_written_or_said(written):
    texts = written.texts()
    assert {"report.html", "validation.json", "risks.svg", "risks.png", "model.md", "watch.json", "said"} <= set(texts)
    assert all(len(texts[name]) > 500 for name in ("report.html", "validation.json", "model.md", "said", "watched"))
    assert {name: found for name, text in texts.items() if (found := found_in(text, PARTS))} == {}


def test_no_date_is_written_or_said(written):
    forms = dates(written.tables)
    assert {
        name: days for name, text in written.texts().items() if (days := [day for day in forms if day in text])
    } == {}


# Rows, and single values that are as good as a name.


def own_values(written) -> pd.DataFrame:
    """Return what each patient has alone: values as in the tables, and as the model reads them."""
    patients = written.tables["patients"].set_index("patient_id")
    columns = ["age_years", "bmi_kg_m2", "pegifn_weeks", "consolidation_weeks", "hbsag_before_treatment_iu_ml"]
    features = written.validation.data.features
    derived = features[["anti_hbs", "hbsag_before_treatment", "hbcrag"]]
    own = patients[columns].astype(float).join(derived).join(10.0 ** derived["anti_hbs"].rename("titre"))
    own["risk"] = pd.Series(written.validation.risks[0], features.index)
    own["own_risk"] = written.validation.model.classifier.predict_proba(written.validation.data.matrix)[:, 1]
    own["time"] = pd.Series(written.validation.data.time, features.index)
    return pd.concat([own, 100 * own[["risk", "own_risk"]].add_suffix("_percent")], axis=1)


def told_apart(own: pd.DataFrame) -> list[tuple[float, int]]:
    """Return value and patient of all that only one patient has, and that is no short number."""
    pairs = [(abs(value), place) for place, row in enumerate(own.to_numpy(dtype=float)) for value in row]
    count = pd.Series([round(value, 9) for value, _ in pairs]).value_counts()
    return sorted(
        (value, place)
        for value, place in pairs
        if np.isfinite(value) and count[round(value, 9)] <= 2 and abs(value - round(value, 3)) > 1e-7
    )


def numbers_in(text: str, decimals: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers with so many decimals or more, of five figures or more, and half a unit of their last digit.

    Of three or four figures, such as 0.403, one of a hundred numbers is that of some patient by chance.
    """
    found = re.findall(rf"\d*\.\d{{{decimals},}}(?:[eE][-+]?\d+)?", text)
    found = [one for one in found if len(re.split("[eE]", one)[0].replace(".", "").lstrip("0")) >= 5]
    half = [0.5 * 10.0 ** -len(re.split("[eE]", one)[0].partition(".")[2]) for one in found]
    return np.array([float(one) for one in found]), np.array(half)


def owners(numbers: np.ndarray, half: np.ndarray, own: list[tuple[float, int]]) -> list[set[int]]:
    """Return for each number the patients whose value it is, to its last digit."""
    values, whose = np.array([value for value, _ in own]), np.array([place for _, place in own])
    reach = np.maximum(half, 1e-12 * np.abs(numbers)) * (1 + 1e-6)
    first, last = np.searchsorted(values, numbers - reach), np.searchsorted(values, numbers + reach, side="right")
    return [set(whose[low:high].tolist()) for low, high in zip(first, last, strict=True)]


def rows_in(text: str, own: list[tuple[float, int]], near: int = 12) -> set[int]:
    """Return the patients of whom two values or more stand near one another."""
    numbers, half = numbers_in(text, 3)
    whose = owners(numbers, half, own)
    rows = set()
    for place, patients in enumerate(whose):
        for patient in patients:
            others = [two for two in range(place + 1, min(place + near, len(whose))) if patient in whose[two]]
            rows |= {patient} if any(abs(numbers[two] - numbers[place]) > half[two] for two in others) else set()
    return rows


def test_two_values_of_a_patient_would_be_found(written):
    own = own_values(written)
    pairs = told_apart(own)
    age, titre = own.iloc[8][["age_years", "hbsag_before_treatment_iu_ml"]]
    assert rows_in(f'<td>{age:.6f}</td><td class="a">x</td><td>{titre:.4f}</td>', pairs) == {8}
    assert rows_in(json.dumps([1.25, float(own["risk"].iloc[9]), 0.3, float(own["time"].iloc[9])]), pairs) == {9}
    assert rows_in(f"{age:.6f} {own.iloc[9]['hbsag_before_treatment_iu_ml']:.6f}", pairs) == set()


def test_nowhere_do_two_values_of_a_patient_stand_near_one_another(written):
    pairs = told_apart(own_values(written))
    assert len({place for _, place in pairs}) == 132
    assert {name: rows for name, text in written.texts().items() if (rows := rows_in(spoken(text), pairs))} == {}


def test_no_exact_value_nor_risk_of_a_patient_is_told(written):
    """Means and quantiles between two patients are nobody's: six decimals of a value or more are its patient's."""
    pairs = told_apart(own_values(written))
    stated = {}
    for name, text in written.texts().items():
        numbers, half = numbers_in(spoken(text), 5)
        stated[name] = [one for one, whose in zip(numbers, owners(numbers, half, pairs), strict=True) if whose]
    assert {name: values for name, values in stated.items() if values} == {}


# Figures: what is drawn, in the units of the axes.


def coordinates(figure: Figure) -> list[np.ndarray]:
    """Return the places of the marks of every artist of a figure, in the units of its axes: one array per artist."""
    found = []
    for axes in figure.axes:
        found += [line.get_xydata() for line in axes.lines]
        for one in axes.collections:
            found.append(np.ma.filled(np.asarray(one.get_offsets(), dtype=float), np.nan))
            found += [path.vertices for path in one.get_paths()]
        found += [patch.get_path().transformed(patch.get_patch_transform()).vertices for patch in axes.patches]
        found += [np.array([text.get_position()], dtype=float) for text in axes.texts]
    return [np.asarray(one, dtype=float).reshape(-1, 2) for one in found if len(one)]


def shown_of(figure: Figure, pairs: list[tuple[float, int]]) -> set[int]:
    """Return the patients of whom a value is a coordinate, to nine digits."""
    every = np.abs(np.concatenate([one.ravel() for one in coordinates(figure)]))
    every = every[np.isfinite(every)]
    return set().union(*owners(every, 1e-9 * every, pairs))


def test_a_dot_of_a_patient_would_be_found_in_a_figure(written):
    own = own_values(written)
    figure = Figure()
    axes = figure.subplots()
    axes.scatter(own["age_years"], own["risk_percent"])
    assert len(shown_of(figure, told_apart(own))) == 132
    figure = Figure()
    figure.subplots().plot([1, 2], own["titre"].iloc[4:6])
    assert len(shown_of(figure, told_apart(own))) > 0


def test_no_figure_draws_a_value_or_a_risk_of_a_patient(written):
    pairs = told_apart(own_values(written))
    effects = np.abs(explain(written.validation.model, written.validation.data.features).values)
    pairs += [(value, place) for place, row in enumerate(effects) for value in row if value > 1e-6]
    counts = pd.Series([round(value, 9) for value, _ in pairs]).value_counts()
    pairs = sorted((value, place) for value, place in pairs if counts[round(value, 9)] == 1)
    labs = written.tables["labs"]
    weeks = {abs(week) for week in labs["week"] if abs(week - round(week, 3)) > 1e-7}
    results = {value for value in pd.to_numeric(labs["value"], errors="coerce") if abs(value - round(value, 3)) > 1e-7}
    pairs = sorted([*pairs, *((value, -1) for value in weeks | results)])
    assert len(written.drawn) > 12
    assert {"calibration", "risk_groups", "dependence"} <= set(written.drawn)
    assert {name: shown for name, figure in written.drawn.items() if (shown := shown_of(figure, pairs))} == {}


def test_no_figure_has_as_many_marks_as_patients(written):
    """One mark for five patients at most: 26 of 132. A smooth curve is a mark itself, however many points it has."""
    for name, figure in written.drawn.items():
        for axes in figure.axes:
            marked = [line for line in axes.lines if line.get_marker() not in ("None", "", None)]
            dots = sum(len(line.get_xdata()) for line in marked)
            dots += sum(
                len(one.get_offsets()) for one in axes.collections if one.get_offset_transform() is axes.transData
            )
            assert dots <= 132 // 5 + 1, name
    lines = re.findall(r'<path d="M', svg(written.drawn["trajectory"]))
    assert len(lines) < 60  # axes, ticks, two bands and two lines: no line for each patient


def test_every_bar_stands_for_five_patients_or_more(written):
    data, risk = written.validation.data, written.validation.risks[0]
    below = written.drawn["calibration"].axes[1]
    bars = [bar for bar in below.patches if bar.get_height() != 0]
    assert len(bars) > 5
    for bar in bars:
        outcome = 1.0 if bar.get_height() > 0 else 0.0
        inside = (risk >= bar.get_x() - 1e-12) & (risk < bar.get_x() + bar.get_width() - 1e-12)
        assert (inside & (data.relapse == outcome)).sum() >= 5


# Counts under 5.


def test_no_small_count_stands_in_the_tables_of_the_values(written):
    values = written.values
    groups = [*values["left_out"], *(one for groups in values["subgroups"].values() for one in groups)]
    stated = [str(group[name]) for group in groups for name in ("patients", "events", "lost")]
    stated += [str(row[name]) for row in values["screening"]["rows"] for name in ("remaining", "left", "undecidable")]
    stated += [str(one["flagged"]) for one in values["thresholds"]]
    stated += [str(one[name]) for one in values["by_landmark"] for name in ("patients", "events", "lost")]
    stated += [cell for row in values["table_one"]["rows"] for cell in row["cells"]]
    assert "<5" in stated
    assert [one for one in stated if SMALL.fullmatch(one)] == []


def test_the_page_says_at_its_top_that_small_counts_are_hidden(written):
    top = visible(written.page)[:400]
    assert "Counts under 5 are hidden, except totals of the cohort." in top
    assert written.values["disclosure"] == "small-counts"
    assert "hidden" not in visible(written.own_page)[:400]
    assert written.own_values["disclosure"] == "full"


def test_whoever_owns_the_data_sees_all_counts(written):
    """Three patients of a centre of their own, as the tables have them; nothing is hidden beside them."""
    centre = next(one for one in written.own_values["left_out"] if one["name"] == "centre-9")
    at = written.validation.data.features.index
    patients = written.tables["patients"].set_index("patient_id").loc[at]
    assert centre["patients"] == str((patients["centre"] == "centre-9").sum())
    assert centre["measures"] == {}  # as few support no figures, whoever looks at them
    counts = [one[name] for one in written.own_values["left_out"] for name in ("patients", "events", "lost")]
    counts += [cell for row in written.own_values["table_one"]["rows"] for cell in row["cells"]]
    assert not {"hidden", "<5", "<5 known"} & set(counts)
    sizes = [int(one["patients"]) for one in written.own_values["left_out"]]
    assert sum(sizes) == len(at)


def test_a_risk_group_tells_no_small_count(written):
    groups = written.values["risk_groups"]
    assert len(groups) >= 1
    assert [one for one in groups if min(one["events"], one["patients"] - one["events"]) < 5] == []


def test_the_page_and_the_values_tell_the_same_of_a_small_group(written):
    centre = next(one for one in written.values["left_out"] if one["name"] == "centre-9")
    assert (centre["patients"], centre["measures"]) == ("<5", {})
    others = [one for one in written.values["left_out"] if one["name"] != "centre-9"]
    assert [one["patients"] for one in others].count("hidden") == 1  # or the three could be worked out
    rows = re.findall(r'<th scope="row">centre-9</th><td[^>]*>([^<]*)</td>', written.page)
    assert set(rows) == {"&lt;5"}


def test_no_small_count_stands_in_a_table_of_the_page(written):
    """Of the sections that count patients; the tables of settings, folds and TRIPOD+AI count none."""
    counted = ("At risk", "With the outcome", "Lost", "Patients", "Remaining", "Do not meet it")
    reader = read(written.page)
    assert {"Lost", "Patients"} <= {value for _, name, value in reader.attributes if name == "data-label"}
    cells = re.findall(r'data-label="([^"]*)">([^<]*)<', written.page)
    assert len([cell for label, cell in cells if label in counted]) > 30
    assert [(label, cell) for label, cell in cells if label in counted and SMALL.fullmatch(cell)] == []


def test_arms_of_fewer_than_five_have_no_line_and_cannot_be_worked_out(written):
    main, table = written.drawn["kaplan_meier"].axes
    legend = [text.get_text() for text in main.get_figure().legends[0].get_texts()]
    assert "other (n < 5)" in legend
    assert sum("(n = " in one for one in legend) == len(legend) - 2  # another is hidden besides
    assert [text.get_text() for text in table.texts if re.fullmatch("[1-4]", text.get_text())] == []


# The other things that are made of patients.


def test_the_report_of_a_refusal_holds_nobody(written, tmp_path):
    study = rm.load_study(written.folder / "study.toml")
    cohort = rm.make_cohort(**written.tables)
    state = rm.derive_outcome(cohort, study)["state"].to_numpy()
    few = cohort.take(np.concatenate([np.flatnonzero(state == "relapse")[:4], np.flatnonzero(state == "free")[:40]]))
    with pytest.raises(InsufficientDataError) as refused:
        rm.validate(few, study)
    places = write_refusal(few, study, refused.value, tmp_path)
    pairs = told_apart(own_values(written))
    files = [path for path in tmp_path.rglob("*.*") if path.is_file()]
    assert places["report"] in files
    for path in files:
        text = text_of(path.read_bytes())
        assert found_in(text, PARTS) == set(), path.name
        assert not [day for day in dates(written.tables) if day in text], path.name
        assert rows_in(spoken(text), pairs) == set(), path.name


def test_the_points_score_holds_nobody(written):
    data = written.validation.data
    score = points_score(written.validation.model, data.features, relapse=data.relapse, weight=data.weights())
    stated = json.dumps(score.to_dict()) + score.table().to_csv() + score.risks().to_csv()
    pairs = told_apart(own_values(written))
    assert found_in(stated, PARTS) == set()
    assert rows_in(stated, pairs) == set()
    numbers, half = numbers_in(stated, 5)
    assert [one for one, whose in zip(numbers, owners(numbers, half, pairs), strict=True) if whose] == []


def test_monitoring_tells_no_risk_of_a_handful(written):
    scores = pd.read_csv(written.folder / "scores.csv").head(3)
    found = monitor(written.validation.model, scores=scores)
    stated = found.text() + json.dumps(found.to_dict(), allow_nan=False)
    numbers, half = numbers_in(stated, 3)
    risks = sorted((risk, place) for place, risk in enumerate(scores["relapse_risk"]))
    assert [one for one, whose in zip(numbers, owners(numbers, half, risks), strict=True) if whose] == []
    assert found.to_dict()["scores"]["mean_risk"] is None
    assert "not disclosed for fewer than 5 patients" in found.text()


def test_monitoring_tells_no_share_of_one_to_four_patients(written):
    values = json.loads((written.folder / "watch.json").read_text(encoding="utf-8"))
    drifts = [*values["predictors"], *values["scores"]["warnings"]]
    found = [(one["patients"], share["found"]["value"]) for one in drifts for share in one["shares"]]
    shares = [share * of for of, share in found if not isinstance(share, str)]
    assert len(shares) > 5
    assert "<5" in {share for _, share in found}
    assert [one for one in shares if 0.5 < one < 4.5] == []
    assert re.findall(r"<5 of \d+ patients", written.watched.out)


def test_a_monitored_risk_is_no_patients_own(written):
    stated = json.loads((written.folder / "watch.json").read_text(encoding="utf-8"))["scores"]
    assert [round(stated[name], 3) for name in ("mean_risk", "p05", "median", "p95")] == [
        stated[name] for name in ("mean_risk", "p05", "median", "p95")
    ]


def test_the_explanation_of_a_patient_names_nobody_else(written, capsys):
    asked = identifier(130)
    arguments = (
        "explain",
        written.model,
        written.folder / "new",
        "--patient",
        asked,
        "--out",
        written.folder / "x.txt",
    )
    assert cli.main([str(one) for one in arguments]) == 0
    stated = capsys.readouterr().out + (written.folder / "x.txt").read_text(encoding="utf-8")
    assert asked in stated
    assert found_in(stated.replace(asked, ""), PARTS) == set()
    other = own_values(written).to_numpy()
    assert rows_in(stated, told_apart(pd.DataFrame(other))) == set()
