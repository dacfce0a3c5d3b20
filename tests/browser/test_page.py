"""The page in a real browser: nothing overflows on a phone, nothing runs, and Chromium can stand in for WeasyPrint."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from markupsafe import Markup

from salesopt.display import show_table
from salesopt.report.page import ChapterPage, build_page
from salesopt.report.pdf import BROWSERS, _print_with_browser

BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine; `make system` installs it")

WIDE = pd.DataFrame([{f"a rather long heading {n}": "word " * 6 for n in range(12)}])


def page() -> str:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="2000" height="100"></svg>'
    body = (
        f'<p class="answer">{"long " * 60}</p><figure><img alt="" src=\'data:image/svg+xml;utf8,{drawing}\'></figure>'
    )
    hostile = Markup("<script>document.title = 'ran'</script>")
    chapter = ChapterPage(
        word="tea",
        title="Tea " * 12,
        part="Price",
        heading=Markup("<h2>Tea</h2>"),
        body=Markup(body + show_table(WIDE).body) + hostile,
        code=Markup("<pre>" + "x" * 300 + "</pre>"),
        parameters=[{"name": "n", "value": "v" * 200, "origin": "default", "meaning": "m " * 80}],
    )
    return build_page(
        [chapter],
        title="Firm",
        quarter="2026Q3",
        currency="EUR",
        end="2026-09-30",
        commit="",
        version="0",
        left_out=[("Team", "the study has no table reps")],
        notes=["A note."],
        inputs=[("sales.csv", "a" * 64)],
        versions=[("python", "3")],
    )


def dom(document: str, folder: Path) -> str:
    """What the browser makes of `document` after it has run."""
    path = folder / "page.html"
    path.write_text(document, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic"]
    profile = [f"--user-data-dir={folder / 'profile'}", "--no-first-run", "--disable-sync"]
    command = [str(BROWSER), *options, *profile, "--virtual-time-budget=4000", "--dump-dom", path.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_overflows(tmp_path, width):
    inner = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page())
    opened = inner.replace("<details", "<details open")
    measure = (
        "<script>onload = () => { const page = document.querySelector('iframe').contentDocument.documentElement;"
        "document.body.dataset.widths = page.scrollWidth + ' ' + page.clientWidth }</script>"
    )
    frame = f'<iframe style="width:{width}px;height:800px;border:0" srcdoc="{html.escape(opened)}"></iframe>'
    seen = re.search(r'data-widths="(\d+) (\d+)"', dom(f"<!doctype html><body>{frame}{measure}</body>", tmp_path))
    assert seen, "the browser did not measure the page"
    needed, given = map(int, seen.groups())
    assert given <= width and needed <= given


def test_a_script_that_slipped_in_would_not_run(tmp_path):
    assert "<title>Firm, 2026Q3</title>" in dom(page(), tmp_path)
    allowed = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page())
    assert "<title>ran</title>" in dom(allowed, tmp_path)  # the same script runs where the policy is absent


def test_chromium_prints_where_weasyprint_cannot(tmp_path):
    (tmp_path / "index.html").write_text(page(), encoding="utf-8")
    assert _print_with_browser(tmp_path / "index.html", tmp_path / "report.pdf") == ""
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
