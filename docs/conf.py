"""Configuration of the documentation."""

import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from catalign._version import __version__  # noqa: E402

project = "catalign"
author = "the catalign authors"
copyright = "the catalign authors"
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_proof",
]
exclude_patterns = ["_build", "jupyter_execute"]
html_theme = "sphinx_book_theme"
html_title = "catalign"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_theme_options = {"show_navbar_depth": 1, "home_page_in_toc": True}

# Every code cell runs at each build, and one that raises fails the build.
nb_execution_mode = "force"
nb_execution_timeout = 120
nb_execution_raise_on_error = True
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_use_ivar = True
napoleon_attr_annotations = False
napoleon_custom_sections = [("Laws", "notes_style"), ("Axioms", "notes_style")]

warnings.filterwarnings("ignore", category=DeprecationWarning)


def write_api_pages() -> None:
    """Writes one page a subpackage, which lists each of its modules."""
    folder = Path(__file__).parent / "api" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    packages = sorted(p.parent for p in (ROOT / "catalign").glob("*/__init__.py"))
    for package in packages:
        name = f"catalign.{package.name}"
        parts = [f"# {name}", f"```{{eval-rst}}\n.. automodule:: {name}\n```"]
        for module in sorted(package.rglob("*.py")):
            if module.stem.startswith("_"):
                continue
            dotted = ".".join(module.relative_to(ROOT).with_suffix("").parts)
            rst = f".. automodule:: {dotted}\n   :members:\n   :show-inheritance:"
            parts.append(f"## {dotted}\n\n```{{eval-rst}}\n{rst}\n```")
        page = folder / f"{package.name}.md"
        text = "\n\n".join(parts) + "\n"
        if not page.exists() or page.read_text() != text:
            page.write_text(text)


TABLE_ROW = re.compile(r"\s*\|.*\|\s*$")
CODE = re.compile(r"(`+)(.+?)\1")
EMPHASIS = re.compile(r"(?<![\w*])(\*[A-Za-z][^*]*[A-Za-z.]\*)(?![\w*])")


def plain(text: str) -> str:
    """Escapes what reStructuredText would read as markup, but for *emphasis*."""
    parts = EMPHASIS.split(text)
    parts[::2] = [re.sub(r"([|*`]|_(?!\w))", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def prose(line: str) -> str:
    """A line of a docstring: code between single backticks, all else as it stands."""
    bullet = re.match(r"\s*([*-] )?", line)
    start = bullet.end() if bullet else 0
    parts = CODE.split(line[start:])
    spans = [f"``{code}``" for code in parts[2::3]]
    texts = [plain(text) for text in parts[::3]]
    mixed = [piece for pair in zip(texts, [*spans, ""], strict=True) for piece in pair]
    return line[:start] + "".join(mixed)


def joined(lines: list[str]) -> Iterator[str]:
    """The lines, where one that ends inside code goes on with the next."""
    held = ""
    for line in lines:
        if held and not line.strip():
            yield held
            held = ""
        line = f"{held} {line.strip()}" if held else line
        if line.count("`") % 2 == 1 and "```" not in line and ">>>" not in line:
            held = line
        else:
            yield line
            held = ""
    if held:
        yield held


def plain_docstring(app, what, name, obj, options, lines: list[str]) -> None:
    """Reads docstrings as plain text: tables, fenced blocks and doctests as they stand."""
    out: list[str] = []
    in_table = in_doctest = in_fence = False
    for line in joined(lines):
        if line.strip().startswith("```"):
            in_fence = not in_fence
            out += ["", "::", ""] if in_fence else [""]
            continue
        if in_fence:
            out.append(f"    {line}")
            continue
        is_row = TABLE_ROW.match(line) is not None
        in_doctest = bool(line.strip()) and (in_doctest or line.lstrip().startswith(">>>"))
        if is_row and not in_table:
            out += ["", "::", ""]
        if in_table and not is_row:
            out.append("")
        in_table = is_row
        out.append(f"    {line}" if is_row else line if in_doctest else prose(line))
    lines[:] = out


def setup(app) -> None:
    """Connects the functions above."""
    write_api_pages()
    # Before napoleon (500), which turns the sections into markup.
    app.connect("autodoc-process-docstring", plain_docstring, priority=400)
