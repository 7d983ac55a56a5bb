"""The settings that are tried, and in the words of papers what each of them is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any, get_args

from srbench.protocol.base import BASICSR, CLASSIC, Cut, Protocol, Ssim
from srbench.protocol.named import known

LR = {
    "matlab uint8": "MATLAB imresize of the uint8 RGB image",
    "matlab double": "MATLAB imresize of the RGB image in double",
    "matlab Y": "MATLAB imresize of Y in double; the method sees Y",
    "pillow": "Pillow's bicubic of the RGB image",
    "opencv": "OpenCV's bicubic (a = -0.75, no antialiasing) of the RGB image",
}
SPACES = {
    "Y": "Y of BT.601, 16..235, not rounded",
    "Y uint8": "Y of BT.601, 16..235, rounded",
    "Y full": "full-range Y, rounded (OpenCV's and Pillow's grey)",
    "YIQ": "full-range Y of YIQ (pyiqa)",
    "RGB": "all three channels",
}
SSIMS: dict[Ssim, str] = {
    "gaussian": "gaussian 11x11",
    "gaussian-padded": "gaussian 11x11, padded",
    "uniform": "uniform 7x7",
}
CUTS = {"multiple": "HR cut to a multiple of the scale", "floor": "LR size rounded down"}
# The fields of a protocol behind the words above.
_LR_FIELDS: dict[str, dict[str, Any]] = {
    "matlab uint8": {"working_space": "rgb", "lr_rounded": True},
    "matlab double": {"working_space": "rgb", "lr_rounded": False},
    "matlab Y": {"working_space": "luma", "lr_rounded": False},
    "pillow": {"working_space": "rgb", "lr_rounded": True, "resize": "pillow"},
    "opencv": {"working_space": "rgb", "lr_rounded": True, "resize": "opencv"},
}
_SPACE_FIELDS: dict[str, dict[str, Any]] = {
    "Y": {"space": "luma", "luma_rounded": False},
    "Y uint8": {"space": "luma", "luma_rounded": True},
    "Y full": {"space": "full-range", "luma_rounded": True},
    "YIQ": {"space": "full-range", "luma_rounded": False},
    "RGB": {"space": "rgb", "luma_rounded": False},
}
_SHAVES = ({"shave": 0}, {"shave": 1}, {"shave": 1, "shave_pixels": 6})

# Scripts whose settings are none of the named protocols, read in their repositories. Grey images and SSIM aside.
_SCRIPTS: dict[str, Protocol] = {
    "IMDN's and KAIR's scripts": replace(BASICSR, luma_rounded=True),  # Zheng222/IMDN test_IMDN.py; cszn/KAIR
    # twtygqyy/pytorch-vdsr: data/generate_test_mat.m and eval.py
    "the script of twtygqyy's VDSR": replace(CLASSIC, luma_rounded=False, sr_rounded=False),
    # yjn870/FSRCNN-pytorch, test.py
    "the script of yjn870's FSRCNN": replace(BASICSR, resize="pillow", shave=0, sr_rounded=False),
}


@dataclass(frozen=True)
class Setting:
    """A protocol in the words of papers, for one method and its images."""

    lr: str  # a key of LR
    space: str  # a key of SPACES
    shave: str  # '0', 'scale', 'scale + 6' or a number
    rounded: bool
    grey: str  # 'rgb', 'grey', or '' where no image is grey
    ssim: str  # a value of SSIMS, or '' where PSNR alone is measured
    cut: str = ""  # a value of CUTS, or '' where all scales are whole

    def departures(self, named: Setting) -> tuple[str, ...]:
        """In what it is not ``named``."""
        words = {
            "lr": f"LR by {LR[self.lr]}",
            "space": f"measured on {SPACES[self.space]}",
            "shave": "no border shaved" if self.shave == "0" else f"{self.shave} pixels shaved",
            "rounded": "SR rounded" if self.rounded else "SR not rounded",
            "grey": f"grey images read as {self.grey}",
            "ssim": f"SSIM with {self.ssim}",
            "cut": self.cut,
        }
        return tuple(text for field, text in words.items() if getattr(self, field) != getattr(named, field))


@dataclass(frozen=True)
class Grid:
    """All settings that are tried of a method.

    Args:
        colour: what the method is fed, as on its card.
        grey: one of the images is grey.
        ssim: an SSIM is among the numbers.
        scales: of the numbers.
        own: protocols that are named beside those that are known here.
    """

    colour: str
    grey: bool
    ssim: bool
    scales: tuple[float, ...] = (2, 3, 4)
    own: tuple[Protocol, ...] = ()

    @cached_property
    def named(self) -> dict[str, Protocol]:
        """The protocols that have a name, with those that come with srbench first."""
        return known() | {rules.name: rules for rules in self.own}

    def protocols(self) -> Iterator[Protocol]:
        """All settings, and named protocols that are none of them. Those of one LR image follow each other, among them
        those of one rounding."""
        found = set()
        for rules in (*self._settings(), *(replace(own, name="", title="", source="") for own in self.named.values())):
            setting = self.setting(rules)
            if setting not in found:
                found.add(setting)
                yield rules

    def _settings(self) -> Iterator[Protocol]:
        cuts: Sequence[Cut] = get_args(Cut) if self.fractional else ("multiple",)
        for cut, (lr, feeding) in product(cuts, _LR_FIELDS.items()):
            base = replace(CLASSIC, name="", title="", source="", version=1, cut=cut, **feeding)
            if self.colour == "rgb" and lr == "matlab Y":
                continue  # an RGB method is fed RGB under every protocol
            on_luma = self.on_luma(base)
            # The Y that a method is fed is the Y that it is compared with.
            spaces = [_SPACE_FIELDS[name] for name in (("Y", "Y uint8") if on_luma else SPACES)]
            greys = (True, False) if self.grey and not on_luma else (False,)
            ssims: Sequence[Ssim] = get_args(Ssim) if self.ssim else ("gaussian",)
            for sr_rounded, grey, space, shave, ssim in product((True, False), greys, spaces, _SHAVES, ssims):
                yield replace(base, sr_rounded=sr_rounded, grey_as_rgb=grey, ssim=ssim, **space, **shave)

    @property
    def fractional(self) -> bool:
        """Whether one of the scales is not whole, where protocols differ in sizes."""
        return any(scale != int(scale) for scale in self.scales)

    def on_luma(self, protocol: Protocol) -> bool:
        """Whether the method is fed Y that the protocol degraded."""
        return protocol.working_space == "luma" and self.colour != "rgb"

    def lr(self, protocol: Protocol) -> str:
        """How the LR image is made: a key of :data:`LR`."""
        if protocol.resize != "matlab":
            return protocol.resize
        if self.on_luma(protocol):
            return "matlab Y"
        return "matlab uint8" if protocol.lr_rounded else "matlab double"

    def setting(self, protocol: Protocol) -> Setting:
        measured = {"space": protocol.space, "luma_rounded": protocol.luma_rounded}
        return Setting(
            lr=self.lr(protocol),
            space=next(word for word, fields in _SPACE_FIELDS.items() if fields == measured),
            shave=self._shave(protocol),
            rounded=protocol.sr_rounded,
            grey=("rgb" if protocol.grey_as_rgb else "grey") if self.grey else "",
            ssim=SSIMS[protocol.ssim] if self.ssim else "",
            cut=CUTS[protocol.cut] if self.fractional else "",
        )

    def _shave(self, protocol: Protocol) -> str:
        """The border in words, alike where it is at all scales: 4 pixels are 'scale' at x4."""
        pixels = {protocol.border(scale) - math.ceil(scale) for scale in self.scales}
        if len(pixels) == 1 and (beyond := pixels.pop()) >= 0:
            return f"scale + {beyond}" if beyond else "scale"
        if not protocol.shave:
            return str(protocol.shave_pixels)
        return " + ".join(["scale"] * protocol.shave + ([str(protocol.shave_pixels)] if protocol.shave_pixels else []))

    def nearest(self, setting: Setting) -> tuple[str, tuple[str, ...]]:
        """The named protocol that a setting is nearest to, and in what it departs from it."""
        settings = {name: self.setting(rules) for name, rules in self.named.items()}
        departures = {name: setting.departures(named) for name, named in settings.items()}

        def distance(name: str) -> tuple[int, bool]:  # other LR images are as much as two departures
            other_lr = settings[name].lr != setting.lr
            return len(departures[name]) + other_lr, other_lr

        name = min(departures, key=distance)
        return name, departures[name]

    def alike(self, setting: Setting) -> tuple[str, ...]:
        """The named protocols that are this setting; at some scales several decide alike."""
        return tuple(name for name, rules in self.named.items() if self.setting(rules) == setting)

    def script(self, setting: Setting) -> str:
        """The script that has this setting, grey images and SSIM aside; empty if none is known."""
        own = replace(setting, grey="", ssim="")
        return next(
            (name for name, rules in _SCRIPTS.items() if replace(self.setting(rules), grey="", ssim="") == own), ""
        )
