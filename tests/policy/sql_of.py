"""A typed tree to SQL another engine can run: every measured type a double, texts compared byte by byte."""

from countermand.policy.terms import NUMERIC, Scalar, Term, Type

COLUMN_TYPES = {Type.BOOLEAN: "BOOLEAN", Type.TEXT: "TEXT"}
MEASURED = NUMERIC | {Type.MONEY, Type.DURATION, Type.INSTANT}


def column_type(type_: Type) -> str:
    """Whole numbers stay below 2**53 here, so a double holds each exactly."""
    return COLUMN_TYPES.get(type_, "DOUBLE PRECISION")


def sql_of(term: Term, collation: str) -> str:
    """The term in SQL; `collation` is put behind every text (PostgreSQL's own would sort by language)."""
    parts = [f"({sql_of(operand, collation)})" for operand in term.operands]
    match term.operator:
        case "literal":
            return constant(term.value, term.type)
        case "name":
            return f"{term.value}{collation if term.type is Type.TEXT else ''}"
        case "and" | "or":
            return f" {term.operator} ".join(parts)
        case "not":
            return f"NOT {parts[0]}"
        case "neg":
            return f"-{parts[0]}"
        case "/":
            return f"{parts[0]} / NULLIF({parts[1]}, 0)"
        case "%":
            whole = [f"CAST({part} AS BIGINT)" for part in parts]
            return f"CAST({whole[0]} % NULLIF({whole[1]}, 0) AS DOUBLE PRECISION)"
        case "in":
            items = ", ".join(sorted(constant(value, term.operands[0].type) for value in term.value))
            return f"{parts[0]} IN ({items})"
        case "is_null" | "is_true" | "is_false":
            return f"{parts[0]} {term.operator.replace('_', ' ')}"
        case "same":
            return f"{parts[0]} IS NOT DISTINCT FROM {parts[1]}"
        case "like":
            return f"{parts[0]} LIKE {constant(term.value, Type.TEXT)} ESCAPE '\\'"
        case "starts_with":
            return f"starts_with({parts[0]}, {constant(term.value, Type.TEXT)})"
        case "length":
            return f"CAST(length({parts[0]}) AS DOUBLE PRECISION)"
        case "case":
            pairs = zip(parts[:-1:2], parts[1::2], strict=True)
            branches = " ".join(f"WHEN {condition} THEN {result}" for condition, result in pairs)
            return f"CASE {branches} ELSE {parts[-1]} END"
    if term.operator.isalpha():
        return f"{term.operator}({', '.join(parts)})"
    return f"{parts[0]} {term.operator} {parts[1]}"


def constant(value: Scalar, type_: Type) -> str:
    """A constant with its type."""
    if isinstance(value, str):
        text = "'" + value.replace("'", "''") + "'"
    else:
        text = "NULL" if value is None else repr(value)
    return "NULL" if type_ is Type.NULL else f"CAST({text} AS {column_type(type_)})"
