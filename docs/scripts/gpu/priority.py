"""Which trainings a machine with a GPU takes, the most wanted first."""

from __future__ import annotations

from dataclasses import dataclass

GROUPS = ("luma", "colour", "adversarial")  # one tar comes back for each


@dataclass(frozen=True)
class Training:
    """One network. It starts from its own weights of an earlier training where there are any, else from ``body``."""

    method: str
    scales: tuple[int, ...]
    group: str
    body: str = ""  # weights of another network, by the file's stem, ...
    tensors: tuple[str, ...] = ("",)  # ... of which tensors are taken whose names start like these and whose shapes fit
    goes_on: bool = True  # False: from ``body`` again, whatever there is
    share: float = 1.0  # of the time that all trainings have; the next in the list follows a short one

    @property
    def name(self) -> str:
        return "_".join((self.method.replace("-", "_"), *(f"x{scale}" for scale in self.scales)))


BODY = ("first", "blocks", "after")  # of srresnet: without what enlarges
# Methods of several frames are not here: their clips are made of images in another way than patches.
PRIORITY = (
    Training("vdsr", (2, 3, 4), "luma"),
    Training("edsr", (2,), "colour"),
    Training("edsr", (3,), "colour"),
    Training("srresnet", (2,), "colour", "srresnet_x4", BODY),
    Training("srresnet", (3,), "colour", "srresnet_x4", BODY),
    Training("srgan", (4,), "adversarial", "srresnet_x4", goes_on=False),
    Training("edsr", (4,), "colour"),
    Training("srresnet", (4,), "colour"),
    Training("lapsrn", (4,), "luma"),
    Training("drcn", (4,), "luma"),
    Training("vdsr-on-fsrcnn", (4,), "luma"),
    Training("drcn-on-fsrcnn", (4,), "luma"),
    Training("cascade", (4,), "luma", share=0.5),
    Training("dbpn", (4,), "colour"),
    Training("srfbn", (4,), "colour"),
    Training("dbpn", (2,), "colour"),
    Training("srfbn", (2,), "colour"),
    Training("srfbn", (3,), "colour"),
    Training("liif", (2, 3, 4, 6), "colour"),
    Training("espcn", (2,), "luma", share=0.5),
    Training("espcn", (3,), "luma", share=0.5),
    Training("fsrcnn", (2,), "luma", share=0.5),
    Training("fsrcnn", (3,), "luma", share=0.5),
    Training("srcnn", (2,), "luma", share=0.5),
    Training("srcnn", (3,), "luma", share=0.5),
)
DRY = ("espcn_x2", "srresnet_x2", "srgan_x4")  # one of each group


def choose(names: str, dry: bool) -> list[Training]:
    """The trainings named, separated by commas, in the order of the list; all of it for '' (:data:`DRY` when dry).

    Raises:
        SystemExit: a name is not in the list.
    """
    wanted = set(names.split(",")) if names else set(DRY if dry else (t.name for t in PRIORITY))
    unknown = wanted - {training.name for training in PRIORITY}
    if unknown:
        known = ", ".join(training.name for training in PRIORITY)
        raise SystemExit(f"no training {', '.join(sorted(unknown))}; known: {known}")
    return [training for training in PRIORITY if training.name in wanted]
