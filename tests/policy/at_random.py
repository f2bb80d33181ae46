"""Typed expressions and facts at random, for the oracles."""

from hypothesis import strategies as st

from countermand.policy.terms import Scalar, Term, Type
from policy.folders import folder

# Facts by type; the second of each pair can be unknown.
NAMES = {
    Type.BOOLEAN: [("account_known", False), ("flag", True), ("known_device", True)],
    Type.INTEGER: [("local_hour", False), ("whole", True), ("other", True)],
    Type.NUMBER: [("real", True)],
    Type.MONEY: [("cash", True), ("amount", True)],
    Type.DURATION: [("wait", True), ("tenure", True)],
    Type.TEXT: [("account", False), ("word", True)],
}
WORDS = ["a", "A", "ab", "b", "", "a%", "_", "a'b", "中", "a_b", "%", "\\", "{x}"]
VALUES: dict[Type, list[Scalar]] = {
    Type.BOOLEAN: [True, False],
    Type.INTEGER: [-3, -1, 0, 1, 2, 3, 7, 22],
    Type.NUMBER: [-1.5, 0.0, 0.1, 0.5, 2.0, 3.25],
    Type.MONEY: [0, 1, 500, 1999, 200000],
    Type.DURATION: [0, 10**6, 60 * 10**6, 3600 * 10**6, 86400 * 10**6],
    Type.TEXT: WORDS,
}
PATTERNS = ["a%", "%b", "_", "%", "a\\%", "%'%", "", "a_b", "\\\\", "中"]
MEASURES = [Type.INTEGER, Type.NUMBER, Type.MONEY, Type.DURATION]
FACT_NAMES = [(name, type_, nullable) for type_, names in NAMES.items() for name, nullable in names]
FOLDER = folder("rules: []\n")


def _term(operator, type_, *operands, value=None):
    return Term(operator, type_, True, operands, value)


def names(type_):
    """A fact of the type."""
    return st.sampled_from(NAMES[type_]).map(lambda found: Term("name", type_, found[1], (), found[0]))


def constants(type_):
    """A constant of the type."""
    return st.sampled_from(VALUES[type_]).map(lambda value: Term("literal", type_, False, (), value))


def leaves(type_):
    """A fact more often than a constant."""
    return st.one_of(names(type_), names(type_), constants(type_))


@st.composite
def measures(draw, type_, depth):
    """An expression of a type one can calculate with."""
    if depth <= 0 or draw(st.integers(0, 2)) == 0:
        return draw(leaves(type_))
    number = measures(draw(st.sampled_from([Type.INTEGER, Type.NUMBER])), depth - 1)
    same = measures(type_, depth - 1)
    form = draw(st.integers(0, 8))
    if form <= 1:
        return _term(draw(st.sampled_from("+-")), type_, draw(same), draw(same))
    if form == 2 and type_ is Type.NUMBER:
        other = measures(draw(st.sampled_from(MEASURES)), depth - 1)
        left = draw(other)
        return _term("/", type_, left, draw(divisors(left.type, depth - 1)))
    if form == 2 and type_ is Type.INTEGER:
        return _term("%", type_, draw(same), draw(divisors(Type.INTEGER, depth - 1)))
    if form == 2:
        return _term("/", type_, draw(same), draw(divisors(Type.NUMBER, depth - 1)))
    if form == 3:
        factor = same if type_ is Type.INTEGER else number
        return _term("*", type_, draw(same), draw(factor))
    if form == 4 and type_ is Type.INTEGER:
        return _term("length", type_, draw(texts(depth - 1)))
    if form == 5:
        return _term(draw(st.sampled_from(["neg", "abs"])), type_, draw(same))
    return draw(choices(type_, same, depth))


@st.composite
def divisors(draw, type_, depth):
    """What may stand under a fraction: a constant zero is refused."""
    found = draw(measures(type_, depth))
    inner = found
    while inner.operator == "neg":
        inner = inner.operands[0]
    zero = inner.operator == "literal" and inner.value == 0
    return Term("literal", type_, False, (), VALUES[type_][-1]) if zero else found


@st.composite
def texts(draw, depth):
    """An expression of type text."""
    if depth <= 0 or draw(st.integers(0, 2)) == 0:
        return draw(leaves(Type.TEXT))
    if draw(st.booleans()):
        return _term("lower", Type.TEXT, draw(texts(depth - 1)))
    return draw(choices(Type.TEXT, texts(depth - 1), depth))


@st.composite
def choices(draw, type_, values, depth):
    """CASE, coalesce, least or greatest over values of a type."""
    form = draw(st.sampled_from(["case", "coalesce", "least", "greatest"]))
    if form == "case":
        default = Term("literal", Type.NULL, True) if draw(st.booleans()) else draw(values)
        return _term("case", type_, draw(conditions(depth - 1)), draw(values), default)
    return _term(form, type_, draw(values), draw(values))


@st.composite
def conditions(draw, depth):
    """A boolean expression."""
    form = draw(st.integers(0, 13)) if depth > 0 else 0
    if form == 0:
        return draw(names(Type.BOOLEAN))
    if form <= 3:
        inner = draw(st.lists(conditions(depth - 1), min_size=2, max_size=3))
        return _term(draw(st.sampled_from(["and", "or"])), Type.BOOLEAN, *inner)
    if form == 4:
        return _term("not", Type.BOOLEAN, draw(conditions(depth - 1)))
    if form == 5:
        operator = draw(st.sampled_from(["is_true", "is_false", "is_null"]))
        return _term(operator, Type.BOOLEAN, draw(conditions(depth - 1)))
    if form == 6:
        pattern = draw(st.sampled_from(PATTERNS))
        operator = draw(st.sampled_from(["like", "starts_with"]))
        return _term(operator, Type.BOOLEAN, draw(texts(depth - 1)), value=pattern)
    if form == 7:
        both = draw(st.tuples(conditions(depth - 1), conditions(depth - 1)))
        return _term(draw(st.sampled_from(["=", "<>", "same"])), Type.BOOLEAN, *both)
    if form == 8:
        inner = _term(
            "coalesce", Type.BOOLEAN, *draw(st.tuples(conditions(depth - 1), conditions(depth - 1)))
        )
        return (
            inner
            if draw(st.booleans())
            else draw(
                choices(Type.BOOLEAN, conditions(depth - 1), depth).filter(
                    lambda term: term.operator in ("case", "coalesce")
                )
            )
        )
    type_ = draw(st.sampled_from([*MEASURES, Type.TEXT]))
    values = texts(depth - 1) if type_ is Type.TEXT else measures(type_, depth - 1)
    if form == 9:
        return _term("is_null", Type.BOOLEAN, draw(values))
    if form == 10:
        some = draw(st.lists(st.sampled_from(VALUES[type_]), min_size=1, max_size=3))
        return _term("in", Type.BOOLEAN, draw(values), value=frozenset(some))
    operator = draw(st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "same"]))
    return _term(operator, Type.BOOLEAN, draw(values), draw(values))


def rows():
    """The facts of one operation, each possibly unknown where its field says so."""
    cells = [
        st.sampled_from(VALUES[type_] + [None] * (3 if nullable else 0)) for _, type_, nullable in FACT_NAMES
    ]
    return st.tuples(*cells)
