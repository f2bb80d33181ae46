"""A policy pack as text that can be changed in one place, with the lines that were changed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import yaml

from countermand.policy.binding import bind
from countermand.policy.bound import BoundRule, Package
from countermand.policy.findings import Findings
from countermand.policy.folder import read_declarations
from countermand.policy.prelude import PRELUDE_FILE, with_prelude
from countermand.policy.terms import Term
from countermand.policy.wording import written

Files = Mapping[str, str]


@dataclass(frozen=True)
class Item:
    """One rule, feature, limit, band, list or derived value as it stands in its file.

    `first` and `last` are its lines, counted from 1; `values` its parts by key.
    """

    section: str
    name: str
    file: str
    first: int
    last: int
    values: Mapping[str, yaml.Node]

    @property
    def lines(self) -> frozenset[int]:
        return frozenset(range(self.first, self.last + 1))


@dataclass(frozen=True)
class Edit:
    """A changed pack: all files, and where the change is."""

    files: Files
    file: str
    lines: frozenset[int]


def understood(files: Files) -> Package | None:
    """The typed package, or None where the language refuses it."""
    findings = Findings()
    package = bind(read_declarations(with_prelude(files), findings), findings)
    return None if findings.found else package


@dataclass(frozen=True)
class Pack:
    """A shipped pack. `package` is what it means."""

    name: str
    files: Files

    @cached_property
    def package(self) -> Package:
        package = understood(self.files)
        assert package is not None, f"the pack {self.name} is sound"
        return package

    @cached_property
    def items(self) -> tuple[Item, ...]:
        return tuple(self._items())

    @cached_property
    def rules(self) -> dict[str, BoundRule]:
        return {rule.id: rule for rule in self.package.rules}

    def of(self, section: str) -> list[Item]:
        """The items of one section, in order."""
        return [item for item in self.items if item.section == section and item.file != PRELUDE_FILE]

    def text(self, item: Item, key: str) -> str:
        """The value of a scalar."""
        return str(item.values[key].value)

    def say(self, term: Term) -> str:
        """An expression as a quoted YAML value."""
        return quoted(written(term, self.package.head.currency))

    def with_value(self, item: Item, key: str, value: str) -> Edit:
        """Another value under a key; `value` is YAML on one line."""
        node = item.values[key]
        source = self.files[item.file]
        kept = source[node.start_mark.index : node.end_mark.index]
        tail = kept[len(kept.rstrip()) :]
        changed = source[: node.start_mark.index] + value + tail + source[node.end_mark.index :]
        line = node.start_mark.line + 1
        return Edit({**self.files, item.file: changed}, item.file, frozenset({line}))

    def without(self, edit: Edit, item: Item, *keys: str) -> Edit:
        """Also without some keys of a block item, which must stand on one line each, below `edit`'s line."""
        lines = edit.files[item.file].split("\n")
        gone = [item.values[key].start_mark.line for key in keys]
        kept = [line for number, line in enumerate(lines) if number not in gone]
        moved = frozenset(line - sum(1 for one in gone if one < line - 1) for line in edit.lines)
        return Edit({**edit.files, item.file: "\n".join(kept)}, item.file, moved)

    def with_item_after(self, item: Item, text: str, *, both: bool = False) -> Edit:
        """Another block item right after this one; the fault is there, or with `both` in either."""
        lines = self.files[item.file].split("\n")
        added = text.rstrip("\n").split("\n")
        changed = lines[: item.last] + added + lines[item.last :]
        where = frozenset(range(item.last + 1, item.last + 1 + len(added)))
        return Edit(
            {**self.files, item.file: "\n".join(changed)}, item.file, where | (item.lines if both else where)
        )

    def _items(self) -> Iterator[Item]:
        for file, text in sorted(self.files.items()):
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            assert root is not None, "a pack's file is not empty"
            head = {key.value: value for key, value in root.value}
            if "policy" in head:
                yield Item("head", "policy", file, 1, 1, head)
            for section, node in head.items():
                if section in ("rules", "limits", "bands"):
                    for one in node.value:
                        yield self._item(section, file, one, None, text)
                elif section in ("features", "lists", "derive"):
                    for key, one in node.value:
                        yield self._item(section, file, one, key, text)

    def _item(self, section: str, file: str, node: yaml.Node, key: yaml.Node | None, text: str) -> Item:
        if isinstance(node, yaml.ScalarNode):
            values = {"value": node}
        else:
            values = {part.value: value for part, value in node.value}
        named = key if key is not None else values["id" if "id" in values else "at_least"]
        name = str(named.value)
        start = (key or node).start_mark
        end = node.end_mark
        last = start.line + 1 + text[start.index : end.index].rstrip().count("\n")
        found = text[start.index : end.index].rstrip()
        while re.match(r"\s*(#.*)?$", found.rsplit("\n", 1)[-1]) and "\n" in found:
            found, last = found.rsplit("\n", 1)[0], last - 1  # comments between items belong to the next
        return Item(section, name, file, start.line + 1, last, values)


def quoted(text: str) -> str:
    """A double-quoted YAML scalar."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def rule_text(pack: Pack, item: Item, new_id: str, **changed: str | None) -> str:
    """The block of a copied rule or limit, with some values replaced, and those that are None left out."""
    source, lines = pack.files[item.file], []
    for key, node in item.values.items():
        if key == "accept" or (key in changed and changed[key] is None):
            continue
        value = changed.get(key) or _one_line(source[node.start_mark.index : node.end_mark.index], node)
        lines.append(f"{key}: {quoted(new_id) if key == 'id' else value}")
    lines += [f"{key}: {value}" for key, value in changed.items() if key not in item.values and value]
    return "  - " + "\n    ".join(lines)


def _one_line(text: str, node: yaml.Node) -> str:
    if isinstance(node, yaml.MappingNode) and not text.startswith("{"):
        return "{" + ", ".join(f"{key.value}: {quoted(str(value.value))}" for key, value in node.value) + "}"
    return " ".join(text.split())
