"""Model files on disk, each named by its own SHA-256, with its card beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from countermand.adapters.models.onnx_scorer import OnnxScorer, open_model
from countermand.kernel.canonical import digest
from countermand.kernel.errors import NotFound, SetupError
from countermand.policy.bound import BoundModel
from countermand.policy.ports import Scorer
from countermand.vocabulary.models import ModelCard, ModelCheck

_CARD = msgspec.json.Decoder(ModelCard)


class ModelRegistry:
    """The models of one installation: `<sha256>.onnx` and `<sha256>.json` in one folder.

    A file that is no longer what its name says is never used.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, content: bytes, card: ModelCard | None) -> ModelCard:
        """Keep a model; the card says what the file is, with its hash. The same file again changes nothing.

        Without a card the model is kept with what its file says. Raises SetupError (`model_unfit`,
        `models_extra_missing`).
        """
        name = digest(content).hex()
        inputs = open_model(content, name).inputs
        kept = card if card is not None else ModelCard(inputs=[])
        if kept.inputs and len(kept.inputs) != inputs:
            raise _unfit(name, len(kept.inputs), inputs)
        kept = msgspec.structs.replace(kept, file=name, bytes=len(content))
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self._path(name), content)
        _write(self._card_path(name), msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n")
        return kept

    def cards(self) -> Iterator[ModelCard]:
        """The cards of all models, newest first."""
        found = [self._card(path.stem) for path in sorted(self.folder.glob("*.onnx"))]
        yield from sorted(found, key=lambda card: (card.trained_at, card.file), reverse=True)

    def find(self, prefix: str) -> ModelCard:
        """The card of the model whose hash starts so; `sha256:` in front is fine.

        Raises NotFound (`unknown_model`) for none, or more than one.
        """
        start = prefix.removeprefix("sha256:")
        found = [path.stem for path in self.folder.glob("*.onnx") if start and path.stem.startswith(start)]
        if len(found) != 1:
            raise NotFound(
                "unknown_model",
                f"{len(found)} models here start with {prefix}; `countermand model list` shows them.",
                f"这里有 {len(found)} 个模型以 {prefix} 开头；请用 `countermand model list` 查看。",
                model=prefix,
            )
        return self._card(found[0])

    def verify(self) -> list[ModelCheck]:
        """Every model file read again: is it what its name says, and does it load?"""
        return [self._checked(path) for path in sorted(self.folder.glob("*.onnx"))]

    def scorer(self, model: BoundModel) -> Scorer:
        """The scorer of a policy's model, after its file's hash was compared.

        Raises SetupError: `model_missing`, `model_changed`, `model_unfit`, `models_extra_missing`.
        """
        return self.opened(model.file or "", model.name, len(model.inputs))

    def opened(self, name: str, called: str, inputs: int | None = None) -> OnnxScorer:
        """The scorer of the file with this hash. Raises SetupError like `scorer`."""
        path = self._path(name)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise SetupError(
                "model_missing",
                f"The model {called} (sha256:{name[:12]}…) is not in {self.folder}; add its file with "
                "`countermand model add FILE`, or name another file in the policy.",
                f"模型 {called}（sha256:{name[:12]}…）不在 {self.folder}；请用 `countermand model add FILE` "
                "添加其文件，或在策略中改用其他文件。",
                model=called,
                file=name,
            ) from None
        found = digest(content).hex()
        if found != name:
            raise SetupError(
                "model_changed",
                f"The file {path.name} of model {called} has changed: its hash is now sha256:{found[:12]}…. "
                "It is not used; put the original file back with `countermand model add FILE`.",
                f"模型 {called} 的文件 {path.name} 已被改动：当前哈希为 sha256:{found[:12]}…。"
                "该文件不会被使用；请用 `countermand model add FILE` 放回原文件。",
                model=called,
                file=name,
                found=found,
            )
        scorer = open_model(content, called)
        if inputs is not None and scorer.inputs != inputs:
            raise _unfit(called, inputs, scorer.inputs)
        return scorer

    def _checked(self, path: Path) -> ModelCheck:
        try:
            self.opened(path.stem, path.stem[:12])
        except SetupError as refusal:
            return ModelCheck(path.stem, refusal.code)
        return ModelCheck(path.stem, None)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.onnx"

    def _card_path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

    def _card(self, name: str) -> ModelCard:
        try:
            return _CARD.decode(self._card_path(name).read_bytes())
        except (FileNotFoundError, msgspec.DecodeError):
            return ModelCard(inputs=[], file=name, bytes=self._path(name).stat().st_size)


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    partial = path.with_suffix(f"{path.suffix}.part")
    partial.write_bytes(content)
    partial.replace(path)


def _unfit(called: str, wanted: int, has: int) -> SetupError:
    return SetupError(
        "model_unfit",
        f"The model {called} takes {has} inputs, but {wanted} are named; the names must be those of its "
        "card, in that order.",
        f"模型 {called} 需要 {has} 个输入，而这里写了 {wanted} 个；名称与顺序须与其模型卡一致。",
        model=called,
    )
