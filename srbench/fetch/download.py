"""Download one file over HTTP: go on where a connection was cut, and never take an HTML page for a file."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol
from urllib.parse import urlparse

from srbench import paths
from srbench.errors import FetchError
from srbench.files import writing

if TYPE_CHECKING:
    from requests import Response

ATTEMPTS = 3  # to go on after a cut, as long as each brings something
TIMEOUT = (10, 30)  # seconds to connect, and between two pieces
_CHUNK = 1 << 14  # bytes; what came of a piece before a cut is lost
_HTML = re.compile(rb"\s*(<!doctype html|<html|<head|<\?xml[^>]*>\s*<!doctype html)", re.I)


class Bar(Protocol):
    """What pooch tells of a download, in bytes: the total of this connection, pieces, and the end."""

    total: int

    def update(self, count: int) -> None: ...

    def reset(self) -> None: ...

    def close(self) -> None: ...


class Observer(Protocol):
    """Told what happens; the command line shows it."""

    def note(self, text: str) -> None: ...

    def bar(self, label: str, already: int) -> Bar:
        """A new bar for a file of which ``already`` bytes are here."""
        ...


def place(address: str) -> Path:
    """Where the file at ``address`` is kept while it is downloaded and checked."""
    name = re.sub(r"[^\w.-]+", "_", Path(urlparse(address).path).name)[:80] or "file"
    return paths.cache() / "downloads" / f"{hashlib.sha256(address.encode()).hexdigest()[:8]}-{name}"


def download(address: str, observer: Observer, most: int) -> Path:
    """Bring the file at ``address`` to :func:`place`. What an earlier call brought of it is not brought again.

    Args:
        most: bytes that the file may have.

    Raises:
        FetchError: no connection, a cut one, an answer that is an error or an HTML page, no space left, a file of more
            bytes than ``most`` or than the server announced. What came before a cut stays, and the next call goes on
            from there; of a file that is too large nothing stays.
    """
    import requests

    whole = place(address)
    if whole.is_file():
        return whole
    part = whole.with_name(whole.name + ".part")
    host = urlparse(address).hostname
    with writing(part, "free space or set SRBENCH_CACHE; it goes on where it was", FetchError):
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            for _ in range(ATTEMPTS):
                before = _size(part)
                try:
                    _go_on(address, part, observer, most)
                    break
                except (requests.exceptions.ChunkedEncodingError, requests.ConnectionError, requests.Timeout) as error:
                    if _size(part) > before:
                        continue
                    if before:
                        raise _cut(part, host) from error
                    raise FetchError(f"no connection to {host} ({_reason(error)})", "check the network") from error
            else:
                raise _cut(part, host)
            if is_html(part):
                raise _page(address)
            part.replace(whole)
            _validator(part).unlink(missing_ok=True)
        except requests.RequestException as error:  # an OSError too
            raise FetchError(f"cannot download {address} ({_reason(error)})", "try again later") from error
        except _UselessError:
            forget(address)
            raise
    return whole


def forget(address: str) -> None:
    """Remove what was downloaded from ``address``, whole or in part."""
    whole = place(address)
    part = whole.with_name(whole.name + ".part")
    for path in (whole, part, _validator(part)):
        path.unlink(missing_ok=True)


def is_html(path: Path) -> bool:
    """Whether a file begins as a page of the web does."""
    return bool(_HTML.match(_head(path)))


class _UselessError(FetchError):
    """What came is not the file, and nothing of it is worth keeping."""


class _Bounded:
    """A stream that takes no more than ``most`` bytes in all."""

    def __init__(self, stream: IO[bytes], address: str, most: int) -> None:
        self._stream, self._address, self._most = stream, address, most

    def write(self, content: bytes) -> int:
        if self._stream.seek(0, os.SEEK_END) + len(content) > self._most:
            raise _too_large(self._address, self._most)
        return self._stream.write(content)

    def flush(self) -> None:
        self._stream.flush()


def _go_on(address: str, part: Path, observer: Observer, most: int) -> None:
    """Download what is missing of ``part``; raises what requests raises, and _UselessError."""
    import pooch
    import requests

    known = _size(part)
    mark = _validator(part)
    headers = {"Accept-Encoding": "identity"}  # a range of a compressed answer would be a range of other bytes
    if known:
        headers["Range"] = f"bytes={known}-"
        if mark.is_file():  # a file that changed since is sent from its beginning
            headers["If-Range"] = mark.read_text(encoding="utf-8")
    with part.open("ab") as stream:
        bar = observer.bar(part.name.removesuffix(".part"), known)

        def begin(response: Response, **_: Any) -> None:
            if response.is_redirect or not response.ok:
                return
            if response.headers.get("Content-Type", "").startswith("text/html"):
                response.close()
                raise _page(address)
            rest = response.status_code == requests.codes.partial_content
            announced = response.headers.get("Content-Length", "")
            if announced.isdecimal() and int(announced) + (known if rest else 0) > most:
                response.close()
                raise _too_large(address, most)
            if not rest:
                _start_over(stream, mark, response)

        fetch = pooch.HTTPDownloader(
            progressbar=bar, chunk_size=_CHUNK, timeout=TIMEOUT, headers=headers, hooks={"response": begin}
        )
        try:
            fetch(address, _Bounded(stream, address, most), None)
        except requests.HTTPError as error:
            if error.response is not None:
                error.response.close()  # pooch leaves its connection open
            if known and error.response is not None and error.response.status_code == 416:
                if error.response.headers.get("Content-Range", "").endswith(f"/{known}"):
                    return  # all of it was here
                stream.truncate(0)
                raise requests.ConnectionError("what was there did not fit the file") from error
            raise
        finally:
            bar.close()


def _start_over(stream: IO[bytes], mark: Path, response: Response) -> None:
    stream.truncate(0)
    etag = response.headers.get("ETag", "")
    validator = etag if etag.startswith('"') else response.headers.get("Last-Modified", "")
    if validator:
        mark.write_text(validator, encoding="utf-8")
    else:
        mark.unlink(missing_ok=True)


def _validator(part: Path) -> Path:
    return part.with_name(part.name + ".validator")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(512)


def _too_large(address: str, most: int) -> FetchError:
    return _UselessError(
        f"{address} has more than {most / 1e6:,.1f} MB, which is more than what is looked for can have",
        "nothing of it was kept: the distribution has changed, report it",
    )


def _page(address: str) -> FetchError:
    return _UselessError(
        f"{address} answers with an HTML page in place of the file", "open it in a browser: a login, or a quota?"
    )


def _cut(part: Path, host: str | None) -> FetchError:
    return FetchError(
        f"the connection to {host} was cut after {_size(part) / 1e6:.1f} MB",
        "run the same command again: it goes on from there",
    )


def _reason(error: Exception) -> str:
    text = str(error)
    cause = re.search(
        r"(\d{3} [\w ]+ Error: [\w ]+|Name or service not known|Temporary failure[\w ]*|Connection refused"
        r"|timed out|Network is unreachable|No route to host|Failed to resolve)",
        text,
    )
    return cause.group() if cause else f"{type(error).__name__}: {text.splitlines()[0] if text else ''}"[:120]
