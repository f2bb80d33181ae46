"""YAML and JSON with the place of every value, so that what is wrong in a pack is told by file and line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import yaml

from countermand.kernel.errors import PolicyError


@dataclass(frozen=True, slots=True)
class Marked:
    """A value and where it stands; lines and columns count from 1.

    `value` is a text, number, boolean or None, a list of Marked, or a dict of text to Marked.
    """

    value: Any
    line: int
    column: int

    def get(self, name: str) -> Marked | None:
        """A member of a mapping, or None where it is absent (or this is no mapping)."""
        found = self.value.get(name) if isinstance(self.value, dict) else None
        return found if isinstance(found, Marked) else None

    @property
    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {name: one.plain for name, one in self.value.items()}
        if isinstance(self.value, list):
            return [one.plain for one in self.value]
        return self.value


@dataclass(slots=True)
class Complaints:
    """What is wrong with one file: everything at once."""

    file: str
    found: list[dict[str, Any]] = field(default_factory=list)

    def add(self, code: str, at: Marked, en: str, zh: str) -> None:
        """One finding, in the shape that policies' findings have."""
        self.found.append(
            {
                "code": code,
                "file": self.file,
                "line": at.line,
                "column": at.column,
                "text": {"en": en, "zh": zh},
            }
        )

    def raise_if_any(self) -> None:
        """Raises PolicyError (`auth_pack_refused`) with all findings."""
        if self.found:
            first = self.found[0]
            place = f"{self.file}:{first['line']}"
            raise PolicyError(
                "auth_pack_refused",
                f"{len(self.found)} findings; the first: {place}: {first['text']['en']}",
                f"有 {len(self.found)} 处问题；第一处：{place}：{first['text']['zh']}",
                findings=self.found,
            )


def read_marked(text: str, file: str) -> Marked:
    """The values of a YAML or JSON text. Raises PolicyError (`auth_pack_refused`)."""
    complaints = Complaints(file)
    node = None
    try:
        if file.endswith(".json"):
            json.loads(text)
            text = text.replace("\t", " ")  # JSON's blanks are more than YAML's
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except json.JSONDecodeError as error:
        at = Marked(None, error.lineno, error.colno)
        complaints.add(
            "malformed_json", at, f"This is not JSON: {error.msg}", f"不是有效的 JSON：{error.msg}"
        )
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = Marked(None, 1 if mark is None else mark.line + 1, 1 if mark is None else mark.column + 1)
        what = getattr(error, "problem", None) or "it cannot be read"
        complaints.add("malformed_yaml", at, f"This is not YAML: {what}", f"不是有效的 YAML：{what}")
    complaints.raise_if_any()
    if node is None:
        return Marked(None, 1, 1)
    return _marked(node, yaml.SafeLoader(""), complaints)


def _marked(node: yaml.Node, loader: yaml.SafeLoader, complaints: Complaints) -> Marked:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if isinstance(node, yaml.MappingNode):
        members: dict[str, Marked] = {}
        for key, value in node.value:
            if key.value in members:
                at = Marked(None, key.start_mark.line + 1, key.start_mark.column + 1)
                complaints.add("named_twice", at, f"{key.value} stands here twice", f"{key.value} 重复出现")
                complaints.raise_if_any()
            members[key.value] = _marked(value, loader, complaints)
        return Marked(members, line, column)
    if isinstance(node, yaml.SequenceNode):
        return Marked([_marked(one, loader, complaints) for one in node.value], line, column)
    return Marked(loader.construct_object(node), line, column)
