"""Fails on one of the images."""

from srbench.method import Method, MethodCard
from srbench.resize import imresize


class Bad(Method):
    card = MethodCard(name="bad", title="Bad", year=2024, family="test", paper="none", colour="any")

    def upscale(self, lr, scale):
        if lr.shape[-1] * scale == 32:
            raise RuntimeError("I do not like 32")
        return imresize(lr, scale)
