"""Clips: videos and folders of frames, read, super-resolved and written frame by frame."""
