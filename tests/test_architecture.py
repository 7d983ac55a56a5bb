"""The house rules that no other tool checks."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import srbench

PACKAGE = Path(srbench.__file__).parent
ROOTS = (PACKAGE / "__init__.py", PACKAGE / "methods" / "__init__.py")
FILES = [p for p in PACKAGE.rglob("*.py") if p not in ROOTS and "_builtin" not in p.parts]  # _builtin: in a wheel
CHECKOUT = Path(__file__).parent.parent
LONGEST_START = 300  # seconds that a test waits at least; under load an interpreter with torch has taken 37 to start


@pytest.fixture(scope="module")
def rooms():
    spec = importlib.util.spec_from_file_location("rooms", Path(__file__).with_name("rooms.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_no_room_imports_upwards_and_there_are_no_circles(rooms):
    graph = rooms.arrows()
    assert {"run", "results", "methods", "errors"} <= set(graph)
    assert rooms.upwards(graph, rooms.layers()) == []
    assert rooms.circles(graph) == []
    assert len([name for name in graph if (PACKAGE / f"{name}.py").is_file()]) <= 20


def test_circles_and_upward_imports_are_found(rooms):
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}
    assert rooms.circles(graph) == [{"b", "c"}]
    assert rooms.floors(graph) == 2
    assert rooms.upwards(graph, {"a": 1, "b": 0, "c": 2, "d": 0}) == [("b", "c")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_command_line_prints_and_exits(path):
    called = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
    if path.relative_to(PACKAGE).as_posix() == "foreign/trial.py":
        called.discard("os._exit")  # it ends a child process
    if path.relative_to(PACKAGE).parts[0] not in ("cli", "__main__.py"):
        assert called.isdisjoint({"print", "sys.exit", "exit", "typer.Exit", "os._exit"})


PUBLIC = {
    "srbench": ["SrbenchError", "__version__", "evaluate", "resize", "score", "upscale"],
    "srbench.errors": ["MethodError", "NotSupportedError", "SrbenchError", "UnavailableError", "UnknownNameError"],
    "srbench.method": ["Likelihood", "Method", "MethodCard", "MethodContext", "Published", "TorchMethod"],
    "srbench.metrics": ["Comparison", "Measurement", "Metric", "find", "get", "names", "supported"],
    "srbench.imaging.resize": ["Downsampler", "KERNELS", "axis", "imresize", "weights"],
    "srbench.training": ["Recipe", "TrainedMethod", "published"],
    "srbench.weights.files": ["LoadAudit", "file_hash", "load_into", "load_state"],
}


@pytest.mark.parametrize(("module", "names"), PUBLIC.items(), ids=PUBLIC)
def test_public_names_stay_where_plugins_import_them_from(module, names):
    face = importlib.import_module(module)
    assert [name for name in names if getattr(face, name, None) is None] == []
    with pytest.raises(AttributeError):
        face.no_such_name  # noqa: B018


def test_every_file_is_short():
    files = [path for name in ("srbench", "methods", "tests") for path in (CHECKOUT / name).rglob("*.py")]
    assert len(files) > 60
    assert [path.name for path in files if len(path.read_text().splitlines()) > 400] == []


def short_waits(path):
    """Lines of a file on which a number under LONGEST_START bounds a wait: ``timeout=`` of a call, or what is added to
    ``time.monotonic()``. A number that is under test has a name, or stands in a dictionary."""
    for node in ast.walk(ast.parse(path.read_text())):
        numbers = []
        if isinstance(node, ast.Call):
            numbers = [keyword.value for keyword in node.keywords if keyword.arg == "timeout"]
        elif isinstance(node, ast.BinOp) and "monotonic()" in ast.unparse(node.left):
            numbers = [node.right]
        for number in numbers:
            if isinstance(number, ast.Constant) and number.value is not None and number.value < LONGEST_START:
                yield f"{path.name}:{number.lineno}"


def test_no_test_gives_up_before_a_busy_machine_has_started_an_interpreter(tmp_path):
    files = list((CHECKOUT / "tests").rglob("*.py"))
    assert len(files) > 60
    assert [line for path in files for line in short_waits(path)] == []
    (tmp_path / "x.py").write_text(
        "a.wait(timeout=60)\nend = time.monotonic() + 9\na.wait(timeout=300)\na.wait(timeout=None)"
    )
    assert list(short_waits(tmp_path / "x.py")) == ["x.py:1", "x.py:2"]


def test_the_command_line_is_imported_without_the_large_libraries():
    heavy = (
        "torch",
        "pandas",
        "matplotlib",
        "spandrel",
        "sklearn",
        "skimage",
        "scipy",
        "sqlalchemy",
        "pyiqa",
        "piq",
        "cv2",
        "av",
        "pooch",
        "requests",
    )
    code = f"import sys, srbench.cli; print([name for name in {heavy!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
