"""The ledger of a run: what went in and with which versions, so that a number can be traced and made again."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

LIBRARIES = (
    "salesopt", "numpy", "pandas", "scipy", "statsmodels", "pulp", "highspy", "ortools", "duckdb", "matplotlib",
    "seaborn", "papermill", "nbclient",
)  # fmt: skip


def file_hashes(folder: Path, patterns: Iterable[str] = ("**/*",)) -> dict[str, str]:
    """sha256 of every file below `folder` that matches one of `patterns`, by its path relative to it, sorted."""
    files = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
        if "__pycache__" not in path.parts and not path.name.startswith(".")
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that compute, draw and run."""
    found = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            found[library] = "not installed"
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
