"""The clips of ``srbench upscale``: videos and folders of frames."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from srbench.errors import ImageError, SrbenchError
from srbench.files import safe_name, writing
from srbench.scale import enlarged_size
from srbench.video.extra import SUFFIXES, is_video
from srbench.wording import counted, significant

if TYPE_CHECKING:
    from srbench.cli.progress import Bar, Progress
    from srbench.method.base import Method
    from srbench.video.clip import Clip, Frame, Say
    from srbench.video.kept import Made
    from srbench.video.upscaling import Feeding
    from srbench.video.writing import Target


@dataclass(frozen=True)
class ClipOptions:
    """What the command line says of clips. ``frames`` and ``fps`` are None where it says nothing."""

    output: Path
    scale: float
    device: str
    seed: int
    frames: int | None = None
    fps: Fraction | None = None
    clip: bool = False
    resume: bool = False
    force: bool = False

    @property
    def is_asked_for(self) -> bool:
        """Whether something is said that only clips have."""
        return self.clip or self.resume or self.force or self.frames is not None or self.fps is not None


def parse_rate(text: str) -> Fraction | None:
    """'25', '29.97' or '30000/1001' as frames per second, None if there is no text; raises SrbenchError."""
    if not text:
        return None
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1000:
        raise SrbenchError(f"--fps {text} is no frame rate", "give frames per second, such as 25 or 30000/1001")
    return rate


def split_clips(paths: list[Path], method: Method, options: ClipOptions) -> tuple[list[Path], list[Path]]:
    """(clips, pictures and folders of pictures) of what the command line names. A folder is a clip if that is said, if
    the output is a video, or if the method takes several frames.

    Raises:
        ImageError: a video of a format that is not known, or an output that does not fit.
    """
    into_video = is_video(options.output)
    folders = options.clip or into_video or method.card.multi_frame or method.is_recurrent
    clips = [path for path in paths if is_video(path) or (folders and path.is_dir())]
    others = [path for path in paths if path not in clips]
    if into_video and (len(clips) != 1 or others):
        what = "pictures" if others else f"{len(clips)} clips"
        raise ImageError(f"{what} do not become the one video '{options.output}'", "give a folder as --output")
    if not clips and options.is_asked_for:
        raise ImageError(
            "--clip, --frames, --fps, --resume and --force are for clips",
            f"give a video ({', '.join(SUFFIXES)}), or a folder of frames with --clip",
        )
    return clips, others


def upscale(method: Method, spec: str, variant: str, path: Path, options: ClipOptions, shown: Progress) -> None:
    """Super-resolve one clip and say what was written where."""
    from srbench.results.handling import encode, remarks
    from srbench.video.job import upscale_clip
    from srbench.video.upscaling import Feeding

    feeding = Feeding.of(method, options.frames)
    clip = _read(path, options)
    facts = clip.facts
    size = enlarged_size(facts.size, options.scale)
    method.require_scale(options.scale)

    def say(line: str) -> None:
        shown.note(f"'{path}': {line}")

    into = options.output
    if not is_video(into):
        into = (
            into
            / f"{path.stem if is_video(path) else path.resolve().name}_{safe_name(method.card.name)}_x{options.scale:g}"
        )
        if not facts.constant:
            say("its frames last for different times, which a folder of frames does not tell")
    bar: Bar | None = None

    def begin(before: int) -> None:
        nonlocal bar
        if before:
            shown.say(f"{counted(before, 'frame')} are there already")
        bar = shown.bar("upscaling", facts.total, before, "frames", _line)

    def frame_done(frame: Frame) -> None:
        assert bar is not None
        bar.update(frame.number + 1, at_once=frame.number == bar.first)

    with writing(into, "choose another --output", ImageError):
        target = _target(
            into, path, clip, size, _made(method, spec, variant, path, clip, options, feeding), options, say
        )
        shown.say(
            f"'{path}': {_frames(facts.total)} of {facts.size[1]}x{facts.size[0]} to {size[1]}x{size[0]}, "
            f"{float(facts.rate):.5g} a second{'' if facts.constant else ' on the mean'}; "
            f"{method.card.name} {feeding.words}"
        )
        done = upscale_clip(
            method,
            clip,
            target,
            options.scale,
            feeding=feeding,
            device=options.device,
            seed=options.seed,
            say=say,
            begin=begin,
            frame_done=frame_done,
        )
    for remark in remarks([encode(out_of_range=done.out_of_range)]):
        say(f"{remark.word}: {remark.reason}")
    rate = f", {significant(bar.rate)} a second" if bar is not None else ""
    shown.say(f"wrote {into} ({counted(done.frames, 'frame')}{rate})")


def _read(path: Path, options: ClipOptions) -> Clip:
    from srbench.video.folder import RATE, FolderClip
    from srbench.video.reading import VideoClip

    if not is_video(path):
        return FolderClip(path, options.fps or RATE)
    if options.fps is not None:
        raise ImageError(f"--fps is for folders of frames: '{path}' tells its own", "leave --fps out")
    return VideoClip(path)


def _made(
    method: Method, spec: str, variant: str, path: Path, clip: Clip, options: ClipOptions, feeding: Feeding
) -> Made:
    """What decides the frames, for a later call that goes on."""
    from srbench.method.plugins import find, identity

    (plugin,) = find(spec)
    return {
        "clip": path.name,
        "content of the clip": clip.fingerprint,
        "method": method.card.name,
        "version of the method": identity(plugin, method),
        "options": variant,
        "scale": options.scale,
        "seed": options.seed,
        "frames at a time": feeding.frames,
        "frames a second": str(clip.facts.rate),
    }


def _target(
    into: Path, path: Path, clip: Clip, size: tuple[int, int], made: Made, options: ClipOptions, say: Say
) -> Target:
    from srbench.video.writing import FrameFolder, VideoFile

    if not is_video(into):
        return FrameFolder(into, made, resume=options.resume, force=options.force)
    source = path if is_video(path) else None
    return VideoFile(into, size, clip.facts, made, source=source, say=say, resume=options.resume, force=options.force)


def _frames(total: int | None) -> str:
    return "frames" if total is None else counted(total, "frame")


def _line(bar: Bar) -> str:
    return f"{bar.done}/{bar.total} frames, {significant(bar.rate)} a second, about {bar.seconds_left:.0f} s left"
