"""Names of methods that are read from the text of plugins, and when nothing can be said without importing them."""

import pytest

from srbench.method import plugins, written

WRITTEN = {
    "class A(Method):\n    card = MethodCard(name='a', title='A')": {"a"},
    "class A(Method):\n    card: MethodCard = base.MethodCard(title='A', name='a')": {"a"},
    "class A(torch.nn.Module): pass\nclass B(TorchMethod):\n    card = MethodCard('b')": {"b"},
    "class A(Method):\n    card = MethodCard(name='a')\nclass B(A):\n    card = MethodCard(name='b')": {"a", "b"},
    "class A(Method):\n    card = MethodCard(name='a')\nclass B(A): pass": {"a"},
    "class Point(NamedTuple):\n    x: int": set(),
    "import torch": set(),
}
NOT_WRITTEN = [
    "class A(Method):\n    card = MethodCard(name='a' + 'b')",
    "class A(Method):\n    card = MethodCard(name=f'a{1}')",
    "class A(Method):\n    card = MethodCard(**facts)",
    "class A(Method):\n    card = CARD",
    "class A(theirs.Network): pass",
    "class A(make()): pass",
    "class A(Method): pass\nA.card = MethodCard(name='a')",
    "A = type('A', (Method,), {'card': MethodCard(name='a')})",
    "class A(Method):\n    card = dataclasses.replace(B.card, name='a')",
    "def make(n):\n    class A(Method):\n        card = MethodCard(name=n)\n    return A",
    "exec(text)",
    "class A(:",
    "\0",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_names_that_are_written_out_are_read(tmp_path, text):
    (tmp_path / "mine.py").write_text(text)
    assert written.names_in(tmp_path / "mine.py") == WRITTEN[text]


@pytest.mark.parametrize("text", NOT_WRITTEN)
def test_other_names_are_known_by_importing_alone(tmp_path, text):
    (tmp_path / "mine.py").write_text(text)
    assert written.names_in(tmp_path / "mine.py") is None


def test_a_package_has_the_names_of_its_files(tmp_path):
    package = tmp_path / "mine"
    (package / "deeper").mkdir(parents=True)
    for name in ("__init__", "one"):
        (package / f"{name}.py").write_text(f"class A(Method):\n    card = MethodCard(name='{name}')")
    assert written.names_in(package / "__init__.py") == {"__init__", "one"}
    (package / "deeper" / "two.py").write_text("")
    assert written.names_in(package / "__init__.py") is None
    assert written.names_in(tmp_path / "none.py") is None


def test_what_is_read_of_srbenchs_own_files_is_what_importing_them_tells():
    told: dict[str, set[str]] = {}
    for plugin in plugins.discover():
        if plugin.origin == "built in":
            told.setdefault(str(plugin.source), set()).add(plugin.name)
    read = {str(path): written.names_in(path) for path in plugins.builtin_files().values()}
    known = {file: names for file, names in read.items() if names is not None}
    assert len(known) > 10
    assert {file: told.get(file) for file in known} == known
