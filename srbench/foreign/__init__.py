"""Code that is not srbench's own: how its files are loaded, what it reads and prints, the records that it writes."""
