"""How Sphinx makes the site; `make docs` gathers its pages into build/docs/source first."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import xai_widgets

project = "xai_widgets"
author = "the xai_widgets authors"
copyright = f"{author}, MIT licence"
release = version = xai_widgets.__version__
html_title = f"xai_widgets {release}"

extensions = [
    "myst_nb",
    "sphinx_design",
    "sphinx_copybutton",
    "sphinx.ext.viewcode",
    "tools.site.sphinx",
]
myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # notebooks are run before, with the network off
nb_merge_streams = True
html_math_renderer = "mathml"
viewcode_follow_imported_members = True
add_module_names = False
python_maximum_signature_line_length = 90
highlight_language = "default"  # Python, where it is

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [("figures.js", {"defer": "defer"})]
html_copy_source = False
html_show_sphinx = False
copybutton_exclude = ".linenos, .gp, .go"
copybutton_selector = "div.highlight-python pre, div.highlight-default pre, div.highlight-sh pre"
html_theme_options = {"navigation_with_keys": False, "top_of_page_buttons": []}
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
