"""What grows without bounds although each part is harmless: texts that are replaced by longer ones, tables read again
and again through CTEs. Both are counted on the tree, before anything runs.

The engine counts the memory of joins, sorts, groups and ``||`` against its limit, but not that of ``replace``,
``regexp_replace`` and ``lpad`` while they build a text, and nothing interrupts ``lpad`` (DuckDB 2.0.0).
"""

from sqlglot import exp

from catalog.records.sql.refusal import bad_sql, place_of
from catalog.text import Text

MOST_GROWTH = 1_000  # how many times longer than a cell a text may become through replacements
MOST_PADDING = 200
MOST_READINGS = 100  # tables read, each as often as the CTEs around it are


def check_growth(tree: exp.Expr, text: str) -> None:
    """Refuse replacements that make texts too long. A value passes each part of the tree at most once, so they multiply."""
    replaced, joined, gathers = 1, 1, False
    for node in tree.walk(bfs=False):
        if isinstance(node, exp.DPipe):
            joined *= 1 if isinstance(node.parent, exp.DPipe) else sum(1 for _ in node.flatten())
        if not isinstance(node, exp.Anonymous):
            continue
        name, arguments = node.name.lower(), node.expressions
        if name in ("lpad", "rpad"):
            replaced *= padding(node, text)
        elif name in ("replace", "regexp_replace"):
            replaced *= replacement(node, text)
        elif name in ("concat", "concat_ws"):
            joined *= len(arguments)
        elif name == "string_agg":
            gathers = True
    if replaced > MOST_GROWTH or (replaced > 2 and (gathers or replaced * joined > MOST_GROWTH * 10)):
        raise bad_sql(
            Text(
                ko="replace, regexp_replace, lpad, rpad로 글자를 너무 길게 늘립니다. string_agg와 함께 늘릴 수도 없습니다",
                en="replace, regexp_replace, lpad and rpad make texts too long here; nor can they lengthen beside string_agg",
            )
        )


def padding(node: exp.Anonymous, text: str) -> int:
    """Return 1: what is padded has a bounded length; it counts only where something else multiplies it."""
    size = node.expressions[1]
    if isinstance(size, exp.Literal) and not size.is_string and size.name.isdigit() and int(size.name) <= MOST_PADDING:
        return 1
    raise bad_sql(
        Text(
            ko=f"'{node.name}'의 둘째 인수는 {MOST_PADDING} 이하의 정수로 씁니다",
            en=f"the second argument of '{node.name}' is a whole number of at most {MOST_PADDING}",
        ),
        place_of(node, text),
    )


def replacement(node: exp.Anonymous, text: str) -> int:
    """Return how many times longer a text can become."""
    _, pattern, new, *_ = node.expressions
    if not (isinstance(new, exp.Literal) and new.is_string and isinstance(pattern, exp.Literal) and pattern.is_string):
        raise bad_sql(
            Text(
                ko=f"'{node.name}'에서 찾을 것과 바꿀 것은 따옴표로 묶은 글자로 씁니다",
                en=f"what '{node.name}' looks for and what it puts there are texts in quotes",
            ),
            place_of(node, text),
        )
    if node.name.lower() == "replace":
        return -(-len(new.name) // max(len(pattern.name), 1)) or 1
    # \1 is at most all that was found; a pattern that fits between two letters keeps them and adds to them
    return len(new.name.replace("\\", "")) + 1 if new.name else 1
