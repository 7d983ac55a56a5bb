"""The names of the methods in a plugin's files, read from the text: nothing is imported, and so neither is torch."""

from __future__ import annotations

import ast
from pathlib import Path

# Bases of classes that are no methods, or whose cards stand in the classes that have them.
_WITHOUT_NAME = {"Method", "TorchMethod", "TrainedMethod", "Module", "object", "ABC", "NamedTuple", "Enum", "Exception"}
_AT_RUN_TIME = {"type", "exec", "eval", "setattr", "globals", "vars", "replace"}  # calls that may make classes or cards


def names_in(path: Path) -> set[str] | None:
    """The names on the cards of the classes in a file, or in a package whose ``__init__.py`` it is. None where it may
    have others, which only importing it can tell: put together, inherited from elsewhere, made at run time."""
    files = [path]
    if path.name == "__init__.py":
        if any(folder.is_dir() and any(folder.glob("*.py")) for folder in path.parent.iterdir()):
            return None
        files = sorted(path.parent.glob("*.py"))
    found: set[str] = set()
    for file in files:
        try:
            own = _names_in(ast.parse(file.read_bytes()))
        except (OSError, SyntaxError, ValueError, RecursionError):  # it is broken, which is said by name
            return None
        if own is None:
            return None
        found |= own
    return found


def _names_in(tree: ast.Module) -> set[str] | None:
    if any(_makes_at_run_time(node) for node in ast.walk(tree)):
        return None
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    harmless = _WITHOUT_NAME | {node.name for node in classes}
    found: set[str] = set()
    for node in classes:
        cards = _cards(node)
        names = [_name_on(card) for card in cards]
        if any(name is None for name in names):
            return None
        if not cards and any(_last_part(base) not in harmless for base in node.bases):
            return None
        found |= {name for name in names if name is not None}
    return found


def _makes_at_run_time(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return _last_part(node.func) in _AT_RUN_TIME
    targets = node.targets if isinstance(node, ast.Assign) else []
    return any(isinstance(target, ast.Attribute) and target.attr == "card" for target in targets)


def _cards(node: ast.ClassDef) -> list[ast.expr]:
    """What a class gives as its card."""
    given = [(target, line.value) for line in node.body if isinstance(line, ast.Assign) for target in line.targets]
    given += [(line.target, line.value) for line in node.body if isinstance(line, ast.AnnAssign) and line.value]
    return [value for target, value in given if _last_part(target) == "card"]


def _name_on(card: ast.expr) -> str | None:
    """The name on a card that is written out; None else."""
    if not isinstance(card, ast.Call) or _last_part(card.func) != "MethodCard":
        return None
    given = [argument.value for argument in card.keywords if argument.arg == "name"] or card.args[:1]
    name = given[0].value if given and isinstance(given[0], ast.Constant) else None
    return name if isinstance(name, str) else None


def _last_part(node: ast.expr) -> str:
    """``Module`` of ``torch.nn.Module``; empty of what is no name."""
    if isinstance(node, ast.Subscript):
        return _last_part(node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
