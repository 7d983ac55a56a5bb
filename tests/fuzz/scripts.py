"""Plugin files: methods, metrics and degradations that are wrong in one place."""

from __future__ import annotations

import random
from pathlib import Path

from campaign import ANY, FAULTY, Case, kind
from world import World

_METHOD = """\
import torch
from srbench.method import Method, MethodCard
from srbench.resize import imresize
{imports}
class Unprintable(Exception):
    def __str__(self):
        raise ValueError("no text")

class Mine(Method):
    card = MethodCard({card})
{body}
    def upscale(self, lr, scale):
        {upscale}
{end}
"""
_CARD = {
    "name": '"mine"', "title": '"Mine"', "year": "2024", "family": '"test"', "paper": '"none"', "colour": '"any"',
    "scales": "None", "url": '""', "published": "()", "min_size": "1", "default": "True", "random": "False",
    "version": "1",
}  # fmt: skip
_FIELDS = (
    "None", "3", "-1", "2.5", '""', '"x"', '"RGB"', '"a/b"', '"../x"', '"a,b"', '"x" * 400', '"\\0"', '"\\udcff"', "[]",
    '"[/red]"', '"\\x1b[31m"', "object()", "lambda: 1", "float('nan')", "10**30", "(0,)", "(2, None)", "[2]", "{}",
    "True", "(2.5,)", "('2',)", "(3,)", "torch.zeros(2)", "b'x'", "(1, 2, 3)", "type", "...", "'all'", "'bicubic'",
    "' '",
)  # fmt: skip
_RAISES = (
    "1 / 0", "raise KeyError", "raise SystemExit(0)", "raise SystemExit('x')", "import sys; sys.exit(0)",
    "raise Unprintable", "raise KeyboardInterrupt", "raise BrokenPipeError", "raise RecursionError",
    "raise MemoryError", "raise GeneratorExit", "raise BaseException('x')", "raise StopIteration",
    "raise OSError(28, 'No space left on device', 'x')", "f()", "raise UnicodeDecodeError('utf-8', b'x', 0, 1, 'x')",
    "raise TimeoutError", "raise AssertionError", "raise Warning('x')", "raise ImportError('x')",
    "raise Exception('a\\nb [/red] \\x1b[31m')", "raise Exception('x' * 100000)", "undefined",
    "raise ExceptionGroup('x', [ValueError('y')])", "raise Exception('\\udcff')", "(lambda f: f(f))(lambda f: f(f))",
    "raise torch.cuda.OutOfMemoryError('x')", "raise NotImplementedError", "raise PermissionError(13, 'x')",
)  # fmt: skip
_OUTPUTS = (
    "None", "3", "lr", "lr[0]", "imresize(lr, scale).numpy()", "imresize(lr, scale) * float('nan')", "'x'", "[]",
    "lr.tolist()", "imresize(lr, scale).to(torch.complex64)", "imresize(lr, scale).half()", "torch.zeros(1)",
    "torch.empty(0)", "lr[:, :0]", "imresize(lr, scale).to(torch.uint8)", "imresize(lr, scale) * 1e30",
    "imresize(lr, scale).to_sparse()", "Mine", "(lr,)", "torch.empty(lr.shape, device='meta')",
    "imresize(lr, scale).requires_grad_()", "imresize(lr, scale).bool()", "iter(lr)", "torch.zeros(10**9, 10**9)",
    "imresize(lr, scale)[..., :-1]", "torch.nn.Parameter(imresize(lr, scale))", "lr.data_ptr()",
)  # fmt: skip
_HOOKS = (
    "def __init__(self): ", "def prepare(self, scale, context): ", "def supports(self, scale): ",
    "def weight_files(self): ", "def load_audits(self): ", "def training_facts(self): ",
    "def require_scale(self, scale): ", "def __getattr__(self, name): ", "def __init_subclass__(cls): ",
    "aims_at_pixels = property(lambda self: 1 / 0) #", "def __del__(self): ", "def __init__(self, x): ",
    "def prepare(self): ", "has_likelihood = True #", "def __hash__(self): ",
)  # fmt: skip
_RETURNS = (
    "None",
    "3",
    "[]",
    "['x']",
    "[None]",
    "'x'",
    "{}",
    "{'a': 1}",
    "{2: None}",
    "[torch]",
    "True",
    "object()",
    "(x for x in [1])",
)
_FILES = (
    b"", b"\xff\xfe\0", b"\0", b"x = '\xe9'", b"# coding: nothing\n", b"def f(:\n", b"class A:\npass",
    b"import nowhere", b"(" * 2000, b"x = " + b"-" * 50_000 + b"1", b"\xef\xbb\xbfx = 1",
    b"from srbench.method import *", b"\x80\x04N.", b"x = 1", b"print('x')", b"from __future__ import braces",
    b"raise SystemExit(0)", b"import os; os.chdir('/')", b"import sys; sys.stdout.close()",
    b"import sys; sys.stdout = None", b"import warnings; warnings.warn('x')",
    b"import sys; sys.modules[__name__] = None", b"__name__ = 3", b"import sys; sys.exit('x')", b"globals().clear()",
    b"class X:\n    def __eq__(self, o): 1/0\n    def __class__(self): 1/0\nx = X()", b"1" * 5000, b"quit()",
    b"x = '''", b"class P:\n    @property\n    def __class__(self): raise ValueError\nx = P()",
    b"import signal; raise KeyboardInterrupt",
)  # fmt: skip


def _method(rng: random.Random, name: str = '"mine"') -> tuple[bytes, bool]:
    """A method's file, and whether no score can come of it."""
    card, body, upscale, imports, end = dict(_CARD) | {"name": name}, "", "return imresize(lr, scale)", "", ""
    how = rng.random()
    faulty = False
    if how < 0.3:
        for _ in range(rng.choice([1, 1, 1, 2])):
            field = rng.choice(list(card))
            card[field] = rng.choice(_FIELDS)
    elif how < 0.52:
        upscale, faulty = rng.choice(_RAISES), True
    elif how < 0.67:
        upscale = f"return {rng.choice(_OUTPUTS)}"
    elif how < 0.87:
        does = rng.choice(_RAISES) if rng.random() < 0.6 else f"return {rng.choice(_RETURNS)}"
        body = f"    {rng.choice(_HOOKS)}{does}\n"
    elif how < 0.94:
        imports, faulty = rng.choice(_RAISES), True
    else:
        end = rng.choice(
            [f"Mine.card = {rng.choice(_FIELDS)}", "del Mine", "Mine = 3", "Other = Mine", "class B(Mine): pass"]
        )
        end = rng.choice(
            [end, "class C(Mine):\n    card = 3", "class D(Mine):\n    card = MethodCard()", "Mine.upscale = 3"]
        )
    fields = ", ".join(f"{field}={value}" for field, value in card.items() if rng.random() > 0.01)
    text = _METHOD.format(card=fields, body=body, upscale=upscale, imports=imports, end=end)
    return text.encode(), faulty


_METRIC = """\
import torch
from srbench.metrics import Metric, Comparison, Measurement
def compute(c):
    {compute}
MINE = Metric({fields})
"""
_METRIC_FIELDS = {
    "name": '"mine"', "title": '"Mine"', "version": "1", "higher_is_better": "True", "unit": '"dB"',
    "bounds": "(0.0, 9.0)", "digits": "2", "needs": '("sr_luma",)', "compute": "compute", "min_size": "1",
    "footnote": '""',
}  # fmt: skip
_VALUES = (
    "'x'",
    "None",
    "torch.zeros(2)",
    "float('nan')",
    "[]",
    "Measurement(1.0, {'a': object()})",
    "1j",
    "10**400",
    "torch.tensor(1)",
)


def _metric(rng: random.Random) -> tuple[bytes, bool]:
    fields, compute = dict(_METRIC_FIELDS), "return float(c.sr_luma.mean())"
    how = rng.random()
    if how < 0.5:
        fields[rng.choice(list(fields))] = rng.choice(_FIELDS)
    elif how < 0.7:
        compute = rng.choice(_RAISES)
    elif how < 0.8:
        compute = f"return {rng.choice(_VALUES)}"
    else:
        hook = rng.choice(["prepare", "files"])
        fields[hook] = rng.choice(["lambda: 1 / 0", "lambda: 3", "lambda: ['x']", "lambda x: 1", "exit", "3"])
    shown = ", ".join(f"{field}={value}" for field, value in fields.items())
    return _METRIC.format(compute=compute, fields=shown).encode(), False


_DEGRADATION = """\
import torch
from srbench.degradation import Pipeline, Step
from srbench.degradation.steps import BicubicDown
class Own(Step):
    key = {key}
    random = {random}
    def __call__(self, x, scale, rng):
        {does}
    def size(self, height, width, scale):
        return {size}
MINE = Pipeline({fields})
"""


def _degradation(rng: random.Random) -> tuple[bytes, bool]:
    parts = {"key": '"own"', "random": "False", "does": "return x[..., ::scale, ::scale]"}
    parts["size"] = "height // scale, width // scale"
    fields = {"name": '"mine"', "steps": "(Own(),)", "version": "1", "scales": "None", "seed": "0"}
    how = rng.random()
    if how < 0.4:
        fields[rng.choice(list(fields))] = rng.choice((*_FIELDS, "()", "(3,)", "Own()", "(Own,)", "[Own()]"))
    elif how < 0.7:
        parts["does"] = rng.choice(
            (*_RAISES, *(f"return {value}" for value in ("None", "x", "3", "x[0]", "x.float()", "x.numpy()")))
        )
    else:
        parts[rng.choice(["key", "random", "size"])] = rng.choice(_FIELDS)
    shown = ", ".join(f"{field}={value}" for field, value in fields.items())
    return _DEGRADATION.format(**parts, fields=shown).encode(), False


@kind("plugins", 150)
def plugins(world: World, rng: random.Random, folder: Path) -> Case:
    what = rng.choice(["method", "method", "method", "method", "metric", "degradation"])
    make = {"method": _method, "metric": _metric, "degradation": _degradation}[what]
    content, faulty = make(rng) if rng.random() < 0.88 else (rng.choice(_FILES), True)
    path = folder / "methods" / "mine.py"
    path.parent.mkdir()
    how = rng.random()
    if how < 0.02:
        path.mkdir()
        faulty = True
    else:
        path.write_bytes(content)
    run = ["run", "--datasets", str(world.one), "--scales", "2", "--threads", "1"]
    if what == "metric":
        return Case([*run, "--methods", "nearest", "--metrics", str(path)])
    if what == "degradation":
        return Case([*run, "--methods", "nearest", "--metrics", "psnr", "--degradation", str(path)])
    how = rng.random()
    if how < 0.6:
        return Case([*run, "--methods", str(path), "--metrics", "psnr"], FAULTY if faulty else ANY)
    if how < 0.75:
        command = ["upscale", str(path), str(world.one / "a.png"), "--scale", "2"]
        return Case(command, FAULTY if faulty else ANY)
    if how < 0.82:
        command = ["explain", str(path), "--dataset", str(world.one), "--scale", "2", "--expect", "30.00"]
        return Case(command, FAULTY if faulty else ANY)
    if how < 0.94:  # it does not hide what works
        return Case([*run, "--methods", "nearest", "--metrics", "psnr"], variables={"SRBENCH_PATH": str(folder)})
    train = ["train", str(path), "--data", str(world.photos), "--scale", "2", "--output", "o"]
    return Case(train, FAULTY)
