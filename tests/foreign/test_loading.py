"""A plugin file imports what lies beside it, privately, and is hashed with it."""

import pickle
import sys

import numpy as np
import pytest

from srbench.api import upscale
from srbench.errors import MethodError
from srbench.foreign import loading
from srbench.method import plugins

CARD = 'MethodCard(name="{name}", title="", year=2026, family="test", paper="none", colour="any")'
MINE = """
from srbench.method import Method, MethodCard
{imports}

class Mine(Method):
    card = {card}
    def upscale(self, lr, scale):
        {late}
        return Net(scale)(lr)
"""
NET = """
from torch import nn
class Net(nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.scale = scale
    def forward(self, x):
        return x.repeat_interleave(self.scale, -1).repeat_interleave(self.scale, -2) * 0 + {value}
"""
PICTURE = np.zeros((4, 4, 3), np.uint8)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def mine(path, imports="from net import Net", late="pass", name="mine"):
    return write(path, MINE.format(imports=imports, late=late, card=CARD.format(name=name)))


def grey(path):
    """What the method in a file makes of a black picture: one number."""
    (value,) = set(upscale(str(path), PICTURE, 2).ravel())
    return value


def identity(path):
    (plugin,) = plugins.find(str(path))
    return plugins.identity(plugin, plugins.instantiate(plugin))


LAYOUTS = {  # where the network is, how it is imported, and which folders are packages
    "beside": ("net.py", "from net import Net", []),
    "module": ("net.py", "import net\nNet = net.Net", []),
    "renamed": ("net.py", "import net as n\nNet = n.Net", []),
    "relative, no package": ("net.py", "from .net import Net", []),
    "package beside": ("nets/net.py", "from nets.net import Net", ["nets"]),
    "submodule": ("nets/net.py", "from nets import net\nNet = net.Net", ["nets"]),
    "dotted": ("nets/net.py", "import nets.net\nNet = nets.net.Net", ["nets"]),
    "dotted, renamed": ("nets/net.py", "import nets.net as n\nNet = n.Net", ["nets"]),
    "folder beside": ("nets/net.py", "from nets.net import Net", []),
    "deep": ("a/b/net.py", "from a.b.net import Net", ["a", "a/b"]),
    "installed namesake": ("yaml.py", "from yaml import Net", []),
}


@pytest.mark.parametrize("late", [False, True], ids=["at the top", "in a function"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_lies_beside_a_plugin_is_imported_is_private_and_counts(tmp_path, layout, late):
    file, statement, packages = LAYOUTS[layout]
    found, path_before = {}, list(sys.path)
    for folder, value in (("one", 0.2), ("two", 0.6)):
        for package in packages:
            write(tmp_path / folder / package / "__init__.py", "")
        write(tmp_path / folder / file, NET.format(value=value))
        text = statement.replace("\n", "; ")
        plugin = mine(tmp_path / folder / "mine.py", *(["", text] if late else [statement]), name=folder)
        found[folder] = plugin, identity(plugin), plugins.instantiate(plugins.find(str(plugin))[0])
    assert [grey(found[folder][0]) for folder in ("one", "two", "one")] == [51, 153, 51]
    assert upscale(found["one"][2], PICTURE, 2).max() == 51  # loaded before the other
    write(tmp_path / "one" / file, NET.format(value=0.4))
    assert grey(found["one"][0]) == 102
    assert identity(found["one"][0]) != found["one"][1]
    assert identity(found["two"][0]) == found["two"][1]
    assert sys.path == path_before
    assert "net" not in sys.modules
    assert "nets" not in sys.modules
    assert not list(tmp_path.rglob("__pycache__"))


PACKAGES = {  # what the package's __init__.py says, and how a module of it imports another
    "empty": ("", "from .net import Net"),
    "absolute": ("", "from pkg.net import Net"),
    "beside": ("", "from net import Net"),
    "imports the plugin": ("from .mine import Mine", "from .net import Net"),
    "imports the network": ("from .net import Net", "from . import Net"),
    "from above": ("", "from ..outside import Net"),
}


@pytest.mark.parametrize("case", PACKAGES)
def test_a_plugin_in_a_package_imports_relatively(tmp_path, case):
    text, statement = PACKAGES[case]
    top, file = (tmp_path / "top", "outside.py") if "outside" in statement else (tmp_path, "pkg/net.py")
    if "outside" in statement:
        write(top / "__init__.py", "")
    write(top / "pkg" / "__init__.py", text)
    write(top / file, NET.format(value=0.2))
    plugin = mine(top / "pkg" / "mine.py", statement)
    first = identity(plugin)
    assert grey(plugin) == 51
    write(top / file, NET.format(value=0.6))
    assert grey(plugin) == 153
    assert identity(plugin) != first


def test_a_package_is_a_plugin_itself(tmp_path):
    write(tmp_path / "pkg" / "net.py", NET.format(value=0.2))
    assert grey(mine(tmp_path / "pkg" / "__init__.py", "from .net import Net")) == 51


@pytest.mark.parametrize("stem", ["my-method", "4x.v2", "class", "net"])
def test_a_file_may_be_called_anything(tmp_path, stem):
    write(tmp_path / "other.py", NET.format(value=0.2))
    assert grey(mine(tmp_path / f"{stem}.py", "from other import Net")) == 51


def test_what_is_imported_from_beside_is_none_of_the_plugins_methods(tmp_path):
    write(tmp_path / "net.py", NET.format(value=0.2))
    mine(tmp_path / "base.py", name="base")
    path = mine(tmp_path / "mine.py", "from base import Mine as Base\nfrom net import Net")
    assert [plugin.name for plugin in plugins.find(str(path))] == ["mine"]


def test_objects_of_neighbours_can_be_pickled(tmp_path):
    write(tmp_path / "net.py", NET.format(value=0.2))
    module = loading.load(mine(tmp_path / "mine.py").resolve())
    copy = pickle.loads(pickle.dumps(module.Net(2)))
    assert type(copy) is module.Net


def test_the_standard_library_and_srbench_are_not_hidden(tmp_path):
    for name in ("json", "srbench"):
        write(tmp_path / f"{name}.py", "raise RuntimeError('hidden')")
    write(tmp_path / "net.py", NET.format(value=0.2))
    assert grey(mine(tmp_path / "mine.py", "import json, srbench\nfrom net import Net")) == 51


def test_an_error_of_a_neighbour_names_the_plugin(tmp_path):
    write(tmp_path / "net.py", "import no_such_module")
    with pytest.raises(MethodError, match=r"mine\.py' cannot be imported: ModuleNotFoundError: .*no_such_module"):
        plugins.find(str(mine(tmp_path / "mine.py")))
    write(tmp_path / "net.py", NET.format(value=0.2))
    assert grey(tmp_path / "mine.py") == 51


def test_a_module_on_the_users_path_counts_and_an_installed_one_does_not(tmp_path, monkeypatch):
    write(tmp_path / "lib" / "zz_users.py", NET.format(value=0.2))
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    plugin = mine(tmp_path / "own" / "mine.py", "from zz_users import Net")
    try:
        first = identity(plugin)
        write(tmp_path / "lib" / "zz_users.py", NET.format(value=0.6))
        assert identity(plugin) != first
        (tmp_path / "lib" / "zz_users-1.0.dist-info").mkdir()  # as pip install --target leaves it
        installed = identity(plugin)
        write(tmp_path / "lib" / "zz_users.py", NET.format(value=0.8))
        assert identity(plugin) == installed
    finally:
        sys.modules.pop("zz_users", None)


def test_the_identity_does_not_depend_on_where_the_files_are(tmp_path):
    found = set()
    for folder in ("z", "a/b"):
        write(tmp_path / folder / "net.py", NET.format(value=0.2))
        found.add(identity(mine(tmp_path / folder / "mine.py")))
    assert len(found) == 1
