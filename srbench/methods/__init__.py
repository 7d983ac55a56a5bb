from srbench.paths import search_path

__path__ = search_path("methods")
