"""Batches of messages, which one version of the protocol has: the answers to one are collected and sent as one line."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from mcp.types import JSONRPCError, JSONRPCMessage, JSONRPCRequest, JSONRPCResponse, RequestId

from podium.mcp.transports.messages import BadLine, encode, encode_batch


@dataclass
class _Batch:
    """The answers so far by their place, and the places of the requests that are not answered."""

    answers: dict[int, JSONRPCMessage]
    open: dict[RequestId, int] = field(default_factory=dict)

    def line(self) -> bytes:
        """Return what there is to write now: nothing until everything is answered, or if nothing was asked."""
        in_order = [self.answers[place] for place in sorted(self.answers)]
        return encode_batch(in_order) if in_order and not self.open else b""


class Batches:
    """The batches of one client that are not answered yet."""

    def __init__(self) -> None:
        self._of: dict[RequestId, _Batch] = {}

    def begin(self, messages: Sequence[JSONRPCMessage]) -> bytes:
        """Take a batch. Return the line to write at once: its answer, if none of its messages is a request to serve."""
        batch = _Batch({place: each for place, each in enumerate(messages) if isinstance(each, BadLine)})
        batch.open = {each.id: place for place, each in enumerate(messages) if isinstance(each, JSONRPCRequest)}
        self._of |= dict.fromkeys(batch.open, batch)
        return batch.line()

    def answered(self, answer: JSONRPCResponse | JSONRPCError) -> bytes:
        """Return the line to write for an answer: itself, a whole batch with it, or nothing while others of it are awaited."""
        batch = self._of.pop(answer.id, None) if answer.id is not None else None
        if batch is None or answer.id is None:
            return encode(answer)
        batch.answers[batch.open.pop(answer.id)] = answer
        return batch.line()

    def cancelled(self, request_id: RequestId) -> bytes:
        """Await no answer to a request. Return the line to write if that was the last one of a batch."""
        batch = self._of.pop(request_id, None)
        if batch is None:
            return b""
        del batch.open[request_id]
        return batch.line()
