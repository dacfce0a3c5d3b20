"""The report as PDF: WeasyPrint where its system library Pango is there, else a Chromium on the machine."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from salesopt.report.drawings import with_text

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def write_pdf(page: Path, target: Path) -> str:
    """Print the HTML file `page` to `target`; return "" or, where no PDF could be made, why in plain words."""
    try:
        # Layout remarks about screen-only CSS are of no use to a reader of the report.
        logging.getLogger("weasyprint").setLevel(logging.ERROR)
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError:
        return _print_with_browser(page, target)
    # The page carries everything itself; whatever it would fetch from elsewhere is an error.
    fetcher = URLFetcher(allowed_protocols={"data"}, fail_on_errors=True)
    HTML(string=with_text(page.read_text(encoding="utf-8")), url_fetcher=fetcher).write_pdf(str(target))
    return ""


def _print_with_browser(page: Path, target: Path) -> str:
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        return "no PDF: neither Pango (needed by WeasyPrint) nor Chromium is on this machine"
    sandbox = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory(prefix="salesopt-") as profile:
        options = ["--headless", "--disable-gpu", "--disable-background-networking", f"--user-data-dir={profile}"]
        command = [browser, *options, *sandbox, "--no-pdf-header-footer", f"--print-to-pdf={target}", page.as_uri()]
        run = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    return "" if run.returncode == 0 and target.is_file() else "no PDF: Chromium could not print the page"
