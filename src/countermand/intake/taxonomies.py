"""What a category is called by supervisors: in JR/T 0169-2018, and in the CFPB's complaint form."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from countermand.kernel.errors import SetupError
from countermand.kernel.text import Text
from countermand.vocabulary.triage import Category

TAXONOMIES = "taxonomies.yaml"


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a category stands: product (B) and cause (C) of JR/T 0169-2018; product and issue of the CFPB.

    Questions and suggestions are no complaints to the CFPB: both its words are None.
    """

    jrt_product: str
    jrt_cause: str
    cfpb_product: str | None = None
    cfpb_issue: str | None = None


class Taxonomies(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The words of both taxonomies, and the place of every category."""

    version: str
    jrt_channels: dict[str, Text]
    jrt_products: dict[str, Text]
    jrt_causes: dict[str, Text]
    categories: dict[Category, Place]


def read_taxonomies(files: Mapping[str, str]) -> Taxonomies:
    """The mapping tables of a rule pack.

    Raises SetupError (`triage_taxonomies_refused`): a category without a place, a word that is not listed, an
    issue without its product.
    """
    try:
        read = msgspec.yaml.decode(files[TAXONOMIES], type=Taxonomies)
    except KeyError:
        raise _refused("the file is missing") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise _refused(str(error)) from error
    if missing := sorted(set(Category) - read.categories.keys()):
        raise _refused(f"no place for {', '.join(missing)}")
    for category, place in read.categories.items():
        if place.jrt_product not in read.jrt_products or place.jrt_cause not in read.jrt_causes:
            raise _refused(f"{category}: {place.jrt_product} or {place.jrt_cause} is not listed")
        if (place.cfpb_product is None) != (place.cfpb_issue is None):
            raise _refused(f"{category}: a CFPB product needs its issue")
    return read


def _refused(why: str) -> SetupError:
    return SetupError(
        "triage_taxonomies_refused",
        f"The taxonomies of triage cannot be used: {why}.",
        f"分诊的分类对照表无法使用：{why}。",
        file=TAXONOMIES,
    )
