"""The command line in this process, and a server on this machine."""

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from srbench.cli import app


@pytest.fixture
def srbench():
    """Runs a command line; the result has exit_code, stdout, stderr and exception."""

    def call(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


@pytest.fixture
def wrong(srbench):
    """A command line that is wrong: one line on stderr that matches, nothing on stdout, no traceback; under --debug
    the error itself is raised."""

    def call(*arguments, match, code=2):
        result = srbench(*arguments)
        assert result.exit_code == code, result.output
        assert result.stdout == ""
        lines = [line for line in result.stderr.splitlines() if not line.startswith("note: ")]
        assert len(lines) == 1, lines
        assert lines[0].startswith("error: ")
        assert re.search(match, lines[0]), lines[0]
        assert "Traceback" not in result.stderr
        debug = srbench(*arguments, "--debug")
        assert debug.exit_code == 1
        assert re.search(match, str(debug.exception))
        return lines[0]

    return call


class Site(ThreadingHTTPServer):
    """Serves ``files``; ``cut`` closes a connection after so many bytes, as often as it says."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.cuts: list[int] = []
        self.ranges = True
        self.announces = True  # how long a file is
        self.asked: list[tuple[str, str]] = []

    def url(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        site = self.server
        asked = self.headers.get("Range", "")
        site.asked.append((self.path, asked))
        content = site.files.get(self.path)
        if content is None:
            self.send_error(404, "Not Found")
            return
        tag = f'"{hashlib.sha256(content).hexdigest()[:12]}"'
        start = int(re.match(r"bytes=(\d+)-", asked).group(1)) if asked and site.ranges else 0
        if start and self.headers.get("If-Range", tag) != tag:
            start = 0
        if start >= len(content) > 0 and start:
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", site.types.get(self.path, "application/octet-stream"))
        if site.announces:
            self.send_header("Content-Length", str(len(content) - start))
        self.send_header("ETag", tag)
        self.end_headers()
        body = content[start:]
        if site.cuts:
            body = body[: site.cuts.pop(0)]
        self.wfile.write(body)
        self.close_connection = True


@pytest.fixture
def site():
    server = Site()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SRBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def leftovers(cache):
    """Names of files in the cache that are neither installed nor to be kept."""

    def look():
        files = [path for path in cache.rglob("*") if path.is_file() and not {"datasets", "weights"} & {*path.parts}]
        return [path.name for path in [*files, *cache.rglob(".part-*")]]

    return look


@pytest.fixture
def untrained(tmp_path):
    """The path of a plugin whose network nobody has trained, called 'untrained'."""
    path = tmp_path / "untrained.py"
    path.write_text(
        "from dataclasses import replace\n"
        "from srbench.methods.espcn import Espcn\n"
        "class Untrained(Espcn):\n"
        "    card = replace(Espcn.card, name='untrained')\n"
    )
    return str(path)
