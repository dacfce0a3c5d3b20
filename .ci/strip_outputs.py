"""Strip outputs, execution counts and run-time metadata from the notebooks named: they are source, not results.

Needs nothing but Python; leaves a clean notebook untouched. Exits with 1 where it changed one, as pre-commit expects.
"""

import json
import sys
from pathlib import Path

RUN_TIME = ("execution", "papermill", "collapsed", "scrolled")


def strip(notebook: dict) -> dict:
    """`notebook` without what a run leaves behind."""
    notebook["metadata"].pop("papermill", None)
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        for name in RUN_TIME:
            cell.get("metadata", {}).pop(name, None)
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return notebook


def main(paths: list[str]) -> int:
    """Strip every notebook of `paths` in place; 1 if one was changed."""
    changed = 0
    for path in map(Path, paths):
        before = path.read_text(encoding="utf-8")
        content = json.loads(before)
        if strip(json.loads(before)) != content:
            after = json.dumps(strip(content), indent=1, ensure_ascii=False) + "\n"
            path.write_text(after, encoding="utf-8")
            print(f"stripped {path}")
            changed = 1
    return changed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
