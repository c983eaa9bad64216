"""How the documentation is built: `make docs`. What can be made from the code is made from it, under docs/generated."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT / "src"), str(HERE)]
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)

from docutils import nodes  # noqa: E402
from pygments.lexers.special import TextLexer  # noqa: E402
from site_pages.concept_figures import write_figures  # noqa: E402
from site_pages.executed_notebook import write_notebook_page  # noqa: E402
from site_pages.links import without_links_to_files  # noqa: E402
from site_pages.reference import write_reference  # noqa: E402

from relapse_model import __version__  # noqa: E402

project = "relapse_model"
author = "The relapse_model authors"
copyright = f"{author}. BSD-3-Clause"
release = version = __version__
html_title = "relapse_model"

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc", "sphinx_design", "sphinx_gallery.gen_gallery"]
exclude_patterns = ["site_pages", "generated/gallery/*.ipynb", "generated/gallery/*.py", "gallery", "notebooks"]
suppress_warnings = ["config.cache"]  # the gallery's settings hold functions

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

autodoc_typehints = "none"  # numpydoc says the types in words
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "generated/gallery",
    "filename_pattern": r"[\\/]plot_",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "min_reported_time": 0,
    "image_scrapers": ("matplotlib", "site_pages.figure_scraper.figure_of_block"),
    "ignore_repr_types": r"matplotlib\.(figure|text|axes)",
    "write_computation_times": False,
    "show_memory": False,
    "abort_on_example_error": True,
    "remove_config_comments": True,
    "plot_gallery": True,
    "show_signature": False,
}

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "back_to_top_button": False,
    "navigation_depth": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def skip_others(app: object, what: str, name: str, member: object, skip: bool, options: object) -> bool | None:
    """Leave out what a class inherits from scikit-learn, whose documentation it is."""
    return True if str(getattr(member, "__module__", "")).startswith("sklearn") else None


def without_empty_heads(app: object, doctree: nodes.document) -> None:
    """Leave out the head of a table that has none: Markdown cannot write such a table, and screen readers stumble."""
    for head in list(doctree.findall(nodes.thead)):
        if not head.astext().strip():
            head.parent.remove(head)


def setup(app: object) -> None:
    """Write the pages that are made from the code, before Sphinx looks for pages."""
    generated = HERE / "generated"
    write_reference(ROOT, generated)
    write_figures(generated / "figures")
    write_notebook_page(HERE / "notebooks" / "first_look.ipynb", generated)
    app.add_lexer("csv", TextLexer)  # type: ignore[attr-defined]
    app.connect("doctree-read", without_empty_heads)  # type: ignore[attr-defined]
    app.connect("autodoc-skip-member", skip_others)  # type: ignore[attr-defined]
    app.connect("source-read", without_links_to_files)  # type: ignore[attr-defined]
