"""What a model means in a policy: a fact made from other facts, and a rule for each band of its score."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from countermand.policy.bound import BoundModel, BoundRule
from countermand.policy.declarations import DAY, Model, ModelBand
from countermand.policy.findings import Findings, Place
from countermand.policy.terms import MODEL, Symbol, Term, Type, literal

_INPUT_TYPES = frozenset({Type.BOOLEAN, Type.INTEGER, Type.NUMBER, Type.MONEY, Type.DURATION})
SCENARIO = "model"


def bind_models(
    declared: Sequence[Model],
    visible: Mapping[str, Symbol],
    use: Callable[[str], None],
    findings: Findings,
) -> list[BoundModel]:
    """The models with their inputs found among `visible`; `use` makes a field one of the facts."""
    bound: list[BoundModel] = []
    facts = {f"{MODEL}.{one.name}" for one in declared}
    for model in declared:
        for name, at in model.inputs:
            if _is_input(name, at, visible, facts, findings):
                use(name)
        inputs = tuple(name for name, _ in model.inputs)
        for name, at in model.essential:
            if name not in inputs:
                findings.add(
                    "essential_is_no_input",
                    at,
                    f"{name} is essential to {model.name} and not among its inputs.",
                    f"{name} 被列为 {model.name} 的必要输入，但不在其输入之中。",
                )
        essential = frozenset(name for name, _ in model.essential)
        bound.append(
            BoundModel(
                model.name, model.title, model.file, model.kinds, inputs, essential, model.decides, model.at
            )
        )
    return bound


def _is_input(
    name: str, at: Place, visible: Mapping[str, Symbol], scores: set[str], findings: Findings
) -> bool:
    symbol = visible.get(name)
    if name in scores:
        findings.add(
            "cycle",
            at,
            f"{name} is a model's score: a model takes facts that stand before any score.",
            f"{name} 是模型评分：模型的输入必须是评分之前的事实。",
        )
    elif symbol is None:
        findings.add(
            "unknown_name",
            at,
            f"There is no field, feature or derived value called {name}.",
            f"没有名为 {name} 的字段、特征或派生值。",
        )
    elif symbol.type not in _INPUT_TYPES:
        findings.add(
            "bad_model_input",
            at,
            f"{name} is {symbol.type}; a model takes numbers, money, durations and yes-or-no: derive one.",
            f"{name} 的类型为 {symbol.type}；模型只接受数值、金额、时长和布尔值，请先派生。",
        )
    else:
        return True
    return False


def hidden_scores(declared: Sequence[Model]) -> dict[str, tuple[str, str]]:
    """Why a score cannot stand where it is not visible."""
    return {
        f"{MODEL}.{model.name}": (
            "A model's score can stand in a rule's condition only."
            if model.decides
            else "A challenger's score is recorded and decides nothing.",
            "模型评分只能用于规则的条件。" if model.decides else "挑战者模型的评分只记录、不参与决策。",
        )
        for model in declared
    }


def band_rules(model: Model) -> Iterator[BoundRule]:
    """One rule a band; of a known score exactly one fires, of an unknown one at most the mildest."""
    name = Term("name", Type.NUMBER, True, (), f"{MODEL}.{model.name}")
    for number, band in enumerate(model.bands):
        reached = Term(">=", Type.BOOLEAN, True, (name, literal(band.at_least, Type.NUMBER)))
        above = model.bands[number + 1 :][:1]
        below = [Term("<", Type.BOOLEAN, True, (name, literal(one.at_least, Type.NUMBER))) for one in above]
        when = Term("and", Type.BOOLEAN, True, (reached, *below)) if below else reached
        yield BoundRule(
            id=band_id(model, band),
            kinds=model.kinds,
            when=when,
            then=band.then,
            score=band.score,
            fires_unknown=model.fires_unknown and number == 0,
            hold_micros=DAY,
            oblige=(),
            reason=band.reason,
            scenario=SCENARIO,
            at=band.at,
            node=None,
        )


def band_id(model: Model, band: ModelBand) -> str:
    """The rule id of a band, as reasons cite it: `model.card_fraud.0.85`."""
    return f"{MODEL}.{model.name}.{band.at_least:g}"


def check_models(declared: Sequence[Model], findings: Findings) -> None:
    """What keeps understood models from deciding: no trained file; more than one of a name."""
    seen: dict[str, Model] = {}
    for model in declared:
        first = seen.setdefault(model.name, model)
        if first is not model:
            findings.add(
                "doubled_name",
                model.at,
                f"{model.name} is already defined at {first.at.file}:{first.at.line}.",
                f"{model.name} 已在 {first.at.file}:{first.at.line} 定义。",
            )
        if not model.inputs:
            findings.add("no_inputs", model.at, f"{model.name} has no inputs.", f"{model.name} 没有输入。")
        if model.file is None:
            findings.add(
                UNTRAINED_MODEL,
                model.at,
                f"{model.name} is not trained yet: `countermand train` writes a file, whose hash goes here.",
                f"{model.name} 尚未训练：请用 `countermand train` 生成文件，并在此填写其哈希。",
            )


UNTRAINED_MODEL = "untrained_model"
