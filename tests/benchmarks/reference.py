"""Bicubic evaluation the way the common Python scripts do it: the yardstick of the speed benchmarks.

imresize walks over output rows and columns in a Python loop, one weighted sum of input rows at a time; SSIM is
scikit-image's; one process, images decoded once per scale as those scripts do.
"""

import math

import numpy as np
from PIL import Image
from skimage.metrics import structural_similarity


def cubic(x):
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return near * (x <= 1) + far * ((x > 1) & (x <= 2))


def weights_indices(in_length, out_length, scale):
    width = 4 / scale if scale < 1 else 4
    centre = np.linspace(1, out_length, out_length) / scale + 0.5 * (1 - 1 / scale)
    left = np.floor(centre - width / 2)
    taps = math.ceil(width) + 2
    indices = left[:, None] + np.arange(taps)[None]
    distance = centre[:, None] - indices
    weights = scale * cubic(distance * scale) if scale < 1 else cubic(distance)
    weights /= weights.sum(1, keepdims=True)
    if np.isclose(weights[:, 0], 0).all():
        weights, indices = weights[:, 1:], indices[:, 1:]
    if np.isclose(weights[:, -1], 0).all():
        weights, indices = weights[:, :-1], indices[:, :-1]
    before = int(-indices.min() + 1)
    after = int(indices.max() - in_length)
    return weights, (indices + before - 1).astype(int), max(before, 0), max(after, 0)


def imresize(image, scale):
    """(C, H, W) double on the 0..1 scale; rows first, then columns, channel by channel."""
    channels, height, width = image.shape
    out_height, out_width = math.ceil(height * scale - 1e-9), math.ceil(width * scale - 1e-9)
    weights, indices, before, after = weights_indices(height, out_height, scale)
    padded = np.concatenate([image[:, :before][:, ::-1], image, image[:, height - after :][:, ::-1]], axis=1)
    rows = np.zeros((channels, out_height, width))
    for i in range(out_height):
        first = indices[i, 0]
        for c in range(channels):
            rows[c, i] = weights[i] @ padded[c, first : first + weights.shape[1]]
    weights, indices, before, after = weights_indices(width, out_width, scale)
    padded = np.concatenate([rows[:, :, :before][:, :, ::-1], rows, rows[:, :, width - after :][:, :, ::-1]], axis=2)
    out = np.zeros((channels, out_height, out_width))
    for i in range(out_width):
        first = indices[i, 0]
        for c in range(channels):
            out[c, :, i] = padded[c, :, first : first + weights.shape[1]] @ weights[i]
    return out


def luma(rgb):
    return rgb.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255 + 16


def evaluate(path, scale):
    """(PSNR, SSIM) of bicubic on one image."""
    hr = np.array(Image.open(path).convert("RGB"))
    height, width = hr.shape[0] // scale * scale, hr.shape[1] // scale * scale
    hr = hr[:height, :width]
    lr = imresize(hr.transpose(2, 0, 1) / 255.0, 1 / scale)
    lr = np.clip(lr * 255, 0, 255).round() / 255
    sr = np.clip(imresize(lr, scale) * 255, 0, 255).round().astype(np.uint8).transpose(1, 2, 0)
    a, b = (luma(x)[scale:-scale, scale:-scale] for x in (sr, hr))
    psnr = 10 * math.log10(255**2 / np.mean((a - b) ** 2))
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    return psnr, structural_similarity(a, b, **options)
