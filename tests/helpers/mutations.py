"""Files changed at random as transfers and editors change them, reproducibly."""

from __future__ import annotations

import numpy as np


def mutated(data: bytes, seed: int) -> bytes:
    """Return the bytes with one to three changes: cut, doubled, taken out, exchanged, another encoding."""
    random = np.random.default_rng(seed)
    for _ in range(random.integers(1, 4)):
        start = int(random.integers(0, max(len(data), 1)))
        end = min(len(data), start + int(random.integers(1, 80)))
        change = int(random.integers(0, 8))
        if change == 0:
            data = data[:start]
        elif change == 1:
            data = data[:end] + data[start:end] + data[end:]
        elif change == 2:
            data = data[:start] + data[end:]
        elif change == 3:
            noise = bytes(random.integers(0, 256, end - start, dtype=np.uint8))
            data = data[:start] + noise + data[end:]
        elif change == 4:
            words = [
                b"null",
                b"[]",
                b"{}",
                b'"x"',
                b"-1e999",
                b"NaN",
                b"true",
                b'"\\ud800"',
                b"'",
                b'";--',
                b"\x00",
                b",",
            ]
            data = data[:start] + words[int(random.integers(0, len(words)))] + data[start:]
        elif change == 5:
            data = data.decode("utf-8", "replace").encode("utf-16" if random.integers(2) else "gb18030", "replace")
        elif change == 6:
            lines = data.split(b"\n")
            random.shuffle(lines)
            data = b"\n".join(lines)
        else:
            data = data.replace(b'"', b"'", 3)
    return data
