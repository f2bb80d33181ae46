"""YAML with positions: a policy file as nodes that know where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from countermand.kernel.text import Text
from countermand.policy.findings import Findings, Place

# What people leave where a value is still to come: words, gaps, and the marks of template languages.
PLACEHOLDER = re.compile(
    r"…|待定|待补|待填|占位|\?{3}|？{3}|_{3}|\$\{|\{\{|<[^\W\d_][\w-]*>|^<.*>$"
    # Chinese characters are letters too, so \b would not end a word before them.
    r"|(?<![a-z0-9])(?:todo|fixme|tb[dc]|change_?me|placeholder|lorem ipsum|x{3,})(?![a-z0-9])",
    re.IGNORECASE,
)


class Node:
    """One value of a policy file: a scalar, a list or a mapping, with its place."""

    def __init__(self, node: yaml.Node, file: str, findings: Findings) -> None:
        self._node, self.file, self.findings = node, file, findings

    @property
    def at(self) -> Place:
        mark = self._node.start_mark
        return Place(self.file, mark.line + 1, mark.column + 1)

    def at_offset(self, offset: int) -> Place:
        """Where character `offset` of this scalar's text stands in the file.

        Folding changes white space only, so the place is found by counting the other characters; the start
        of the scalar stands for what that cannot find (escapes, comments between lines).
        """
        start, end = self._node.start_mark, self._node.end_mark
        if not isinstance(self._node, yaml.ScalarNode) or start.buffer is None:
            return self.at
        style, source = self._node.style, start.buffer[start.pointer : end.pointer]
        skipped = source.find("\n") + 1 if style in ("|", ">") else int(style in ("'", '"'))
        written, value = source[skipped:], str(self._node.value)
        if style == "'":
            written = written.replace("''", "'\0")  # the second of two quotes counts for nothing
        solid = [
            place for place, character in enumerate(written) if not character.isspace() and character != "\0"
        ]
        before = sum(1 for character in value[:offset] if not character.isspace())
        if before >= len(solid) or value[offset : offset + 1] != written[solid[before]]:
            return self.at
        leading = source[:skipped] + written[: solid[before]]
        line = start.line + leading.count("\n")
        column = len(leading) - leading.rfind("\n") - 1 + (start.column if "\n" not in leading else 0)
        return Place(self.file, line + 1, column + 1)

    def refuse(self, code: str, en: str, zh: str) -> None:
        self.findings.add(code, self.at, en, zh)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self._node, yaml.MappingNode)

    def text(self) -> str | None:
        """The scalar's text; a finding and None when this is not a filled-in scalar."""
        if not isinstance(self._node, yaml.ScalarNode) or self._node.tag == "tag:yaml.org,2002:null":
            self.refuse("not_a_value", "A single value belongs here.", "此处应为单个值。")
            return None
        text = str(self._node.value)
        if PLACEHOLDER.search(text):
            self.refuse("placeholder", f"This is still a placeholder: {text}", f"占位内容尚未填写：{text}")
            return None
        return text

    def integer(self, minimum: int, maximum: int) -> int | None:
        text = self.text()
        if text is None:
            return None
        try:
            number = int(text)
        except ValueError:
            number = minimum - 1
        if not minimum <= number <= maximum:
            self.refuse(
                "bad_number",
                f"A whole number from {minimum} to {maximum} belongs here, not {text}.",
                f"此处应为 {minimum} 到 {maximum} 的整数，而不是 {text}。",
            )
            return None
        return number

    def items(self) -> list[Node]:
        """The members of a list; a lone scalar is a list of one."""
        if isinstance(self._node, yaml.SequenceNode):
            return [Node(item, self.file, self.findings) for item in self._node.value]
        if isinstance(self._node, yaml.ScalarNode):
            return [self]
        self.refuse("not_a_list", "A list belongs here.", "此处应为列表。")
        return []

    def entries(self) -> Iterator[tuple[Node, Node]]:
        """Key and value nodes of a mapping, in order; doubled keys are findings."""
        if not isinstance(self._node, yaml.MappingNode):
            self.refuse("not_a_mapping", "Keys and values belong here.", "此处应为键值对。")
            return
        seen: set[str] = set()
        for key, value in self._node.value:
            named = Node(key, self.file, self.findings)
            word = str(getattr(key, "value", ""))
            if word in seen:
                named.refuse("doubled_key", f"The key {word} stands here twice.", f"键 {word} 重复出现。")
                continue
            seen.add(word)
            yield named, Node(value, self.file, self.findings)

    def fields(self, known: set[str], required: set[str]) -> dict[str, Node]:
        """A mapping with fixed keys; unknown and missing ones are findings."""
        found: dict[str, Node] = {}
        for key, value in self.entries():
            name = str(key._node.value)
            if name not in known:
                allowed = ", ".join(sorted(known))
                key.refuse(
                    "unknown_key",
                    f"The key {name} means nothing here; known: {allowed}.",
                    f"键 {name} 在此无意义；可用：{allowed}。",
                )
                continue
            found[name] = value
        if self.is_mapping:
            for name in sorted(required - found.keys()):
                self.refuse("missing_key", f"The key {name} is missing.", f"缺少键 {name}。")
        return found

    def bilingual(self) -> Text | None:
        """`{en: …, zh: …}`, both there and both filled in."""
        parts = self.fields({"en", "zh"}, {"en", "zh"})
        en = parts["en"].text() if "en" in parts else None
        zh = parts["zh"].text() if "zh" in parts else None
        return Text(en=en, zh=zh) if en and zh else None


def parse_file(file: str, text: str, findings: Findings) -> Node | None:
    """The root of one policy file; None with a finding when it is not YAML."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        findings.add(
            "not_yaml", at, f"This is not YAML: {error.problem}.", f"这不是有效的 YAML：{error.problem}。"
        )
        return None
    except (yaml.YAMLError, RecursionError) as error:
        findings.add("not_yaml", Place(file), f"This is not YAML: {error}.", f"这不是有效的 YAML：{error}。")
        return None
    if root is None:
        return None
    node = Node(root, file, findings)
    if not node.is_mapping:
        node.refuse("not_a_mapping", "A policy file holds sections by name.", "策略文件由命名的分节组成。")
        return None
    return node
