"""The results folder: written by runs, read by reports and gates."""
