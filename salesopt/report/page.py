"""The page: executed notebooks become one self-contained HTML file, readable on a screen, a phone and paper.

Everything a study can influence is escaped: by `display` in tables and sentences, by Jinja here. The page carries no
script and a content-security policy that allows none.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import nbformat
from markupsafe import Markup
from nbconvert.filters.markdown import markdown2html

from salesopt.display import prose
from salesopt.report.chapters import OWN, PARTS, Chapter
from salesopt.report.fonts import font_face

BELOW, ABOVE = 4.0, 10.0  # points that letters of a title reach below and above their line
PAPER_SCALE = 0.72  # of a drawing on paper: its words of 10 points come out as large as those of a table
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class ChapterPage:
    """A chapter as the template shows it; `heading`, `body` and `code` are HTML, `error` is text."""

    word: str
    title: str
    part: str
    heading: Markup
    body: Markup
    code: Markup
    parameters: list[dict[str, str]]
    error: str = ""


def chapter_page(chapter: Chapter, executed: Path, values: Mapping[str, Any], error: str = "") -> ChapterPage:
    """The HTML of an executed notebook; of a failed one only the question, since half an answer misleads."""
    # papermill writes banners of its own into a notebook that failed, so its question comes from the source
    notebook = nbformat.read(chapter.path if error or not executed.is_file() else executed, as_version=4)
    heading, *texts = [_markdown(cell.source) for cell in notebook.cells if cell.cell_type == "markdown"] or [""]
    shown = [] if error else [_outputs(cell, chapter.title) for cell in notebook.cells if cell.cell_type == "code"]
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code" and _is_code(cell)]
    parameters = [
        {
            "name": name,
            "value": _value(values.get(name, known.default)),
            "origin": "the run" if name in OWN else "the user" if name in values else "default",
            "meaning": known.meaning,
        }
        for name, known in chapter.parameters.items()
    ]
    code = "<pre>" + html.escape("\n\n".join(sources)) + "</pre>"
    body = Markup("\n".join([*texts, *shown]))
    return ChapterPage(
        chapter.word, chapter.title, chapter.part, Markup(heading), body, Markup(code), parameters, error
    )


def build_page(
    chapters: Iterable[ChapterPage], *, title: str, quarter: str, known: Mapping[str, str] | None = None, **facts: Any
) -> str:
    """The whole page as text. `facts`: currency, end, commit, version, left_out, notes, inputs, versions, standing.

    known : source, note, said and tables (HTML) of the answers known beforehand, for a published case
    """
    chapters = list(chapters)
    names = ["Summary", *[name for name in [*PARTS.values(), "More"] if name != "Summary"]]
    parts = [{"title": name, "chapters": [page for page in chapters if page.part == name]} for name in names]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    environment.filters["prose"] = lambda text: Markup(prose(text))
    css = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    page = environment.get_template("page.html").render(
        title=title,
        quarter=quarter,
        css=Markup(css),
        parts=[part for part in parts if part["chapters"]],
        failed=[page for page in chapters if page.error],
        total=len(chapters),
        known={**known, "tables": Markup(known["tables"])} if known else None,
        **facts,
    )
    # The font goes in last: which characters it must carry is known only from the finished page.
    return page.replace("</style>", font_face(page) + "</style>", 1)


def _is_code(cell: Any) -> bool:
    return not {"parameters", "injected-parameters"} & set(cell.metadata.get("tags", [])) and bool(cell.source.strip())


def _value(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def _markdown(source: str) -> str:
    """Markdown of a notebook as HTML, headings one level down: the page has the only h1."""
    rendered = markdown2html(source)
    rendered = re.sub(r"<a class=\"anchor-link\".*?</a>", "", rendered, flags=re.DOTALL)
    rendered = re.sub(r"<(/?)h([1-5])[^>]*>", lambda tag: f"<{tag[1]}h{int(tag[2]) + 1}>", rendered)
    return re.sub(r"^(\s*<h2>.*?</h2>\s*)<p>", r'\1<p class="question">', rendered, count=1, flags=re.DOTALL)


def _outputs(cell: Any, title: str) -> str:
    return "\n".join(filter(None, (_output(output, title) for output in cell.get("outputs", []))))


def _output(output: Any, title: str) -> str:
    if output.output_type == "stream":
        return f"<details><summary>Messages of the run</summary><pre>{html.escape(output.text)}</pre></details>"
    data = output.get("data", {})
    for kind in ("image/svg+xml", "image/png"):
        if kind in data:
            raw = data[kind] if kind == "image/png" else base64.b64encode(data[kind].encode()).decode()
            source = f"data:{kind};base64,{raw.replace(chr(10), '')}"
            said = html.escape(_title_of(data[kind]) or title)
            sizes = f"--title:{_title_height(data[kind]):.4f}; --paper:{_paper_width(data[kind]):.1f}mm"
            high = f' style="{sizes}"' if kind == "image/svg+xml" else ""
            drawn = f'<div class="drawing"><img{high} alt="{said}" src="{source}"></div>'
            return f"<figure><figcaption>{said}</figcaption>{drawn}</figure>"
    if "text/html" in data:
        return str(data["text/html"])
    return f"<pre>{html.escape(data['text/plain'])}</pre>" if "text/plain" in data else ""


def _title_of(drawing: str) -> str:
    """The title of a drawing, whose every line of text matplotlib notes as a comment: the longest of the bold texts."""
    texts = drawing.split('<g id="text_')[1:]
    lines = [(" ".join(re.findall(r"<!-- (.*?) -->", text)), "-Bold-" in text) for text in texts]
    return html.unescape(max(lines, key=lambda line: (line[1], len(line[0])), default=("", False))[0])


def _paper_width(drawing: str) -> float:
    """How wide a drawing is on paper, in mm, so that the words of all drawings have one size there."""
    width = re.search(r'viewBox="0 0 ([\d.]+) ', drawing)
    return PAPER_SCALE * float(width[1]) * 25.4 / 72 if width else 0.0


def _title_height(drawing: str) -> float:
    """How far down the title of a drawing reaches, in widths of the drawing; 0 where other bold text stands beside it.

    A phone shows the title as text and cuts the drawn one off.
    """
    bold = [text for text in drawing.split('<g id="text_')[1:] if "-Bold-" in text]
    width = re.search(r'viewBox="0 0 ([\d.]+) ', drawing)
    lines = [[float(line) for line in re.findall(r"translate\([\d.]+ ([\d.]+)\) scale\(", text)] for text in bold]
    title, *others = sorted(filter(None, lines)) or [[]]
    low = max(title, default=-BELOW) + BELOW
    return low / float(width[1]) if width and all(min(other) > low + ABOVE for other in others) else 0.0
