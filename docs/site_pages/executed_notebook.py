"""A notebook as a page: executed when the documentation is built, so that what it shows is what the code does."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from site_pages.reference import write_if_changed

IDENTIFIER = re.compile(r"\x1b\[[0-9;]*m")


def executed(notebook: Path, timeout: int = 120) -> Any:
    """Return a notebook with the outputs of its cells; a cell that fails is an error.

    Parameters
    ----------
    notebook : Path
    timeout : int
        Seconds that one cell may take.
    """
    import nbformat
    from nbclient import NotebookClient

    read = nbformat.read(notebook, as_version=4)
    NotebookClient(
        read, timeout=timeout, kernel_name="python3", resources={"metadata": {"path": notebook.parent}}
    ).execute()
    return read


def write_notebook_page(notebook: Path, generated: Path) -> None:
    """Execute a notebook and write it as a page, unless the page is newer than the notebook and the code.

    Parameters
    ----------
    notebook : Path
    generated : Path
        The folder of generated pages; the page bears the name of the notebook.
    """
    source = Path(__file__).resolve().parents[2] / "src"
    page = generated / f"{notebook.stem}.md"
    newest = max(path.stat().st_mtime for path in (notebook, Path(__file__), *source.rglob("*.py")))
    if not page.is_file() or page.stat().st_mtime < newest:
        write_if_changed(page, page_of(executed(notebook), generated / "figures" / notebook.stem))
        page.touch()


def page_of(notebook: Any, figures: Path) -> str:
    """Return an executed notebook as Markdown; its pictures are written beside it.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    figures : Path
        The folder for pictures.
    """
    parts = []
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        elif cell.source.strip():
            parts.append(f"```python\n{cell.source}\n```")
            parts += [_output(output, figures, f"{place}-{number}") for number, output in enumerate(cell.outputs)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _output(output: Any, figures: Path, name: str) -> str:
    if output.output_type == "stream":
        return f"```text\n{IDENTIFIER.sub('', output.text).rstrip()}\n```" if output.name == "stdout" else ""
    data = output.get("data", {})
    if "image/png" in data:
        figures.mkdir(parents=True, exist_ok=True)
        (figures / f"{name}.png").write_bytes(base64.b64decode(data["image/png"]))
        return f"![figure drawn by the cell above](figures/{figures.name}/{name}.png)"
    if "text/html" in data:
        table = data["text/html"].replace("<th></th>", "<td></td>")  # an empty cell is the head of nothing
        return f'```{{raw}} html\n<div class="cell-output" tabindex="0">{table}</div>\n```'
    return f"```text\n{data['text/plain']}\n```" if "text/plain" in data else ""
