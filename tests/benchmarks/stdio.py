"""A bare LSP client over stdio: it reads and answers, so that what is timed is the server."""

import asyncio
import contextlib
import itertools
import json
import os
import time
from collections.abc import Callable
from typing import Any

import psutil

Message = dict[str, Any]


class Client:
    """One server process and everything it said."""

    def __init__(self, process: asyncio.subprocess.Process, settings: Message) -> None:
        self._process = process
        self._settings = settings
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._watchers: list[tuple[Callable[[Message], bool], asyncio.Future[Message]]] = []
        self._reader = asyncio.create_task(self._read())
        self.server = psutil.Process(process.pid)

    @classmethod
    async def start(
        cls, command: list[str], environment: dict[str, str], settings: Message
    ) -> "Client":
        """Start the server and introduce an editor with our extension, in a trusted workspace."""
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        client = cls(process, settings)
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {"codeLens": {"resolveSupport": {"properties": ["command"]}}},
            "window": {"workDoneProgress": True},
            "experimental": {"relevance": True, "status": True},
        }
        options = {"processId": None, "rootUri": None, "capabilities": capabilities}
        await client.ask("initialize", {**options, "initializationOptions": {"trusted": True}})
        client.tell("initialized", {})
        return client

    async def stop(self) -> None:
        await self.ask("shutdown", None)
        self.tell("exit", None)
        await self._process.wait()
        self._reader.cancel()

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    async def ask(self, method: str, params: Any) -> Any:
        """The result; RuntimeError with what the server says instead."""
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        self._send({"id": number, "method": method, "params": params})
        return await answer

    def seen(self, wanted: Callable[[Message], bool]) -> "asyncio.Future[Message]":
        """The next notification that is wanted."""
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._watchers.append((wanted, future))
        return future

    def open(self, uri: str, text: str) -> None:
        item = {"uri": uri, "languageId": "python", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": item})

    def type(self, uri: str, version: int, line: int, text: str) -> None:
        """Insert `text` at the start of a line."""
        at = {"line": line, "character": 0}
        change = {"range": {"start": at, "end": at}, "text": text}
        document = {"uri": uri, "version": version}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})

    async def hover(self, uri: str, line: int, character: int) -> Any:
        place = {"line": line, "character": character}
        return await self.ask(
            "textDocument/hover", {"textDocument": {"uri": uri}, "position": place}
        )

    async def lenses(self, uri: str) -> Any:
        return await self.ask("textDocument/codeLens", {"textDocument": {"uri": uri}})

    async def command(self, name: str, *arguments: Any) -> Any:
        return await self.ask(
            "workspace/executeCommand", {"command": name, "arguments": list(arguments)}
        )

    def cpu(self) -> float:
        """Seconds of the processor that the server has used so far."""
        times = self.server.cpu_times()
        return float(times.user + times.system)

    def _send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    async def _read(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await self._process.stdout.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                self._take(json.loads(await self._process.stdout.readexactly(length)))

    def _take(self, message: Message) -> None:
        if "method" not in message:
            answer = self._answers.pop(message["id"])
            if "error" in message:
                answer.set_exception(RuntimeError(message["error"]["message"]))
            else:
                answer.set_result(message.get("result"))
        elif "id" in message:
            settings = message["method"] == "workspace/configuration"
            self._send({"id": message["id"], "result": [self._settings] if settings else None})
        else:
            for pair in [pair for pair in self._watchers if pair[0](message)]:
                self._watchers.remove(pair)
                pair[1].set_result(message)


async def timed(work: Any) -> float:
    """Milliseconds until an awaitable is done."""
    start = time.perf_counter()
    await work
    return 1000 * (time.perf_counter() - start)
