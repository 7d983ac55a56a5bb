"""The methods of each question: the parts, the parts one after another, and the network that costs as much."""

from __future__ import annotations

from dataclasses import dataclass

SCALE = 4


@dataclass(frozen=True)
class Contestant:
    """A method, as a command line names it, and what it stands for."""

    spec: str
    what: str


@dataclass(frozen=True)
class Question:
    """Some methods, of which ``rival`` is one network that takes as many multiply-adds as those in series, or nearly: a
    better image to begin with costs an eighth of a percent of what follows."""

    title: str
    rival: str
    contestants: tuple[Contestant, ...]


QUESTIONS = (
    Question(
        "two small networks in series",
        "espcn-wide",
        (
            Contestant("espcn", "one ESPCN"),
            Contestant("espcn-wide", "a larger one, as many Mult-Adds as two"),
            Contestant("espcn@2 > espcn@2", "two, trained apart"),
            Contestant("cascade", "two, trained on together"),
        ),
    ),
    Question(
        "VDSR on a better image",
        "vdsr",
        (
            Contestant("fsrcnn", "the better image alone"),
            Contestant("vdsr", "on bicubic's image"),
            Contestant("fsrcnn@4 > vdsr@1", "as it is, on FSRCNN's"),
            Contestant("vdsr-on-fsrcnn", "trained on, on FSRCNN's"),
        ),
    ),
    Question(
        "DRCN on a better image",
        "drcn",
        (
            Contestant("fsrcnn", "the better image alone"),
            Contestant("drcn", "on bicubic's image"),
            Contestant("fsrcnn@4 > drcn@1", "as it is, on FSRCNN's"),
            Contestant("drcn-on-fsrcnn", "trained on, on FSRCNN's"),
        ),
    ),
)
SPECS = tuple(dict.fromkeys(contestant.spec for question in QUESTIONS for contestant in question.contestants))
