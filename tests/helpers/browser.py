"""A page in a headless browser: a script added at its end, and what that script found."""

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess

import pytest

REPORT = """
;const report = found => {
  const pre = document.createElement('pre');
  pre.id = 'found';
  pre.textContent = JSON.stringify(found);
  document.body.append(pre);
};
"""


def chromium():
    """Return the browser, or skip the test by name where there is none."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium")
    return found


def options(folder):
    """Return the options with which the browser runs, alone and offline."""
    return [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={folder / 'profile'}",
    ]  # fmt: skip


def with_script(page, script):
    """Return a page with more at the end of its script; its policy allows the new one, and nothing else more."""
    old = re.search(r"<script>(.*)</script>", page, re.DOTALL)[1]
    new = old + REPORT + script
    policy = f"script-src 'sha256-{_digest(new)}'"
    return re.sub(r"script-src 'sha256-[^']+'", lambda _: policy, page.replace(old, new), count=1)


def found_by(page, folder, *, width=1280):
    """Return what the script of a page reported, as it is in a window of that width."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    ran = subprocess.run(
        [chromium(), *options(folder), f"--window-size={width},1000", "--virtual-time-budget=20000", "--dump-dom",
         file.as_uri()],
        capture_output=True, text=True, timeout=240, check=True,
    )  # fmt: skip
    found = re.search(r'<pre id="found">(.*?)</pre>', ran.stdout, re.DOTALL)
    return None if found is None else json.loads(html.unescape(found[1]))


def shown_text(page, folder):
    """Return the text of a page as it stands once its own script has run."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    ran = subprocess.run(
        [chromium(), *options(folder), "--virtual-time-budget=5000", "--dump-dom", file.as_uri()],
        capture_output=True, text=True, timeout=240, check=True,
    )  # fmt: skip
    body = re.sub(r"<(script|style)>.*?</\1>", "", ran.stdout, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", body))


def _digest(script):
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
