"""Groups of columns of a hierarchical network: from names to places in the matrix."""

from __future__ import annotations

import difflib
from dataclasses import replace

from pipeline.data.encoding import FeatureSchema
from pipeline.deep.recipe import Recipe
from pipeline.errors import UserError


def with_places(recipe: Recipe, features: FeatureSchema) -> Recipe:
    """A recipe whose groups hold places.

    Raises
    ------
    UserError
        When a group names what is no column.
    """
    if not recipe.groups:
        return recipe
    places = {name: place for place, name in enumerate(features.names)}
    found = [[_place(each, places) for each in group] for group in recipe.groups]
    flat = [place for group in found for place in group]
    if len(set(flat)) < len(flat):
        twice = max(flat, key=flat.count)
        raise UserError(f"groups: column {features.names[twice]} is in two groups, or in one twice")
    return replace(recipe, groups=found)


def _place(column: str | int, places: dict[str, int]) -> int:
    if isinstance(column, int):
        if not 0 <= column < len(places):
            raise UserError(
                f"groups: there is no column {column}: places are 0 to {len(places) - 1}"
            )
        return column
    if column not in places:
        near = difflib.get_close_matches(column, places, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UserError(f"groups: there is no feature {column}{hint}")
    return places[column]
