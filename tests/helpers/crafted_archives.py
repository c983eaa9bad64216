"""Some 370 archives that a forger, or an accident, could make of a model file; each with what its refusal must say."""

from __future__ import annotations

import bz2
import copy
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from small_model import PART, forged

from relapse_model.model.file.archive import pack, unpack
from relapse_model.model.file.manifest import digest

NOT_OURS = "not a model file of this library"


class Canary:
    """Pickled, it writes a file when it is opened."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return Path.touch, (Path(self.path),)


def crafted_archives(prior, ridge, trees, canary):
    """Return name -> (bytes, regular expression), from the bytes of three sound model files and a canary's path."""
    found = {}
    for group in (containers, manifests, listings, studies, summaries, numbers):
        found |= {f"{group.__name__} {name}": case for name, case in group(prior, canary)}
    found |= {f"skops {name}": case for name, case in skops_parts(ridge, canary)}
    return found | {f"booster {name}": case for name, case in boosters(trees, canary)}


def zipped(parts, method=zipfile.ZIP_DEFLATED, **entry_settings):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in parts.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            for key, value in entry_settings.items():
                setattr(entry, key, value)
            archive.writestr(entry, data, compress_type=method)
    return buffer.getvalue()


def containers(sound, canary):
    """What is no archive, or not one that we write."""
    yield from no_archives(sound, canary)
    yield from other_zips(sound)
    yield from bad_entries(sound)


def no_archives(sound, canary):
    parts = unpack(sound, "x")
    evil = pickle.dumps(Canary(canary))
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        yield f"pickle {protocol}", (pickle.dumps(Canary(canary), protocol), "Pickle and joblib files are never opened")
    for name, squeeze in {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}.items():
        yield f"{name} of a pickle", (squeeze(evil), NOT_OURS)
        yield f"{name} of the model", (squeeze(sound), NOT_OURS)
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("manifest.json"), io.BytesIO(b""))
    npz = io.BytesIO()
    np.savez(npz, a=np.array([1, None], dtype=object))
    for name, content in {
        "tar": tar.getvalue(), "npz of objects": npz.getvalue(), "nothing": b"", "text": b"hello" * 100,
        "json": parts["manifest.json"], "html": b"<script>alert(1)</script>" * 9, "zeros": bytes(1000),
        "only an end": sound[-22:], "polyglot script": b"#!/bin/sh\ntouch x\n" + sound,
        "appended pickle": sound + evil, "two models": sound * 2, "backwards": sound[::-1],
    }.items():  # fmt: skip
        yield name, (content, NOT_OURS)
    for cut in (1, 10, 21, 22, 23, 100, len(sound) // 2, len(sound) - 30):
        yield f"{cut} bytes cut off", (sound[:-cut], NOT_OURS)


def other_zips(sound):
    parts = unpack(sound, "x")
    for name, method in {"stored": zipfile.ZIP_STORED, "bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}.items():
        yield f"{name} entries", (zipped(parts, method), NOT_OURS)
    for name, value in {"comment": b"#!", "extra": struct.pack("<HH4s", 0x7075, 4, b"evil")}.items():
        yield f"an entry's {name}", (zipped(parts, **{name: value}), NOT_OURS)
    yield "a later date", (zipped(parts, date_time=(2020, 2, 2, 2, 2, 2)), NOT_OURS)
    yield "a link", (zipped(parts, external_attr=0o120777 << 16), NOT_OURS)
    yield "made on Windows", (zipped(parts, create_system=0), NOT_OURS)
    encrypted = bytearray(sound)
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        encrypted[sound.index(mark) + place] |= 1
    yield "encrypted", (bytes(encrypted), NOT_OURS)
    yield "other crc", (sound.replace(sound[14:18], bytes(4)), NOT_OURS)


def bad_entries(sound):
    parts = unpack(sound, "x")
    outside = ("../x", "a/../../x", "/etc/passwd", "..", "C:/x", "C:\\x", "..\\x", "//server/x", "classifier/../../x")
    for name in outside:
        yield f"path {name}", (zipped(parts | {name: b"1"}), "points outside")
    for name in ("a b", "a\n", "", "x" * 300, "a//b", "./a", "a/", "é", "con\x01"):
        yield f"name {name[:9]!r}", (zipped(parts | {name: b"1"}), "has a name")
    for size in (10**6, 10**7, 6 * 10**7):
        yield f"bomb of {size}", (pack(parts | {"classifier/bomb.json": b"0" * size}), "unpacks to")
    noise = np.random.default_rng(0).integers(0, 256, 2000, dtype=np.uint8).tobytes()
    many = {f"classifier/{n}.json": noise * 200 for n in range(170)}
    yield "many large ones", (pack(parts | many), "unpacks to more than 16 MiB")
    yield "too many", (pack(parts | {f"classifier/{n}.json": b"{}" for n in range(300)}), "expected at most 300")
    yield "in capitals too", (pack(parts | {"Study.toml": b"1"}), "comes twice")
    again = parts | {"study.tomX": parts["study.toml"]}
    yield "a name twice", (pack(again).replace(b"study.tomX", b"study.toml"), "comes twice")


def manifests(sound, canary):
    """Manifests that say what no writer of ours says."""
    parts = unpack(sound, "x")
    told = json.loads(parts["manifest.json"])

    def raw(content):
        return pack(parts | {"manifest.json": content})

    yield "missing", (pack({k: v for k, v in parts.items() if k != "manifest.json"}), "no manifest")
    as_text = parts["manifest.json"]
    huge = b"9" * 5000
    for name, content in {
        "empty": b"", "not closed": b"{", "pickle": pickle.dumps(Canary(canary)),
        "utf-16": as_text.decode().encode("utf-16"),
        "mark of order": b"\xef\xbb\xbf" + as_text, "not utf-8": as_text.replace(b"small", b"sm\xffll"),
        "deep lists": b"[" * 4000, "deep objects": b'{"a":' * 1500, "deep and closed": b"[" * 5000 + b"]" * 5000,
        "deep inside": as_text.replace(b'"research_use_only": true', b'"x":' + b"[" * 5000 + b"]" * 5000),
        "a key twice": as_text.replace(b'"kind"', b'"kind": "x", "kind"'),
        "nan": as_text.replace(b'"landmark_week": 0.0', b'"landmark_week": NaN'),
        "infinity": as_text.replace(b'"landmark_week": 0.0', b'"landmark_week": Infinity'),
        "a number too large": as_text.replace(b'"landmark_week": 0.0', b'"landmark_week": 1e999'),
        "5000 digits": as_text.replace(b'"landmark_week": 0.0', b'"landmark_week": ' + huge),
        "a comment": b"// x\n" + as_text, "two documents": as_text + b"{}",
        "single quotes": as_text.replace(b'"', b"'"),
    }.items():  # fmt: skip
        yield name, (raw(content), "not strict JSON")
    noise = np.random.default_rng(0).bytes(2**21 + 1)
    yield "too large", (raw(json.dumps(noise.hex()).encode()), "larger than 4 MiB")
    for value in ([], "x", 1, None, True):
        yield f"is {value!r}", (raw(json.dumps(value).encode()), "not that of a model")
    wrong = {
        "kind": (("x", None, 1, ["relapse-model"], {}), "not that of a model"),
        "format": ((0, 3, 99, -1, 10**30, "2", 2.0, True, None, [2], {}), "this version reads formats 1 and 2"),
        "classifier": (("os.system", "", "LoadedPrior", "../x", "__import__"), "names no classifier"),
        "summary": ((None, [], "x", 1), "has no summary"),
        "landmark_week": (("soon", None, [], True, 10**100), "no landmark_week"),
        "landmark_weeks": ((None, 12, [], [0], [0, 0], [12, 0], [0, True], ["0", 12]), "two or more weeks"),
        "parts": ((None, [], {}, "x", 1), "lists no parts"),
        "probe": ((None, [], {}, {"patients": [], "risk": []}, {"patients": [[1.0]], "risk": [0.1]}), "do not fit"),
    }
    for key, (values, message) in wrong.items():
        for value in values:
            yield f"{key} is {str(value)[:12]!r}", (raw(json.dumps(told | {key: value}).encode()), message)
    yield "weeks of another model", (raw(json.dumps(told | {"landmark_weeks": [0, 12]}).encode()), "'columns'")
    late = raw(json.dumps(told | {"landmark_weeks": [0, 5000]}).encode())
    yield "weeks after the horizon", (late, "expected weeks before the horizon")
    risk = told["probe"]["risk"]
    for name, values in {"other": [0.99, *risk[1:]], "a little other": [risk[0] + 1e-8, *risk[1:]]}.items():
        probe = told["probe"] | {"risk": values}
        yield f"{name} risks", (raw(json.dumps(told | {"probe": probe}).encode()), "away from those it was saved with")
    for name, values in {"text": ["x", *risk[1:]], "short": risk[1:], "null": [None, *risk[1:]], "flat": 0.1}.items():
        probe = told["probe"] | {"risk": values}
        yield f"{name} risks", (raw(json.dumps(told | {"probe": probe}).encode()), "do not fit")


def listings(sound, canary):
    """Parts that are missing, swapped, changed, too many, or of a kind that no model has."""
    parts = unpack(sound, "x")
    names = [name for name in parts if name != "manifest.json"]
    for name in names:
        without = {key: data for key, data in parts.items() if key != name}
        yield f"without {name}", (pack(without), "parts missing")
        yield f"changed {name}", (pack(parts | {name: parts[name] + b" "}), f"{name} is not what was saved")
        yield f"emptied {name}", (pack(parts | {name: b""}), f"{name} is not what was saved")
    for one, other in zip(names, [*names[1:], names[0]], strict=True):
        swapped = parts | {one: parts[other], other: parts[one]}
        yield f"swapped {one} and {other}", (pack(swapped), "is not what was saved")
        # With the checksums made to fit, what is inside gives it away.
        yield (
            f"swapped and listed {one}",
            (forged(swapped), "strict JSON|not a study|not UTF-8|not a part|not what training writes"),
        )
    evil = pickle.dumps(Canary(canary))
    yield "a pickle", (pack(parts | {"classifier/extra.pkl": evil}), "parts not listed: 1")
    for name in (
        "classifier/extra.pkl",
        "classifier/extra.joblib",
        "classifier/extra",
        "classifier/a.py",
        "classifier/a.so",
    ):
        yield f"listed {name}", (forged(parts | {name: evil}), "no classifier of this library has such a part")
    for name in ("extra.pkl", "setup.py", "sitecustomize.py", "study.toml.exe", "classifiers/x.json", "__init__.py"):
        yield f"listed {name}", (forged(parts | {name: evil}), "are no parts of a model")
    for name in (PART, "dictionary.json", "coefficients.json"):
        yield f"a pickle as {name}", (forged(parts | {name: evil}), "not strict JSON")
    yield "a pickle as the study", (forged(parts | {"study.toml": evil}), "not UTF-8|not a study")
    yield "a pickle as the card", (forged(parts | {"card.md": evil + b"\xff"}), "not UTF-8")
    yield "a pickle as signature", (pack(parts | {"signature.json": evil}), "not strict JSON")
    without = {key: data for key, data in parts.items() if key != "dictionary.json"}
    yield "no dictionary, unlisted", (forged(without), "dictionary.json")
    told = json.loads(parts["manifest.json"])
    for name, values in {
        "no size": {"sha256": "0" * 64},
        "text": "0" * 64,
        "null": None,
        "other": digest(b"x"),
    }.items():
        listed = told["parts"] | {"study.toml": values}
        changed = json.dumps(told | {"parts": listed}).encode()
        yield f"listed with {name}", (pack(parts | {"manifest.json": changed}), "study.toml is not what was saved")
    old = json.dumps(told | {"format": 1}).encode()
    yield "parts of format 2 as format 1", (pack(parts | {"manifest.json": old}), "are no parts of a model")


def studies(sound, canary):
    """Studies that cannot be read, or are not those of the model; the checksums fit."""
    parts = unpack(sound, "x")
    text = parts["study.toml"].decode()
    unreadable = {
        "empty": "", "not toml": "[[[", "deep": "a = " + "[" * 5000, "unknown key": text + "\n[hooks]\nrun = 'x'\n",
        "no outcome": text.replace("[outcome]", "[outcomes]"),
        "nan": text.replace("horizon_weeks = 48", "horizon_weeks = nan"),
        "infinite": text.replace("horizon_weeks = 48", "horizon_weeks = inf"),
        "backwards": text.replace("horizon_weeks = 48", "horizon_weeks = -48"),
        "another protocol": text.replace("protocol = 1", "protocol = 99"),
        "an unknown kind": text.replace('kind = "last"', 'kind = "os.system"'),
        "extends": 'extends = "hbsag-relapse"\n' + text,
        "shorthand": text + '\n[[candidates]]\ncolumn = "a_column"\n',
        "huge": text.replace("horizon_weeks = 48", "horizon_weeks = " + "9" * 5000),
    }  # fmt: skip
    for name, content in unreadable.items():
        yield name, (forged(parts | {"study.toml": content.encode()}), r"study\.toml")
    renamed = text.replace('name = "age"', 'name = "aged"')
    yield (
        "another predictor",
        (forged(parts | {"study.toml": renamed.encode()}), "'aged' are not what training|'columns', 'aged'"),
    )
    head, first, second = text.split("[[predictors]]")
    fewer = f"{head}[[predictors]]{first}"
    yield "fewer predictors", (forged(parts | {"study.toml": fewer.encode()}), "'columns', 'scatter' are not what")
    turned = f"{head}[[predictors]]{second}\n[[predictors]]{first}"
    yield "predictors turned round", (forged(parts | {"study.toml": turned.encode()}), "'columns' are not what")


def summaries(sound, canary):
    """Summaries that scoring could not use, or would use wrongly."""
    parts = unpack(sound, "x")
    told = json.loads(parts["manifest.json"])
    for key, value in {
        "patients": "many", "events": -1, "synthetic": "no", "predictors": [], "by_landmark": [],
    }.items():  # fmt: skip
        summary = told["summary"] | {key: value}
        yield f"{key} is {value!r}", (forged(parts, told, summary=summary), f"{key}' are not what training")
    yield "weeks backwards", (
        forged(parts, told, summary=told["summary"] | {"by_landmark": [{"week": 4}, {"week": 0}]}), "'by_landmark'"
    )  # fmt: skip
    for key, value in {"p05": "x", "p95": None, "median": [1], "p95 ": 1}.items():
        summary = copy.deepcopy(told["summary"])
        summary["predictors"]["age"][key.strip()] = value  # p95 of 1 year lies below p05
        yield f"age {key} {value!r}", (forged(parts, told, summary=summary), "'age' are not what training")
    for key, value in {"p95": 309, "mean": 10**30}.items():  # 10 to the power of it is no number
        summary = copy.deepcopy(told["summary"])
        summary["predictors"]["anti_hbs"][key] = value
        yield f"anti_hbs {key} {value!r}", (forged(parts, told, summary=summary), "'anti_hbs' are not what training")
    summary = copy.deepcopy(told["summary"])
    del summary["predictors"]["age"]
    yield "a predictor without range", (forged(parts, told, summary=summary), "'age' are not what training")


def numbers(sound, canary):
    """Numbers of the classifier that are none, are too large, or do not fit one another; the checksums fit."""
    parts = unpack(sound, "x")
    values = json.loads(parts[PART])

    def changed(**entries):
        return forged(parts | {PART: json.dumps(values | entries).encode()})

    optional = {"terms", "indicators"}  # lists that an old file need not have
    # Names of columns may be null, and only a plain true says that labels are objects.
    for key in sorted(values.keys() - {"feature_names", "classes_are_objects"}):
        missing = {other: value for other, value in values.items() if other != key}
        refusal = "damaged|not a part of format|strict JSON"
        if key not in optional:
            yield f"without {key}", (forged(parts | {PART: json.dumps(missing).encode()}), refusal)
            yield f"{key} is text", (changed(**{key: "x"}), refusal)
        for name, value in {"null": None, "an object": {"__class__": "os.system"}}.items():
            yield f"{key} is {name}", (changed(**{key: value}), refusal)
    for key in ("coef", "intercept", "covariance", "weight", "impute", "center", "scale", "prior_mean", "log_evidence"):
        flat = np.array(values[key], dtype=float)
        for name, number in {
            "NaN": "NaN",
            "Infinity": "Infinity",
            "1e999": "1e999",
            "1e300": "1e300",
            "400 digits": "9" * 400,
        }.items():
            text = json.dumps(values | {key: "PLACE"}).replace('"PLACE"', json.dumps(np.full(flat.shape, 7.0).tolist()))
            yield f"{key} holds {name}", (forged(parts | {PART: text.replace("7.0", number, 1).encode()}), refusal)
    coef = np.array(values["coef"])
    yield "other coefficients", (changed(coef=(1.001 * coef).tolist()), "away from those it was saved with")
    yield "coefficients turned round", (changed(coef=coef[:, ::-1].tolist()), "away from those it was saved with")
    yield "negative variance", (changed(covariance=(-np.array(values["covariance"])).tolist()), refusal)
    yield "weights above 1", (changed(weight=[2.0]), refusal)
    yield "scale 0", (changed(scale=[0.0, 0.0]), refusal)
    yield "more columns", (changed(n_features=3), refusal)
    yield "a million columns", (changed(n_features=10**6), refusal)
    yield "deep", (forged(parts | {PART: b'{"format":' + b"[" * 4000}), "strict JSON")


def rewritten_skops(data, change=None, **entries):
    """Return a skops part with its schema changed, or with other entries."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    if change is not None:
        schema = json.loads(inside["schema.json"])
        change(schema)
        inside["schema.json"] = json.dumps(schema).encode()
    return zipped(inside | entries)


def skops_parts(sound, canary):
    """skops parts that name what our pipeline has not, or hold what no skops file holds; the checksums fit."""
    name = "classifier/pipeline.skops"
    parts = unpack(sound, "x")

    def with_part(data):
        return forged(parts | {name: data})

    def naming(module, kind, loader="ObjectNode"):
        def change(schema):
            node = {"__class__": kind, "__module__": module, "__loader__": loader, "content": {}, "__id__": 1}
            schema["content"]["content"]["memory"] = node

        return change

    refusal = "which this classifier never writes; nothing was built from it"
    for module, kind, loader in (
        ("posix", "system", "FunctionNode"), ("os", "system", "TypeNode"), ("builtins", "eval", "FunctionNode"),
        ("builtins", "exec", "TypeNode"), ("subprocess", "Popen", "ObjectNode"), ("pathlib", "Path", "ObjectNode"),
        ("builtins", "str", "MethodNode"), ("builtins", "str", "OperatorFuncNode"), ("builtins", "str", "PartialNode"),
        ("functools", "partial", "PartialNode"),
        ("operator", "attrgetter", "OperatorFuncNode"),
        ("numpy", "load", "FunctionNode"), ("numpy", "ufunc", "FunctionNode"),
        ("numpy.random", "Generator", "RandomGeneratorNode"),
        ("sklearn.tree._tree", "Tree", "TreeNode"), ("sklearn.linear_model", "SGDClassifier", "SGDNode"),
        ("sklearn.preprocessing", "FunctionTransformer", "ObjectNode"), ("xgboost.core", "Booster", "ObjectNode"),
        ("joblib", "load", "FunctionNode"), ("pickle", "loads", "FunctionNode"), ("builtins", "bytes", "BytesNode"),
        ("canary_module", "Canary", "ObjectNode"), ("", "", "JsonNode"),
    ):  # fmt: skip
        yield (
            f"{module}.{kind} by {loader}",
            (with_part(rewritten_skops(parts[name], naming(module, kind, loader))), refusal),
        )

    def first_estimator(schema):
        schema["__class__"] = "GridSearchCV"

    yield "the outer type", (with_part(rewritten_skops(parts[name], first_estimator)), refusal)
    evil = pickle.dumps(Canary(canary))
    yield "a pickle itself", (with_part(evil), "not a skops file")
    yield (
        "a pickle beside",
        (with_part(rewritten_skops(parts[name], **{"x.pkl": evil})), "neither the schema nor an array"),
    )
    yield (
        "a path outside",
        (with_part(rewritten_skops(parts[name], **{"../x.py": b"1"})), "neither the schema nor an array"),
    )
    yield (
        "a bomb",
        (with_part(rewritten_skops(parts[name], **{"x.npy": b"0" * 70_000_000})), "bytes unpacked|unpacks to"),
    )
    yield (
        "deep schema",
        (with_part(rewritten_skops(parts[name], **{"schema.json": b"[" * 100_000})), "not a skops file"),
    )
    yield "no schema", (with_part(zipped({"a.npy": b"1"})), "not a skops file")
    yield "cut short", (with_part(parts[name][:-30]), "not a skops file")
    yield "nothing", (with_part(b""), "not a skops file")
    yield (
        "too many arrays",
        (with_part(rewritten_skops(parts[name], **{f"{n}.npy": b"" for n in range(1001)})), "entries, or one twice"),
    )


def boosters(sound, canary):
    """Boosters that xgboost should never see; the checksums fit."""
    name = "classifier/booster.ubj"
    parts = unpack(sound, "x")
    data = parts[name]

    def with_part(content):
        return forged(parts | {name: content})

    def with_all(content):
        return forged({key: content if key.endswith(".ubj") else value for key, value in parts.items()})

    yield "a pickle", (with_part(pickle.dumps(Canary(canary))), "expected the UBJSON")
    yield "nothing", (with_part(b""), "expected the UBJSON")
    yield "cut short", (with_part(data[:-9]), "expected the UBJSON")
    yield "longer", (with_part(data + b"}"), "expected the UBJSON")
    yield "deep", (with_part(b"[#U\1" * 500), "too many levels")
    yield "a count of billions", (with_part(b"[#L" + struct.pack(">q", 2**62)), "expected the UBJSON")
    yield "json", (with_part(b'{"learner": {}}'), "expected the UBJSON")
    yield (
        "another objective",
        (with_part(data.replace(b"binary:logistic", b"binary:logitraw")), "objective|length|expected"),
    )
    yield "all cut short", (with_all(data[: len(data) // 2]), "expected the UBJSON")
    place = data.index(b"left_children") + len("left_children")
    wild = data[: place + 8] + b"\x7f" * 8 + data[place + 16 :]
    yield "a wild child", (with_part(wild), "expected")
    told = json.loads(parts["classifier/boosted_trees.json"])
    for key, value in {"n_features": 3, "rounds": told["rounds"] + 1}.items():
        content = json.dumps(told | {key: value}).encode()
        yield f"{key} of {value}", (forged(parts | {"classifier/boosted_trees.json": content}), "expected")
    alone = {key: value for key, value in parts.items() if key != "classifier/boosted_trees.json"}
    yield "without settings", (forged(alone), "without boosted_trees.json")
