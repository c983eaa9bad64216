"""Some 90 study files and cohort folders forged at random, from a seed: sizes, depths, encodings, links, pipes."""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from small_model import STUDY

import relapse_model as rm

Dice = random.Random


def hostile_studies(dice: Dice) -> Iterator[tuple[str, bytes]]:
    """Yield a name and the bytes of each study file."""
    text, many = STUDY, dice.choice([3000, 30_000])
    deep = dice.choice([400, 20_000])
    tables = "".join(f"[analytes.a{one}]\nunit = 'IU/mL'\nlabel = 'a'\n" for one in range(many))
    predictors = "".join(f"[[predictors]]\nname = 'p{one}'\nlabel = 'p'\nkind = 'column'\n" for one in range(many))
    cases: dict[str, str | bytes] = {
        "wrong_keys": "".join(f"key{one} = {one}\n" for one in range(1600)) + text,
        "wrong_keys_of_a_table": text + "".join(f"key{one} = {one}\n" for one in range(many)),
        "analytes": text + tables, "predictors": text + predictors, "dotted": ".".join("a" * 20_000) + " = 1\n" + text,
        "dotted_table": "[" + ".".join(["a"] * 20_000) + "]\n", "quoted_dots": ".".join(['"a b"'] * 20_000) + " = 1\n",
        "lists": "a = " + "[" * deep + "]" * deep + "\n",
        "tables_in_one_line": "a = " + "{a = " * deep + "1" + "}" * deep,
        "long_list": f"a = [{'1, ' * 400_000}]\n" + text, "long_text": f"a = '{'x' * 3_000_000}'\n" + text,
        "long_comment": "#" + "x" * 400_000 + "\n" + text, "many_lines": "\n" * 500_000 + text,
        "many_quotes": '"' * 300_000, "many_triple_quotes": 'a = """' + '""' * 100_000,
        "backslashes": 'a = "' + "\\" * 300_000,
        "a_number": "a = " + "9" * 300_000 + "\n" + text, "a_hexadecimal": "a = 0x" + "f" * 300_000 + "\n" + text,
        "weeks": text.replace("landmark_weeks = [0]", f"landmark_weeks = {list(range(many))}"),
        "weeks_huge": text.replace("landmark_weeks = [0]", "landmark_weeks = [1e300]"),
        "horizon_huge": text.replace("horizon_weeks = 48", "horizon_weeks = 1e300"),
        "within_weeks_infinite": text.replace("within_weeks = 12", "within_weeks = inf"),
        "tests_huge": text.replace("tests = 2", f"tests = {10**18}"),
        "a_name_of_spaces": text.replace('name = "age"', 'name = "' + " " * 100_000 + '"'),
        "a_label_of_letters": text.replace('label = "Age"', 'label = "' + "é" * 200_000 + '"'),
        "a_prior": text.replace("log_odds = -0.9, sd = 0.4", "log_odds = 1e308, sd = 1e-308"),
        "extends_itself": 'extends = "STUDY"\n' + text, "extends_a_folder": 'extends = "../x.toml"\n' + text,
        "synonyms": text.replace('label = "HBsAg"',
        f'label = "HBsAg"\nsynonyms = {[f"s{one}" for one in range(9000)]}'),
        "same_synonym": text.replace('label = "HBsAg"', f'label = "HBsAg"\nsynonyms = {["s"] * 9000}'),
        "nul": text.encode().replace(b"HBsAg", b"HB\0Ag"), "utf_16": text.encode("utf-16"),
        "latin_1": (text + "# é").encode("latin-1"),
        "bidi": text.replace('"Age"', '"\u202eegA"'), "noise": dice.randbytes(100_000), "nothing": b"",
        "half": text[: dice.randrange(len(text))], "carriage_returns": text.replace("\n", "\r"),
    }  # fmt: skip
    for name, content in cases.items():
        yield name, content if isinstance(content, bytes) else content.replace("STUDY", f"{name}.toml").encode()


def hostile_folders(folder: Path, dice: Dice) -> Iterator[tuple[str, Path]]:
    """Make cohort folders of a few patients, each with one table that is not what it seems; yield name and place."""
    for name, spoil in (SPOILT | _by_table(dice)).items():
        here = folder / name
        rm.simulate_cohort(5, seed=dice.randrange(1000)).write(here)
        spoil(here)
        yield name, here


def _labs(write: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        file = folder / "labs.csv"
        file.write_bytes(write(file.read_bytes()))

    return spoil


def _rows(row: str, times: int) -> Callable[[Path], None]:
    return _labs(lambda data: data + (row * times).encode())


def _gz_alone(folder: Path) -> None:
    (folder / "treatments.csv.gz").write_bytes(gzip.compress((folder / "treatments.csv").read_bytes()))
    (folder / "treatments.csv").unlink()


def _wide(data: bytes) -> bytes:
    return b",".join(b"c%d" % one for one in range(300_000)) + b"\n" + b"," * 299_999 + b"\n"


def _both_forms(folder: Path) -> None:
    rm.read_cohort(folder).write(folder / "again", form="parquet")
    (folder / "again" / "labs.parquet").rename(folder / "labs.parquet")


def _parquet_of(content: bytes) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        (folder / "labs.csv").unlink()
        (folder / "labs.parquet").write_bytes(content)

    return spoil


SPOILT: dict[str, Callable[[Path], None]] = {
    "gz_alone": _gz_alone,
    "two_spellings": lambda folder: (folder / "Labs.csv").write_bytes((folder / "labs.csv").read_bytes()) and None,
    "two_forms": _both_forms,
    "no_folder": lambda folder: folder.rename(folder.with_name("gone")) and None,
    "columns": _labs(_wide),
    "columns_of_one_name": _labs(lambda data: b"week," * 10_000 + b"week\n"),
    "bad_rows": _rows("P1,1\n", 2_000_000),
    "bad_weeks": _rows("sim-0001,bad,HBsAg,1,IU/mL\n", 200_000),
    "unknown_patients": _rows("nobody,1,HBsAg,1,IU/mL\n", 200_000),
    "nul": _labs(lambda data: data.replace(b",", b",\0", 40)),
    "nul_header": _labs(lambda data: b"\0" + data),
    "utf_16": _labs(lambda data: data.decode().encode("utf-16")),
    "latin_1": _labs(lambda data: data + "é,1,HBsAg,1,IU/mL\n".encode("latin-1")),
    "utf_8_broken": _labs(lambda data: data + b"\xc3\x28,1,HBsAg,1,IU/mL\n"),
    "open_quote": _labs(lambda data: data + b'"' + b"x,y\n" * 200_000),
    "a_cell_of_10_MB": _labs(lambda data: data + b"x" * 10_000_000 + b",1,HBsAg,1,IU/mL\n"),
    "a_header_of_10_MB": _labs(lambda data: b"x" * 10_000_000 + data),
    "carriage_returns": _labs(lambda data: data.replace(b"\n", b"\r")),
    "semicolons": _labs(lambda data: data.replace(b",", b";")),
    "tabs": _labs(lambda data: data.replace(b",", b"\t")),
    "empty": _labs(lambda data: b""),
    "line_ends": _labs(lambda data: b"\n" * 1_000_000),
    "commas": _labs(lambda data: data + b"," * 1_000_000),
    "quotes": _labs(lambda data: data + b'"' * 999_999),
    "no_header": _labs(lambda data: data.split(b"\n", 1)[1]),
    "half": _labs(lambda data: data[: len(data) // 2]),
    "header_alone": _labs(lambda data: data.split(b"\n", 1)[0] + b"\n"),
    "html": _labs(lambda data: b"<html><table><tr><td>1</td></tr></table></html>"),
    "a_workbook": _labs(lambda data: b"PK\3\4" + bytes(5000)),
    "huge_numbers": _rows("sim-0001,1,HBsAg,1e308,IU/mL\n", 1),
    "digits": _labs(lambda data: data + b"sim-0001,1,HBsAg," + b"9" * 200_000 + b",IU/mL\n"),
    "units": _labs(lambda data: data + b"".join(b"sim-0001,1,HBsAg,1,u%d\n" % one for one in range(20_000))),
    "analytes": _labs(lambda data: data + b"".join(b"sim-0001,1,a%d,1,IU/mL\n" % one for one in range(20_000))),
    "formulas": _rows("=cmd|' /C calc'!A0,1,HBsAg,1,IU/mL\n", 3),
    "terminal": _rows("\x1b[2J,1,HBsAg,1,IU/mL\n", 3),
    "parquet_nothing": _parquet_of(b""),
    "parquet_noise": _parquet_of(b"PAR1" + b"\xff" * 5000 + b"PAR1"),
    "parquet_footer": _parquet_of(b"PAR1" + b"\x15" * 100 + b"\xff\xff\xff\x7fPAR1"),
}


def _by_table(dice: Dice) -> dict[str, Callable[[Path], None]]:
    """What stands under the name of a table and is no file."""

    def under(name: str, make: Callable[[Path], object]) -> Callable[[Path], None]:
        def spoil(folder: Path) -> None:
            (folder / name).unlink(missing_ok=True)
            make(folder / name)

        return spoil

    kinds: dict[str, Callable[[Path], object]] = {
        "broken_link": lambda file: file.symlink_to("elsewhere.csv"),
        "loop": lambda file: file.symlink_to(file.name),
        "pipe": os.mkfifo,
        "device": lambda file: file.symlink_to("/dev/zero"),
        "folder": Path.mkdir,
    }
    found = {}
    for kind, make in kinds.items():
        for name in dice.sample(["patients.csv", "labs.csv", "treatments.csv", "outcomes.csv"], 3):
            found[f"{kind}_{name[:-4]}"] = under(name, make)
    return found
