"""The same rules for the peers: a policy's typed conditions printed as plain Python, as zen and as CEL."""

from __future__ import annotations

from typing import Any

from countermand.policy.terms import Term, Type


class Printer:
    """One language's spelling of the operators that these rules use; facts are taken to be known."""

    def __init__(self, language: str, names: dict[str, str]) -> None:
        self.language, self.names = language, names
        python = language == "python"
        self.words = (
            {"and": " and ", "or": " or ", "not": "not "}
            if language != "cel"
            else {"and": " && ", "or": " || ", "not": "!"}
        )
        self.signs = {"=": "==", "<>": "!="}
        self.brackets = ("(", ")") if python else ("[", "]")
        # Names read as numbers of unlike types are widened by hand in CEL only.
        self.widen = language == "cel"

    def of(self, term: Term) -> str:
        """The condition as source text."""
        if term.operator == "literal":
            return self.constant(term.value)
        if term.operator == "name":
            return self.names[str(term.value)]
        parts = [self.of(operand) for operand in term.operands]
        if term.operator in ("and", "or"):
            return "(" + self.words[term.operator].join(parts) + ")"
        if term.operator == "not":
            return (
                f"{self.words['not']}({parts[0]})"
                if term.operands[0].operator != "name"
                else (f"{self.words['not']}{parts[0]}")
            )
        if term.operator == "in":
            items = ", ".join(sorted(self.constant(value) for value in term.value))
            return f"{parts[0]} in {self.brackets[0]}{items}{self.brackets[1]}"
        if (self.widen and {operand.type for operand in term.operands} != {term.operands[0].type}) or (
            self.widen and any("usual" in part for part in parts)
        ):
            parts = [part if "double(" in part else f"double({part})" for part in parts]
        text = f"{parts[0]} {self.signs.get(term.operator, term.operator)} {parts[1]}"
        return text if term.type is Type.BOOLEAN else f"({text})"

    def constant(self, value: Any) -> str:
        """A constant; texts in double quotes, which all three understand."""
        if isinstance(value, bool):
            return str(value) if self.language == "python" else str(value).lower()
        return f'"{value}"' if isinstance(value, str) else repr(value)


def conditions(program: Any, printer: Printer) -> list[str]:
    """Every rule's condition with the kinds it looks at."""
    found = []
    for rule in program.bound:
        text = printer.of(rule.when)
        if rule.kinds is not None:
            kinds = Term(
                "in",
                Type.BOOLEAN,
                False,
                (Term("name", Type.TEXT, False, (), "kind"),),
                frozenset(kind.value for kind in rule.kinds),
            )
            text = f"({printer.of(kinds)}{printer.words['and']}{text})"
        found.append(text)
    return found


def hand_written(program: Any) -> Any:
    """(ii): one plain Python function, every fact in a local variable, no regard for unknown facts.

    Rules of the same kinds stand together under one test, as a person would write them.
    """
    names = {spec.name: spec.name.replace(".", "_") for spec in program.specs}
    printer = Printer("python", names)
    lines = ["def rules(facts):", f"    {', '.join(names.values())}, = facts", "    hits = []"]
    previous: Any = ()
    for number, rule in enumerate(program.bound):
        indent = "    "
        if rule.kinds is not None:
            words = tuple(sorted(kind.value for kind in rule.kinds))
            if words != previous:
                test = f"kind in {set(words)!r}" if len(words) > 1 else f"kind == {words[0]!r}"
                lines.append(f"    if {test}:")
            indent = "        "
            previous = words
        else:
            previous = ()
        lines += [f"{indent}if {printer.of(rule.when)}:", f"{indent}    hits.append({number})"]
    lines.append("    return hits")
    space: dict[str, Any] = {}
    exec("\n".join(lines), space)  # the text was made just now
    return space["rules"]
