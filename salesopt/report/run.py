"""Run chapters with papermill: each in a fresh kernel, several at a time, every cell accounted for.

papermill calls a run complete although a kernel died or cells never ran, so a chapter counts as run only if every
code cell of the executed notebook has run without an error.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any, Self

import nbformat

TIMEOUT = 900  # seconds a single cell may take before its chapter counts as failed
STARTS = 3  # times a kernel is started that dies before its first word
UNSTARTED = "before replying to kernel_info"  # what the client says then
KERNEL_OPTIONS = {
    "record_timing": False,
    "coalesce_streams": True,
    "shutdown_kernel": "immediate",
    "extra_arguments": ["--log-level=50"],
}


@dataclass(frozen=True)
class Job:
    """A chapter to run: its word, the notebook, where the executed notebook goes, the values of its parameters."""

    word: str
    notebook: Path
    target: Path
    parameters: Mapping[str, Any]
    timeout: int = TIMEOUT


@dataclass(frozen=True)
class ChapterRun:
    """How a chapter ended.

    error    : "" where every cell ran, else what went wrong in plain words
    left_out : why the study does not allow this chapter, "" where it does
    """

    word: str
    seconds: float
    error: str = ""
    left_out: str = ""


class Runner:
    """Processes that run chapters, `processes` at a time with working directory `folder`; use it in a `with`.

    They are kept from one group of chapters to the next, because each takes seconds to start.
    """

    def __init__(self, folder: Path, *, processes: int = 2) -> None:
        self.folder, self.processes = folder, processes
        self._context = multiprocessing.get_context("spawn")
        self._queue = self._context.Queue()
        self._home = tempfile.TemporaryDirectory(prefix="salesopt-")
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._close()
        self._home.cleanup()

    def run(self, jobs: list[Job], progress: Callable[[str, int], None] | None = None) -> list[ChapterRun]:
        """Run `jobs`; one ChapterRun per job, in order.

        `progress(word, cell)` is called as cells finish. A chapter that fails leaves the others alone.
        """
        if self._pool is None:
            start = (str(self.folder), self._home.name, self._queue)
            self._pool = ProcessPoolExecutor(self.processes, self._context, _start_worker, start)
        futures = {self._pool.submit(_run, job): job for job in jobs}
        pending: set[Future[ChapterRun]] = set(futures)
        while pending:
            pending = wait(pending, timeout=0.1, return_when=FIRST_COMPLETED).not_done
            _report(self._queue, progress)
        if any(isinstance(future.exception(), BrokenProcessPool) for future in futures):
            self._close()  # the next group gets processes of its own
        return [_outcome(future, job) for future, job in futures.items()]

    def _close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def _report(queue: Any, progress: Callable[[str, int], None] | None) -> None:
    while True:
        try:
            word, cell = queue.get_nowait()
        except Empty:
            return
        if progress:
            progress(word, cell)


def _outcome(future: Future[ChapterRun], job: Job) -> ChapterRun:
    try:
        return future.result()
    except BrokenProcessPool:
        return ChapterRun(job.word, 0.0, "the process that ran this chapter was killed, perhaps for want of memory")


_queue: Any = None


def _start_worker(folder: str, home: str, queue: Any) -> None:
    """Prepare a worker: same directory as JupyterLab's kernels, nothing of the user's own start-up files."""
    global _queue
    _queue = queue
    os.chdir(folder)
    tempfile.tempdir = home  # what a killed worker leaves there goes when the runner closes
    os.environ |= {
        "IPYTHONDIR": str(Path(home, "ipython")),
        "JUPYTER_CONFIG_DIR": str(Path(home, "config")),
        "JUPYTER_DATA_DIR": str(Path(home, "data")),
        "JUPYTER_PATH": str(Path(sys.prefix, "share", "jupyter")),
        "JUPYTER_PLATFORM_DIRS": "1",
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": "0",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    # jsonschema builds a large grammar from this optional package at import: 1.3 s for a check that we never ask for
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def _run(job: Job) -> ChapterRun:
    import papermill

    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="salesopt-") as place:
        written = Path(place, job.notebook.name)
        error = left_out = ""
        try:
            _execute(job, written)
        except papermill.PapermillExecutionError as failure:
            if failure.ename == "AbsentError":
                left_out = failure.evalue.strip()
            else:
                error = explain(failure.ename, failure.evalue, timeout=job.timeout)
        except Exception as failure:  # a dead kernel, a timeout, a missing kernel: reported, never raised
            error = explain(type(failure).__name__, str(failure), timeout=job.timeout)
        if left_out:
            return ChapterRun(job.word, time.perf_counter() - started, left_out=left_out)
        if written.is_file():
            notebook = nbformat.read(written, as_version=4)
            error = error or unrun(notebook)
            job.target.parent.mkdir(parents=True, exist_ok=True)
            partial = job.target.with_suffix(".partial")
            partial.write_text(nbformat.writes(normalise(notebook)), encoding="utf-8")
            os.replace(partial, job.target)
        elif not error:
            error = "the run left no notebook"
    return ChapterRun(job.word, time.perf_counter() - started, error)


def _execute(job: Job, written: Path) -> None:
    """Run the notebook of `job` to `written`; anew where another program took a port that the kernel had chosen."""
    import papermill

    for left in reversed(range(STARTS)):
        try:
            papermill.execute_notebook(
                str(job.notebook),
                str(written),
                parameters=dict(job.parameters),
                kernel_name="python3",
                progress_bar=False,
                execution_timeout=job.timeout,
                on_cell_executed=lambda cell, cell_index, execute_reply: _queue.put((job.word, cell_index)),
                **KERNEL_OPTIONS,
            )
            return
        except RuntimeError as failure:
            if not left or UNSTARTED not in str(failure):
                raise


def explain(name: str, message: str, *, timeout: float = TIMEOUT) -> str:
    """An exception of a chapter in plain words; our own errors speak for themselves.

    timeout : seconds that a cell of the chapter could take
    """
    own = name in ("DataError", "ParameterError", "InfeasibleError", "SalesoptError", "RunError")
    if own:
        return message.strip()
    if name == "DeadKernelError":
        return "its kernel died, perhaps for want of memory"
    if name == "CellTimeoutError":
        return f"a cell took longer than {timeout:g} seconds"
    if name == "ModuleNotFoundError":
        return f"a library is absent from this installation: {message.strip()}"
    return f"an unexpected {name}: {message.strip() or 'no message'}; the executed notebook shows where"


def unrun(notebook: nbformat.NotebookNode) -> str:
    """ "" if every code cell has run without an error, else which has not."""
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        if any(output.output_type == "error" for output in cell.outputs):
            return f"cell {place + 1} ({cell.id}) ended with an error"
        if cell.execution_count is None:
            return f"cell {place + 1} ({cell.id}) never ran"
    return ""


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Take out of an executed notebook what differs between two equal runs: metadata, ids, addresses, paths."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = {"tags": tags} if tags else {}
        if "injected-parameters" in tags:
            cell.id = "injected-parameters"
    text = json.dumps(notebook, sort_keys=True)
    text = re.sub(r"\bat 0x[0-9a-f]+", "at 0x0", text)
    text = re.sub(r"[^\s\"']*ipykernel_\d+[\\/]+\d+\.py", "cell", text)
    return nbformat.from_dict(json.loads(text))
