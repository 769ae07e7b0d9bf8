"""What tests of hubs that read each other say again and again."""

from typing import Any

from forked_hubs import ForkedHub


def follow(consumer: ForkedHub, producer: ForkedHub, address: str = "", **values: Any) -> None:
    consumer.do("add_peer", name=producer.name, address=address or producer.address, **values)


def read(consumer: ForkedHub, producer: ForkedHub, **faults: Any) -> dict[str, Any]:
    return consumer.do("read_peer", name=producer.name, **faults)


def read_well(consumer: ForkedHub, producer: ForkedHub) -> dict[str, int]:
    told = read(consumer, producer)
    assert told["state"] == "done" and not told["problems"], told
    return told["counts"]


def has_all(consumer: ForkedHub, producer: ForkedHub) -> None:
    """See that nothing differs, down to the last byte of a file."""
    proof = consumer.do("prove", name=producer.name)
    assert proof["state"] == "done" and not proof["found"] and not proof["problems"], proof


def holds(hub: ForkedHub) -> dict[str, str]:
    """Return the datasets that a hub offers, each with the digest of its records."""
    told = hub.do("tell_catalogue").values()
    return {one["slug"]: one["digest"] for one in told if not one["is_withdrawn"]}


def codes(told: dict[str, Any]) -> set[str]:
    return {problem["code"] for problem in told["problems"]}


def go_round(ways: list[tuple[ForkedHub, ForkedHub]], times: int) -> None:
    for _ in range(times):
        for consumer, producer in ways:
            read_well(consumer, producer)
