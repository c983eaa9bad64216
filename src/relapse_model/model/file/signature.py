"""Signatures on model files: whose file it is, which a checksum cannot tell. Ed25519, by the cryptography package.

The signature is one more entry of the archive. It signs the manifest, which holds the sha256 of every other part, so no
part can change without it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from relapse_model.errors import ModelFileError, RelapseModelError
from relapse_model.files import strict_json, write_bytes, write_new
from relapse_model.model.file.archive import pack, read_file, unpack
from relapse_model.model.file.demands import POLICY, demanded_keys, listed_keys
from relapse_model.model.file.manifest import FORMAT, MANIFEST, SIGNATURE, check_parts, read_manifest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_SIGNED_AS = (
    b"relapse-model manifest, format 2\n"  # so that no signature of ours can be taken for one of something else
)
_LARGEST_KEY = 10_000  # bytes; an Ed25519 key in PEM has about 120
_KEYS = {"algorithm", "key", "signature"}
_PUBLIC = "public_key"  # in hexadecimal; files signed by earlier versions lack it


class SigningError(RelapseModelError):
    """A key cannot be used, or the package that signs is not installed."""


def make_keys(private_key_path: str | Path, public_key_path: str | Path, password: str | None = None) -> str:
    """Write a new pair of keys as PEM files: the private one to sign with, the public one to hand out.

    Parameters
    ----------
    private_key_path, public_key_path : str or Path
        Neither may exist yet. Only the owner may read the private key's file.
    password : str, optional
        Encrypts the private key.

    Returns
    -------
    str
        The key's fingerprint: sha256 of the public key, in hexadecimal, to be passed on by another way.

    Raises
    ------
    SigningError
        If a file exists, or cryptography is not installed.
    """
    _require_cryptography()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    secret, public = Path(private_key_path), Path(public_key_path)
    for path in (secret, public):
        if path.exists():
            raise SigningError(f"{path.name}: exists already, and a key is never replaced; expected a new name.")
    key = Ed25519PrivateKey.generate()
    kept = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, kept)
    write_new(pem, secret)
    shown = serialization.PublicFormat.SubjectPublicKeyInfo
    write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, shown), public)
    return key_fingerprint(key.public_key())


def sign_model(path: str | Path, private_key_path: str | Path, password: str | None = None) -> str:
    """Put a signature into a model file, in one step; an earlier one is replaced.

    Parameters
    ----------
    path : str or Path
        The model file.
    private_key_path : str or Path
        PEM, as `make_keys` writes it.
    password : str, optional
        Of the private key.

    Returns
    -------
    str
        Fingerprint of the key.

    Raises
    ------
    ModelFileError
        If the file is no sound model file, or of format 1, which has no place for a signature.
    SigningError
        If the key cannot be used, or cryptography is not installed.
    """
    _require_cryptography()
    name = Path(path).name
    parts = _checked_parts(path)
    key = _private_key(private_key_path, password)
    own = key_fingerprint(key.public_key())
    statement = {
        "algorithm": "Ed25519",
        "key": own,
        _PUBLIC: key.public_key().public_bytes_raw().hex(),
        "signature": key.sign(_SIGNED_AS + parts[MANIFEST]).hex(),
    }
    content = json.dumps(statement, indent=1, sort_keys=True).encode()
    signed = pack({part: data for part, data in parts.items() if part != SIGNATURE} | {SIGNATURE: content})
    check_signature(unpack(signed, name), key.public_key(), name)
    write_bytes(signed, Path(path))
    return own


def verify_model(path: str | Path, public_key_path: str | Path) -> str:
    """Check that a model file is sound and was signed with the private key that belongs to this public one.

    It says who signed the file, if the key came to you another way than the file. Nothing in the file is built.

    Parameters
    ----------
    path : str or Path
        The model file.
    public_key_path : str or Path
        PEM.

    Returns
    -------
    str
        Fingerprint of the key.

    Raises
    ------
    ModelFileError
        If the file is no sound model file, is not signed, is signed by another key, or was changed since.
    SigningError
        If the key cannot be used, or cryptography is not installed.
    """
    _require_cryptography()
    key = _public_key(public_key_path)
    check_signature(_checked_parts(path), key, Path(path).name)
    return key_fingerprint(key)


def check_signature(parts: Mapping[str, bytes], key: Ed25519PublicKey, name: str) -> None:
    """Refuse parts whose signature is missing, or is not that of the key on the manifest.

    Parameters
    ----------
    parts : Mapping of str to bytes
        Each as the manifest lists it.
    key : Ed25519PublicKey
    name : str
        Name of the file, for messages.

    Raises
    ------
    ModelFileError
    """
    if SIGNATURE not in parts:
        raise ModelFileError(f"{name}: not signed; expected a signature. Ask whoever trained it to sign it.")
    statement = _statement(parts, name)
    if statement["key"] != key_fingerprint(key):
        raise ModelFileError(
            f"{name}: signed with the key {statement['key'][:16]}...; expected {key_fingerprint(key)[:16]}.... "
            "Check that you have the right public key, and whose file this is."
        )
    _check_fits(parts, statement, key, name)


def check_signatures(parts: Mapping[str, bytes], name: str, signed_by: str | Path | None = None) -> None:
    """Refuse a file whose signature does not fit, and one that is not signed by whom it must be.

    A signature that is there is checked with the public key beside it, so that a file that was changed after it was
    signed is refused by whoever opens it. Whose key it is, only a key that came another way can tell: the one that is
    given here, that of `demanding`, and one of those that the environment variable ``RELAPSE_MODEL_SIGNED_BY`` lists,
    separated as folders are in ``PATH``.

    Parameters
    ----------
    parts : Mapping of str to bytes
        Each as the manifest lists it.
    name : str
        Name of the file, for messages.
    signed_by : str or Path, optional
        A public key (PEM).

    Raises
    ------
    ModelFileError
    SigningError
        If a key cannot be used, or cryptography is not installed and there is a signature to check.
    """
    if SIGNATURE in parts:
        statement = _statement(parts, name)
        if _PUBLIC in statement:
            _check_fits(parts, statement, _own_key(statement, name), name)
    for path in (*(() if signed_by is None else (signed_by,)), *demanded_keys()):
        check_signature(parts, public_key(path), name)
    allowed = listed_keys()
    if allowed is not None and not allowed:
        raise SigningError(f"{POLICY} names no file; expected public keys.")
    if allowed:
        keys = [public_key(path) for path in allowed]
        own = _statement(parts, name)["key"] if SIGNATURE in parts else ""
        check_signature(parts, next((key for key in keys if key_fingerprint(key) == own), keys[0]), name)


def _statement(parts: Mapping[str, bytes], name: str) -> dict[str, str]:
    """Return what stands in the signature's part, or refuse what this library does not write."""
    found = strict_json(parts[SIGNATURE], SIGNATURE)
    sound = (
        isinstance(found, dict)
        and set(found) - {_PUBLIC} == _KEYS
        and all(isinstance(value, str) for value in found.values())
        and found["algorithm"] == "Ed25519"
        and re.fullmatch("[0-9a-f]{64}", found["key"])
        and re.fullmatch("[0-9a-f]{128}", found["signature"])
        and re.fullmatch("[0-9a-f]{64}", found.get(_PUBLIC, "0" * 64))
    )
    if not isinstance(found, dict) or not sound:
        raise ModelFileError(f"{name}: {SIGNATURE} is not what this library writes; get the file from its source.")
    return found


def _own_key(statement: Mapping[str, str], name: str) -> Ed25519PublicKey:
    """Return the public key in a signature's part."""
    _require_cryptography(f"{name} is signed, and its signature could not be checked. ")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(statement[_PUBLIC]))
    if key_fingerprint(key) != statement["key"]:
        raise _does_not_fit(name)
    return key


def _check_fits(parts: Mapping[str, bytes], statement: Mapping[str, str], key: Ed25519PublicKey, name: str) -> None:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(bytes.fromhex(statement["signature"]), _SIGNED_AS + parts[MANIFEST])
    except (InvalidSignature, ValueError):
        raise _does_not_fit(name) from None


def _does_not_fit(name: str) -> ModelFileError:
    return ModelFileError(
        f"{name}: the signature does not fit. The file was changed after it was signed: get it from its source."
    )


def public_key(path: str | Path) -> Ed25519PublicKey:
    """Return the public key in a PEM file, or refuse it by name (SigningError)."""
    _require_cryptography()
    return _public_key(path)


def key_fingerprint(key: Ed25519PublicKey) -> str:
    """Return the sha256 of a public key, in hexadecimal."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def _checked_parts(path: str | Path) -> dict[str, bytes]:
    name = Path(path).name
    parts = unpack(read_file(path, name), name)
    manifest = read_manifest(parts, name)
    check_parts(parts, manifest, name)
    if manifest["format"] >= FORMAT:
        check_signatures(parts, name)
    else:
        raise ModelFileError(f"{name}: format 1 has no place for a signature; load the model and save it again.")
    return parts


def _private_key(path: str | Path, password: str | None) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_key_bytes(path), password.encode() if password else None)
    except TypeError:
        needed = "none, for it is not encrypted" if password else "one, for it is encrypted"
        raise SigningError(f"{Path(path).name}: the wrong kind of password came; expected {needed}.") from None
    except Exception as error:
        raise _no_key(path, "private", error) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, "private", None)
    return key


def _public_key(path: str | Path) -> Ed25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_key_bytes(path))
    except Exception as error:
        raise _no_key(path, "public", error) from None
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(path, "public", None)
    return key


def _key_bytes(path: str | Path) -> bytes:
    with Path(path).open("rb") as file:
        return file.read(_LARGEST_KEY)


def _no_key(path: str | Path, which: str, error: Exception | None) -> SigningError:
    why = f" ({error.strerror})" if isinstance(error, OSError) else ""
    return SigningError(
        f"{Path(path).name}: not a usable key{why}; expected the {which} key of an Ed25519 pair in PEM, as "
        "`make_keys` writes it, and its password if it has one."
    )


def _require_cryptography(why: str = "") -> None:
    """Refuse by name where the package is not installed, with the command that installs it."""
    try:
        import cryptography  # noqa: F401
    except ImportError:
        raise SigningError(
            f"{why}Signing needs the package cryptography, which is not installed. "
            "Install it with: pip install 'relapse-model[signing]'"
        ) from None
