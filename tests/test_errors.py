"""What a chapter makes of a part that cannot be had."""

import pytest

from salesopt.errors import AbsentError, DataError, InfeasibleError, attempt


def failing(error: Exception):
    raise error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (InfeasibleError("no plan"), "no plan"),
        (InfeasibleError("no plan", relaxation="hire"), "no plan; a way out: hire"),
        (InfeasibleError("No plan. Way out: hire.", relaxation="hire"), "No plan. Way out: hire"),
    ],
)
def test_limits_that_clash_become_a_reason(error, said):
    assert attempt(lambda: failing(error)) == (None, said)


def test_results_pass_and_so_do_other_errors():
    assert attempt(lambda: 3) == (3, "")
    with pytest.raises(DataError):
        attempt(lambda: failing(DataError("no such column")))
    assert attempt(lambda: failing(AbsentError("no history")), AbsentError) == (None, "no history")
    with pytest.raises(AbsentError):
        attempt(lambda: failing(AbsentError("no history")))
