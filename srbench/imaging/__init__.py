"""Pixels: files, colour, resizing, exact arithmetic."""
