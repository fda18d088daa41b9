"""Which places lie below others, as part of a query."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, select

from models.org import OrgUnit


def below(top: ColumnElement[bool]) -> Select[int]:
    """The ids of the units that meet this condition, and of all below them."""
    tree = select(OrgUnit.id).where(top).cte("tree", recursive=True)
    tree = tree.union_all(select(OrgUnit.id).join(tree, OrgUnit.parent_id == tree.c.id))
    return select(tree.c.id)
