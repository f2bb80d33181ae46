"""What Spark cannot say in the words that sqlglot gives it: distinct counts in windows, 128-bit integers."""

from __future__ import annotations

from sqlglot import exp


def for_spark(tree: exp.Expr) -> exp.Expr:
    """The tree with what Spark has instead. `exact_quotient` and the other functions are registered there."""

    def replaced(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Window) and isinstance(node.this, exp.Count):
            counted = node.this.this
            if isinstance(counted, exp.Distinct):
                collected = exp.Anonymous(this="collect_set", expressions=list(counted.expressions))
                node.set("this", collected)
                return exp.Cast(
                    this=exp.Anonymous(this="size", expressions=[node]), to=exp.DataType.build("bigint")
                )
        if isinstance(node, exp.DataType) and node.this is exp.DataType.Type.INT128:
            return exp.DataType.build("decimal(38, 0)")
        return node

    return tree.transform(replaced)
