"""Triage as an installation has it: the model and rules that come with the product, or its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from countermand.app.lab import needing
from countermand.intake.taxonomies import Taxonomies, read_taxonomies
from countermand.intake.triage import Triage
from countermand.intake.triage_rules import read_concepts, read_rules
from countermand.kernel.canonical import digest
from countermand.kernel.errors import BadRequest, SetupError
from countermand.settings import Settings
from countermand.vocabulary.triage import LabelledMessage, TriageCard

_PACKAGE = Path(__file__).parent.parent
TRIAGE_DATA = _PACKAGE / "triage_data"
TRIAGE_MODEL = _PACKAGE / "triage_model" / "triage.msgpack"
TRIAGE_RULES = _PACKAGE / "triage_rules"
MESSAGES_MIN = 100
_LINE = msgspec.json.Decoder(LabelledMessage)
_CARD = msgspec.json.Decoder(TriageCard)


def read_triage_rules(folder: Path = TRIAGE_RULES) -> Mapping[str, str]:
    """The files of a rule pack, name -> text."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))}


def open_triage(settings: Settings | None = None) -> Triage:
    """The installation's model (setting triage_model), else the one that comes with the product.

    Raises SetupError: `triage_model_missing`, `triage_model_changed` (the file is not what its card says),
    `triage_model_unfit`, `triage_rules_refused`.
    """
    path = TRIAGE_MODEL if settings is None or settings.triage_model is None else settings.triage_model
    try:
        content, card = path.read_bytes(), read_triage_card(path)
    except (OSError, msgspec.MsgspecError) as error:
        raise SetupError(
            "triage_model_missing",
            f"The triage model {path} or its card cannot be read: {error}.",
            f"无法读取分诊模型 {path} 或其模型卡：{error}。",
            file=str(path),
        ) from error
    if card.file != digest(content).hex():
        raise SetupError(
            "triage_model_changed",
            f"The triage model {path} is not the file its card describes; train it again or put it back.",
            f"分诊模型 {path} 与其模型卡所述文件不符；请重新训练或放回原文件。",
            file=str(path),
        )
    return Triage.load(content, read_triage_rules())


def read_triage_taxonomies() -> Taxonomies:
    """What categories are called by supervisors. Raises SetupError (`triage_taxonomies_refused`)."""
    return read_taxonomies(read_triage_rules())


def read_triage_card(model: Path = TRIAGE_MODEL) -> TriageCard:
    """The card beside a model file."""
    return _CARD.decode(model.with_suffix(".json").read_bytes())


def train_triage(files: Sequence[Path], seed: int, *, shipped: bool = True) -> tuple[bytes, TriageCard]:
    """A model of the shipped messages and these files of JSON lines; equal files give equal bytes.

    Raises BadRequest (`bad_messages`) for a line that is no labelled message, or too few of them; SetupError
    (`train_extra_missing`).
    """
    with needing("train", "sklearn", "scipy"):
        from countermand.adapters.classifiers.judging import counted, judged
        from countermand.adapters.classifiers.linear_learner import LinearLearner, encoded
    chosen = [*(sorted(TRIAGE_DATA.glob("*.jsonl")) if shipped else []), *files]
    read = {path: read_messages(path) for path in chosen}
    messages = [message for path in chosen for message in read[path]]
    if len(messages) < MESSAGES_MIN:
        raise _bad("", 0, f"{len(messages)} messages; at least {MESSAGES_MIN} are needed")
    rules = read_triage_rules()
    version = read_rules(rules).version  # refuses a pack that could not be used beside the model
    data = {path.name: digest(path.read_bytes()).hex() for path in chosen}
    sources = [path.name for path in chosen for _ in read[path]]
    learnt = LinearLearner().fit(messages, read_concepts(rules), seed, sources)
    named = digest(msgspec.json.encode(sorted(data.items()))).hex()[:12]
    file = msgspec.structs.replace(learnt.file, version=f"{version}-{named}")
    content = encoded(file)
    metrics, reliability = judged(learnt, messages)
    card = TriageCard(
        file=digest(content).hex(),
        bytes=len(content),
        version=file.version,
        messages=len(messages),
        **counted(messages),
        data=data,
        rules={name: digest(text.encode()).hex() for name, text in rules.items()},
        trainer=file.training["trainer"],
        seed=seed,
        folds=file.training["folds"],
        pieces=len(file.pieces),
        thresholds=file.thresholds,
        metrics=metrics,
        reliability=reliability,
    )
    return content, card


def keep_triage(folder: Path, name: str, content: bytes, card: TriageCard) -> Path:
    """Write a model and its card, whole or not at all; gives the model's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.msgpack"
    told = msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n"
    for target, written in ((path, content), (path.with_suffix(".json"), told)):
        partial = target.with_suffix(f"{target.suffix}.part")
        partial.write_bytes(written)
        partial.replace(target)
    return path


def read_messages(path: Path) -> list[LabelledMessage]:
    """Labelled messages of JSON lines. Raises BadRequest (`bad_messages`), naming the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(str(path), 0, str(error)) from error
    messages = []
    for number, line in enumerate(lines, 1):
        try:
            messages.append(_LINE.decode(line))
        except msgspec.MsgspecError as error:
            raise _bad(str(path), number, str(error)) from error
    return messages


def _bad(file: str, line: int, why: str) -> BadRequest:
    where = f"{file}:{line}: " if line else f"{file}: " if file else ""
    return BadRequest(
        "bad_messages",
        f"The labelled messages cannot be used: {where}{why}.",
        f"标注消息无法使用：{where}{why}。",
        file=file,
        line=line,
    )
