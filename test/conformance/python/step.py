"""The list of steps. A module registers its steps with the decorator `step`."""

from dataclasses import dataclass
from typing import Callable

GUIDE = "https://cloud.google.com/bigquery/docs/"


@dataclass
class Step:
    name: str
    link: str
    run: Callable


steps: list[Step] = []


def step(name: str, page: str):
    """Registers a function that takes the bed and raises if the step fails. `page` is of Google's guide."""

    def register(run):
        steps.append(Step(name, page if page.startswith("https:") else GUIDE + page, run))
        return run

    return register


def equal(actual, expected):
    if actual != expected:
        raise AssertionError(f"expected {expected!r}, got {actual!r}")


def raises(kind, call):
    """The error of a call that must fail."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"expected {kind.__name__}, got no error")
