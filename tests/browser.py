"""Look at a page as a person's browser shows it: headless Chromium, spoken to through a pipe.

Only what the tests need of the DevTools protocol: load a page, run a script in it, take a picture, and
collect what the browser complained of. No package and no port: Chromium reads file descriptor 3 and
writes descriptor 4.
"""

import base64
import contextlib
import fcntl
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1500,1000",
)  # fmt: skip
PATIENCE = 300  # seconds for one answer, on a busy machine


class Browser:
    """One page of one browser; `complaints` are its errors so far, in the console or of the network."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back, self._buffer = to, back, b""
        self._numbers, self._session = itertools.count(1), None
        self.complaints: list[str] = []
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        answer = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = answer["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._ask(f"{domain}.enable")

    def open(self, path: Path) -> None:
        """Load a file and wait until it and what it embeds are there."""
        answer = self._ask("Page.navigate", url=path.resolve().as_uri())
        assert "errorText" not in answer, f"{path}: {answer['errorText']}"
        self.run("new Promise(done => document.readyState == 'complete' ? done() : onload = done)")

    def run(self, script: str) -> Any:
        """The value of an expression in the page, once its promise is kept."""
        answer = self._ask(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def picture(self, path: Path) -> None:
        """Save what is shown as a PNG."""
        answer = self._ask("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(answer["data"]))

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != number:
            self._note(answer.get("method"), answer.get("params", {}))
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def _next(self) -> dict[str, Any]:
        """The next message of the browser."""
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._back], [], [], max(0, end - time.monotonic()))
            read = os.read(self._back, 1 << 20) if ready else b""
            assert read, "Chromium ended" if ready else f"Chromium said nothing for {PATIENCE} s"
            self._buffer += read
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def _note(self, event: str | None, what: dict[str, Any]) -> None:
        if event == "Runtime.exceptionThrown":
            details = what["exceptionDetails"]
            self.complaints.append(details.get("exception", details).get("description") or str(details))
        elif event == "Runtime.consoleAPICalled" and what["type"] in ("error", "assert"):
            said = [part.get("value", part.get("description")) for part in what["args"]]
            self.complaints.append(" ".join(map(str, said)))
        elif event == "Log.entryAdded" and what["entry"]["level"] == "error":
            self.complaints.append(f"{what['entry']['text']} {what['entry'].get('url', '')}")


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A running browser; the test is skipped where there is none."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("needs Chromium: on Debian and Ubuntu, apt install chromium")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        theirs_in, ours_out = pipe()
        ours_in, theirs_out = pipe()
        shell = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        run = subprocess.Popen(
            ["bash", "-c", shell, "bash", program, *QUIET, "--remote-debugging-pipe",
             f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(theirs_in, theirs_out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            yield Browser(ours_out, ours_in)
        finally:
            run.kill()
            run.wait()
            os.close(ours_out)
            os.close(ours_in)


def pipe() -> tuple[int, int]:
    """Where to read and where to write; neither is 3 or 4, which the browser's ends become."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]
