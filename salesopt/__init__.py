"""Sales-strategy studies as reproducible quarterly reports.

The public names, each loaded on first use: `from salesopt import load_study, estimate_elasticity`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

PUBLIC = {
    "load_study": "study.load",
    "summarise_sales": "sales",
    "tally_swot": "swot",
    "tally_pest": "pest",
    "priorities": "comparisons",
    "estimate_elasticity": "elasticity",
    "estimate_cross_elasticity": "cross",
    "optimise_prices": "pricing",
    "optimise_channel_mix": "channels",
    "fit_effort": "effort",
    "size_team": "team",
    "plan_headcount": "headcount",
    "workload_size": "team",
    "plan_calls": "team",
    "measure_hours": "team",
    "assign_accounts": "team",
    "compare_rosters": "rosters",
    "compare_structures": "structure",
    "describe_team": "structure",
    "check_duties": "structure",
    "match_skills": "skills",
    "form_teams": "skills",
    "rank_findings": "summary",
}
__all__ = ["__version__", *PUBLIC]


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use, so that `import salesopt` stays light."""
    if name not in PUBLIC:
        raise AttributeError(f"module 'salesopt' has no attribute {name!r}")
    return getattr(import_module(f"salesopt.{PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    """All public names, for completion."""
    return __all__
