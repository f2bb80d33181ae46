"""Goal: no number is told without its source and its date. Method: try by hand, from JSON, by types."""

from __future__ import annotations

import types
import typing

import msgspec
import pytest

from countermand.kernel.text import Text
from countermand.oversight.figures import Figure, Sourced
from countermand.oversight.report import BacktestReport

SOURCE = Text(en="The ledger", zh="账本")
GOOD = {"value": 3, "unit": "operations", "source": SOURCE, "as_of": "2026-11-22"}


@pytest.mark.parametrize(
    "change",
    [
        {"source": Text(en="The ledger", zh=" ")},
        {"source": Text(en="", zh="账本")},
        {"as_of": ""},
        {"as_of": "lately"},
        {"unit": ""},
        {"low": 1},
        {"low": 1, "high": 5},
        {"interval": "wilson"},
    ],
)
def test_a_figure_without_source_date_unit_or_method_is_refused(change):
    """The type itself refuses, whoever builds it."""
    assert Figure(**GOOD).value == 3
    with pytest.raises(ValueError, match=r"figure names|interval"):
        Figure(**GOOD | change)


@pytest.mark.parametrize("missing", ["source", "as_of"])
def test_a_figure_without_source_or_date_cannot_be_read(missing):
    """Nor does one come in from a file."""
    whole = msgspec.to_builtins(Figure(**GOOD))
    assert msgspec.convert(whole, Figure) == Figure(**GOOD)
    with pytest.raises(msgspec.ValidationError, match=missing):
        msgspec.convert({key: value for key, value in whole.items() if key != missing}, Figure)
    with pytest.raises(TypeError, match=missing):
        Figure(**{key: value for key, value in GOOD.items() if key != missing})


def parts(annotation: object) -> list[object]:
    """The plain types inside an annotation."""
    if typing.get_origin(annotation) in (list, dict, types.UnionType, typing.Union, tuple):
        return [part for one in typing.get_args(annotation) for part in parts(one)]
    return [annotation]


def loose_numbers(struct: type[msgspec.Struct], *, covered: bool, seen: set[object]) -> list[str]:
    """The numeric fields that neither their struct nor the one around it dates and sources."""
    covered = covered or issubclass(struct, Sourced)
    if (struct, covered) in seen:
        return []
    seen.add((struct, covered))
    found: list[str] = []
    for name, annotation in typing.get_type_hints(struct).items():
        for part in parts(annotation):
            if part in (int, float) and not covered:
                found.append(f"{struct.__name__}.{name}")
            if isinstance(part, type) and issubclass(part, msgspec.Struct) and part is not Text:
                found += loose_numbers(part, covered=covered, seen=seen)
    return found


def test_every_number_of_the_report_stands_beside_its_source_and_date():
    """Walk the types: what holds numbers is sourced, or lies inside something that is."""

    class Careless(msgspec.Struct):
        losses: list[int]

    assert loose_numbers(Careless, covered=False, seen=set()) == ["Careless.losses"]
    # How the report was drawn is no statistic: it is what makes the statistics come out again.
    drawn = ["BacktestReport.seed", "BacktestReport.resamples"]
    assert loose_numbers(BacktestReport, covered=False, seen=set()) == drawn
