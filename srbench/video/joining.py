"""Parts of a video into one file: their packets as they are, with the audio of the source."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

from srbench.video.clip import ClipFacts, Say
from srbench.video.extra import opened, pyav

_CONTAINERS = {".mp4": "mp4", ".mkv": "matroska", ".avi": "avi", ".webm": "webm", ".gif": "gif"}
_COUNTING = (".avi",)  # formats that count frames, and tell no times
_EARLY = (".mp4",)  # formats in which sound may begin before the first frame, as encoders have it run in
_CENTISECONDS = Fraction(1, 100)  # what a GIF counts in
_TAGGED = (".mp4", ".mkv", ".avi")  # formats that say, or whose codec says, how wide pixels are


def join(
    parts: Sequence[Path], stream: IO[bytes], suffix: str, facts: ClipFacts, source: Path | None, say: Say
) -> None:
    """Write the frames of ``parts`` as one video.

    Args:
        suffix: of the video's format, such as '.mp4'.
        facts: of the clip that the frames were made of.
        source: the video whose audio is copied where the format takes it.
        say: takes lines on what is not kept.
    """
    for line in losses(suffix, facts):
        say(line)
    with ExitStack() as stack:
        output = stack.enter_context(pyav().open(stream, "w", format=_CONTAINERS[suffix]))
        if suffix == ".gif":
            _as_gif(parts, output, facts)
            return
        video = _like_the_first(parts, output, suffix, facts)
        packets = [_timed(parts, video, suffix, facts)]
        if source is not None and facts.audio:
            container = stack.enter_context(opened(source))
            packets.append(_audio(container, output, suffix, facts, say))
        for _, packet in heapq.merge(*packets, key=lambda item: item[0]):
            output.mux(packet)


def losses(suffix: str, facts: ClipFacts) -> list[str]:
    """Lines on what of a clip a format does not keep."""
    lines = []
    if facts.aspect != 1 and suffix not in _TAGGED:
        lines.append(f"{suffix} does not tell that pixels are {facts.aspect} times as wide as high: they become square")
    if not facts.constant and suffix in _COUNTING:
        lines.append(f"{suffix} has one frame rate: frames are {float(facts.rate):.4g} a second, their mean")
    if facts.deep:
        lines.append(f"{suffix} is written with 8 bits per channel; a folder of frames keeps 16")
    if facts.audio and suffix == ".gif":
        lines.append(".gif has no sound: the audio is left out")
    return lines


def _like_the_first(parts: Sequence[Path], output: Any, suffix: str, facts: ClipFacts) -> Any:
    with opened(parts[0]) as container:
        video = output.add_stream_from_template(container.streams.video[0])
    video.codec_context.framerate = facts.rate
    if suffix in _COUNTING:
        video.time_base = 1 / facts.rate
    return video


def _timed(parts: Sequence[Path], video: Any, suffix: str, facts: ClipFacts) -> Iterator[tuple[Fraction, Any]]:
    """(seconds, packet) of the frames. Each lasts until the next one; the last one as long as one on the mean."""
    before: Any = None
    for number, packet in enumerate(_packets_of(parts)):
        if suffix in _COUNTING:
            place = round(packet.pts * packet.time_base * facts.rate) if facts.constant else number
            packet.time_base = 1 / facts.rate
            packet.pts = packet.dts = place
        if before is not None:
            before.duration = packet.pts - before.pts
            yield before.pts * before.time_base, before
        packet.stream, before = video, packet
    if before is not None:
        before.duration = max(1, round(1 / (facts.rate * before.time_base)))
        yield before.pts * before.time_base, before


def _packets_of(parts: Sequence[Path]) -> Iterator[Any]:
    for path in parts:
        with opened(path) as container:
            yield from (packet for packet in container.demux(container.streams.video[0]) if packet.size)


def _audio(container: Any, output: Any, suffix: str, facts: ClipFacts, say: Say) -> Iterator[tuple[Fraction, Any]]:
    """(seconds, packet) of the audio that the format takes, in the times of the frames."""
    streams = {}
    for own in container.streams.audio:
        try:
            streams[own.index] = output.add_stream_from_template(own)
        except ValueError:
            say(f"{suffix} does not take {own.codec_context.name}: this audio is left out")
    return _sound(container, streams, suffix in _EARLY, facts.start)


def _sound(container: Any, streams: dict[int, Any], early: bool, start: Fraction) -> Iterator[tuple[Fraction, Any]]:
    chosen = [own for own in container.streams.audio if own.index in streams]
    for packet in container.demux(*chosen) if chosen else ():
        if not packet.size or packet.dts is None or packet.pts is None:
            continue
        offset = round(start / packet.time_base)
        packet.pts, packet.dts = packet.pts - offset, packet.dts - offset
        if early or packet.pts + (packet.duration or 0) > 0:
            packet.stream = streams[packet.stream.index]
            yield packet.dts * packet.time_base, packet


def _as_gif(parts: Sequence[Path], output: Any, facts: ClipFacts) -> None:
    """Each frame in the 256 colours that suit it."""
    graph: Any = None
    video: Any = None
    for path in parts:
        with opened(path) as container:
            for frame in container.decode(video=0):
                if video is None:
                    video = output.add_stream("gif", rate=facts.rate)
                    video.height, video.width, video.pix_fmt = frame.height, frame.width, "pal8"
                    video.codec_context.time_base = _CENTISECONDS
                    graph = _palettes(frame)
                graph.push(frame)
                shown = graph.pull()
                shown.pts = round(frame.pts * frame.time_base / _CENTISECONDS)
                shown.time_base = _CENTISECONDS
                output.mux(video.encode(shown))
    output.mux(video.encode(None))


def _palettes(frame: Any) -> Any:
    graph = pyav().filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format.name, time_base=frame.time_base
    )
    split, palette = graph.add("split"), graph.add("palettegen", "stats_mode=single:reserve_transparent=0")
    use, sink = graph.add("paletteuse", "new=1"), graph.add("buffersink")
    source.link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(palette, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    return graph
