"""Small videos of real pixels for tests, made by PyAV itself and not by what is under test."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from srbench import dataset

CODECS = {".mp4": "libx264", ".mkv": "libx264", ".avi": "mpeg4", ".webm": "libvpx-vp9", ".gif": "gif"}
OPTIONS = {
    "libx264": {"crf": "4", "bf": "2"},
    "mpeg4": {"qmin": "2", "qmax": "2"},
    "libvpx-vp9": {"crf": "8", "b": "0"},
}

_SCALERS = {1: 1, 6: 5}  # BT.709 and BT.601, as FFmpeg's scaler calls them


def moving(count=12, height=48, width=64):
    """Crops of a photograph that move on by two pixels: what a camera sees that pans."""
    pixels = next(image for image in dataset.find("sample").images if image.name == "cat").read()
    return [np.ascontiguousarray(pixels[i : i + height, 2 * i : 2 * i + width]) for i in range(count)]


def make_video(
    path,
    frames=None,
    *,
    rate=Fraction(25),
    times=None,
    base=None,
    codec=None,
    pix_fmt=None,
    audio="",
    rotation=0,
    offset=0,
    **context,
):
    """Write ``frames``; ``times`` count in ``base`` seconds, ``offset`` is added to them, and ``context`` is set on the
    encoder. Returns the path."""
    path = Path(path)
    codec = codec or CODECS[path.suffix]
    frames = moving() if frames is None else frames
    base = base or 1 / Fraction(rate)
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=rate, options=OPTIONS.get(codec, {}))
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt = pix_fmt or ("rgb8" if codec == "gif" else "yuv420p")
        video.codec_context.time_base = base
        for name, value in context.items():
            setattr(video.codec_context, name, value)
        if rotation:
            video.set_display_rotation(rotation)
        if audio:
            _tone(container, audio, seconds=len(frames) / rate)
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame = frame.reformat(
                format=video.pix_fmt,
                dst_colorspace=_SCALERS[context.get("colorspace", 6)],
                dst_color_range=context.get("color_range"),
            )
            frame.pts, frame.time_base = offset + (number if times is None else times[number]), base
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path


def _tone(container, codec, seconds):
    rate, size = 48000, 960
    audio = container.add_stream(codec, rate=rate, layout="mono")
    for number in range(round(seconds * rate / size)):
        wave = 3000 * np.sin((number * size + np.arange(size)) / 20)
        frame = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, number * size, Fraction(1, rate)
        container.mux(audio.encode(frame))
    container.mux(audio.encode(None))


def look(path):
    """What a video says and holds: its stream's facts, times in seconds and frames (uint8 RGB)."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        frames = list(container.decode(video))
        return {
            "codec": video.codec_context.name,
            "rate": video.average_rate,
            "aspect": video.sample_aspect_ratio or Fraction(1),
            "range": int(frames[0].color_range),
            "matrix": int(frames[0].colorspace),
            "times": [float(frame.pts * frame.time_base) for frame in frames],
            "frames": [frame.to_ndarray(format="rgb24") for frame in frames],
            "audio": [own.codec_context.name for own in container.streams.audio],
        }


def samples(path):
    """The audio of a video, decoded, with the seconds at which it begins: what is before 0 is run in."""
    with av.open(str(path)) as container:
        decoded = list(container.decode(container.streams.audio[0]))
    first = decoded[0]
    return float(first.pts * first.time_base), np.concatenate([frame.to_ndarray()[0] for frame in decoded])


def psnr(one, other):
    """dB between two uint8 images."""
    return 10 * np.log10(255**2 / np.mean((one.astype(float) - other.astype(float)) ** 2))
