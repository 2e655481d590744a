"""The line before the reader: turns, and what comes back to it."""

from dataclasses import dataclass

from podium.conductor.reading.queue import Asked, Queue
from podium.reader.requests import Profiles


@dataclass(eq=False)
class Client:
    """A connection of a process."""

    pid: int


def asked(client: object, folder: str) -> Asked:
    return Asked(1, Profiles(folder=folder), b"", (), client)


def taken(queue: Queue) -> list[str]:
    found = []
    while (each := queue.take()) is not None:
        assert isinstance(each.request, Profiles)
        found.append(each.request.folder)
    return found


def test_clients_take_turns_however_much_one_of_them_asks() -> None:
    queue = Queue()
    for folder in ("a1", "a2", "a3", "b1", "c1"):
        queue.add(asked(folder[0], folder))
    assert taken(queue) == ["a1", "b1", "c1", "a2", "a3"]


def test_what_comes_back_from_a_dead_worker_keeps_its_order_and_its_place_before_what_came_later() -> None:
    queue = Queue()
    sent = [asked(folder[0], folder) for folder in ("a1", "b1", "c1", "a2")]
    queue.add(asked("late", "late"))
    for each in reversed(sent):
        queue.put_back(each)
    assert taken(queue) == ["a1", "b1", "c1", "late", "a2"]


def test_what_one_process_has_asked_over_all_its_connections_can_be_withdrawn() -> None:
    queue, one, other, third = Queue(), Client(7), Client(7), Client(8)
    for client, folder in ((one, "x1"), (other, "x2"), (third, "y"), (one, "x3")):
        queue.add(asked(client, folder))
    assert sorted(each.request.folder for each in queue.withdraw(7) if isinstance(each.request, Profiles)) == [
        "x1",
        "x2",
        "x3",
    ]
    assert (len(queue), taken(queue)) == (1, ["y"])
