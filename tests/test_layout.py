"""The rules of the house: one word per analysis, imports go one way, notebooks are source, set-up files agree."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import salesopt
from salesopt import PUBLIC
from salesopt.study.describe import describe_data

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "salesopt").rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
FOUNDATION = {"__init__", "cli", "errors", "results", "display"}

# What each part may import of salesopt; a part is a folder, or a module of the first level.
LOW = {"errors"}
ALLOWED = {
    "errors": set(),
    "stats": LOW | {"stats", "study.tables", "study.periods"},
    "study": LOW | {"study", "stats.roles", "stats.crosscheck", "stats.locks", "stats.strays"},
    "engine": LOW | {"stats", "study.tables", "engine"},
    "analysis": LOW | {"stats", "study.tables", "study.periods", "engine"},
    "results": LOW,
    "display": LOW | {"results", "plots.theme"},
    "plots": LOW | {"analysis", "stats", "display", "plots"},
    "conclusions": LOW | {"analysis", "stats", "results", "display", "conclusions"},
    "report": LOW | {"analysis", "stats", "results", "display", "plots", "conclusions", "study", "report", "engine"},
    "cli": LOW | {"analysis", "results", "display", "report", "study", "engine"},
}


def name_of(path: Path) -> str:
    """The module's name below salesopt: "study.load", "elasticity", "plots.theme"."""
    parts = path.relative_to(ROOT / "salesopt").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    first = module.split(".")[0]
    return first if first in ALLOWED else "analysis"


ANALYSES = sorted(name for name in map(name_of, MODULES) if name and "." not in name and part_of(name) == "analysis")
NAMES = {name_of(path) for path in MODULES}


def imports_of(path: Path) -> set[str]:
    """The modules of salesopt that `path` imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            found.add("a relative import")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "salesopt":
            base = node.module.removeprefix("salesopt").removeprefix(".")
            found |= {joined(base, alias.name) for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {
                alias.name.removeprefix("salesopt.") for alias in node.names if alias.name.startswith("salesopt.")
            }
    return found


def joined(base: str, name: str) -> str:
    """The module that `from salesopt.<base> import <name>` reaches."""
    longer = f"{base}.{name}".removeprefix(".")
    return longer if longer in NAMES else base


def breaks_the_rule(module: str, imported: str) -> bool:
    allowed, part = ALLOWED[part_of(module)], part_of(imported)
    if part == "analysis" and part_of(module) == "analysis":
        return imported != module and (module, imported) not in JOINED
    return part not in allowed and imported not in allowed


# Strategies begin with the factors of a SWOT; elasticity hands on cross, its other half. And `team` is the one
# door to all about the team: it offers the names of headcount, territories and workload as its own.
JOINED = {("tows", "swot"), ("elasticity", "cross"), ("team", "territories"), ("team", "workload")}
JOINED |= {("team", "headcount")}


@pytest.mark.parametrize("path", [path for path in MODULES if name_of(path)], ids=name_of)
def test_imports_go_one_way(path):
    broken = sorted(one for one in imports_of(path) if breaks_the_rule(name_of(path), one))
    assert broken == [], f"{name_of(path)} must not import {', '.join(broken)}"


def test_the_import_rule_can_tell():
    assert breaks_the_rule("elasticity", "plots.elasticity") and breaks_the_rule("elasticity", "study.load")
    assert breaks_the_rule("pricing", "channels") and breaks_the_rule("stats.ahp", "swot")
    assert breaks_the_rule("plots.swot", "report.page") and breaks_the_rule("study.load", "display")
    assert not breaks_the_rule("elasticity", "study.tables") and not breaks_the_rule("report.cases", "elasticity")


FORBIDDEN = {"open", "print", "input", "eval", "exec", "read_csv", "read_parquet", "to_csv", "to_parquet", "mkdir"}
FORBIDDEN |= {"read_text", "write_text", "read_bytes", "write_bytes", "savefig", "simplefilter"}
PURE = {"analysis", "stats", "plots", "conclusions", "display"}


def called(path: Path) -> set[str]:
    """The names of all functions and methods that `path` calls."""
    calls = (node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    return {call.id if isinstance(call, ast.Name) else getattr(call, "attr", "") for call in calls}


@pytest.mark.parametrize("path", [path for path in MODULES if part_of(name_of(path)) in PURE], ids=name_of)
def test_what_computes_or_draws_touches_no_file_and_prints_nothing(path):
    assert called(path) & FORBIDDEN == set()
    assert "np.random.seed" not in path.read_text(encoding="utf-8")


CHAPTERS = sorted({path.stem.split("_", 1)[-1] for path in NOTEBOOKS})


@pytest.mark.parametrize("word", sorted({*ANALYSES, *CHAPTERS}))
def test_one_word_per_analysis(word):
    """A chapter is one word in five places; an analysis without a chapter of its own is used by another's notebook."""
    assert re.fullmatch(r"[a-z]+", word)
    wanted = [f"salesopt/{word}.py", f"tests/test_{word}.py"]
    if word in CHAPTERS:
        wanted += [f"salesopt/plots/{word}.py", f"salesopt/conclusions/{word}.py"]
    else:
        assert any(f"salesopt.{word} import" in path.read_text(encoding="utf-8") for path in NOTEBOOKS)
    assert [path for path in wanted if not (ROOT / path).is_file()] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_is_one_of_an_analysis_and_source_only(path):
    assert re.fullmatch(r"\d\d_[a-z]+", path.stem)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []
    assert "papermill" not in notebook["metadata"]


def test_every_question_of_the_team_is_a_public_name_that_loads():
    asked = "fit_effort size_team plan_headcount workload_size plan_calls assign_accounts compare_rosters "
    asked += "compare_structures describe_team check_duties match_skills form_teams"
    assert set(asked.split()) <= set(salesopt.PUBLIC)
    assert all(getattr(salesopt, name).__name__ == name for name in salesopt.PUBLIC)


def test_every_test_of_a_module_has_its_module():
    words = {path.stem.removeprefix("test_") for path in (ROOT / "tests").glob("test_*.py")}
    modules = {name.split(".")[-1] for name in NAMES}
    assert words - modules - {"layout", "notebooks", "orchard", "grocer", "browser", "security"} == set()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_public_function_says_what_it_does(path):
    nodes = ast.parse(path.read_text(encoding="utf-8")).body
    public = [one for one in nodes if isinstance(one, (ast.FunctionDef, ast.ClassDef)) and not one.name.startswith("_")]
    assert [one.name for one in public if not ast.get_docstring(one)] == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_a_lock_pins_everything_by_hash_and_holds_no_address(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"\w+://\S+|^--?(?:i|index-url|extra-index-url|find-links)\b.*", text, re.MULTILINE) == []
    pinned = re.findall(r"^[a-z0-9].*==[^ ]+.*\\$", text, re.MULTILINE)
    assert len(pinned) > 50 and len(pinned) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE))


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_every_python_gets_the_same_generation_of_what_we_lean_on(name):
    """From Python 3.12 on the lock held PuLP 4, which has no CBC and other constraints: no prices could be planned."""
    pinned = re.findall(r"^([a-z0-9-]+)==(\d+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
    wanted = [*PROJECT["dependencies"], *(one for extra in PROJECT["optional-dependencies"].values() for one in extra)]
    ours = {re.split(r"[^A-Za-z0-9-]", one)[0].lower() for one in wanted}
    generations = {package: {major for other, major in pinned if other == package} for package in ours}
    assert {package: majors for package, majors in generations.items() if len(majors) > 1} == {}
    assert sum(map(bool, generations.values())) > 25


def test_the_conda_environment_is_that_of_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    python, pip, packages = environment
    assert (python, pip) == (f"python{PROJECT['requires-python']}", "pip")
    assert sorted(packages["pip"]) == sorted(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["cases"])


def test_the_examples_of_the_readme_are_python_and_use_public_names():
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    imports = [node for node in ast.walk(ast.parse("\n".join(blocks))) if isinstance(node, ast.ImportFrom)]
    assert len(blocks) >= 2 and {node.module for node in imports} == {"salesopt"}
    assert {name.name for node in imports for name in node.names} <= set(PUBLIC)


def test_no_sentence_marks_a_name_with_backticks():
    """A page and a terminal show them as they stand; only our Markdown, and the SQL of Spark, have a use for them."""
    marked = []
    for path in MODULES:
        if path.name in ("describe.py", "scaffold.py", "session.py") or path.parent.name == "sample":
            continue
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        loose = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # docstrings
        texts = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in loose]
        marked += [f"{path.name}:{node.lineno}" for node in texts if isinstance(node.value, str) and "`" in node.value]
    assert marked == []


def test_the_page_on_the_tables_is_the_one_their_declarations_give():
    written = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    assert written == describe_data(), "write it again: python -m salesopt.study.describe data/README.md"


def test_the_hook_strips_what_a_run_leaves_and_nothing_else(tmp_path):
    clean = (NOTEBOOKS[0]).read_text(encoding="utf-8")
    notebook = json.loads(clean)
    for at, cell in enumerate(cell for cell in notebook["cells"] if cell["cell_type"] == "code"):
        cell["execution_count"], cell["outputs"] = at, [{"output_type": "stream", "name": "stdout", "text": ["x"]}]
        cell["metadata"]["execution"] = {"iopub.status.busy": "2026-11-24"}
    notebook["metadata"]["papermill"] = {"duration": 3}
    ran = tmp_path / "ran.ipynb"
    ran.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    hook = [sys.executable, ROOT / ".ci" / "strip_outputs.py", ran]
    assert subprocess.run(hook, capture_output=True).returncode == 1
    assert ran.read_text(encoding="utf-8") == clean
    assert subprocess.run(hook, capture_output=True).returncode == 0


def test_the_hooks_fetch_nothing():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert {repo["repo"] for repo in hooks} == {"local"}
    assert {hook["language"] for repo in hooks for hook in repo["hooks"]} == {"system"}
    assert "strip_outputs" in hooks[0]["hooks"][0]["entry"]


def test_no_public_name_is_that_of_a_module():
    """Once such a module is imported, `salesopt.<name>` would be the module and no longer the function."""
    assert set(salesopt.PUBLIC) & {name for name in NAMES if "." not in name} == set()
