"""``quickstart --tiers --check``: asks the four hubs over HTTP and compares what the nation says with what the cities say.

A new snapshot and a withdrawal in a city are followed up to the nation, and each reader proves that nothing differs.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from rich.console import Console

from catalog.text import Text
from datahub.api_check import Finding, show_finding
from datahub.tiers.place import Place
from datahub.tiers.show import AIR, PARKING
from datahub.tiers.start import Tiers

ARRIVES_WITHIN = 60.0  # seconds from a city to the nation when each tier reads at once
LOOK_SECONDS = 0.5
NEW_LOT = "S0199,새론역 주차장,공영,1000,Y,30,500,36.7860,127.0100,2026-11-20\n"  # of 새론시, with 1,000 spaces
WITHDRAWN = "hanbit-air-quality"  # which the nation has by two ways


def check_tiers(tiers: Tiers, console: Console) -> bool:
    """Print every finding; return whether all are good."""
    findings = []
    for finding in found(tiers):
        show_finding(finding, console)
        findings.append(finding)
    return all(finding.is_good for finding in findings)


def found(tiers: Tiers) -> Iterator[Finding]:
    yield from check_answers(tiers)
    yield from check_catalogues(tiers)
    yield from check_proofs(tiers)
    yield from check_new_snapshot(tiers)
    yield from check_withdrawal(tiers)
    yield from check_proofs(tiers)


def check_answers(tiers: Tiers) -> Iterator[Finding]:
    """Compare the nation's answer to one question with those of the cities to the same."""
    for model, question in (("off-street-parking", PARKING), ("air-quality-observed", AIR)):
        said = [record for city in tiers.cities for record in records(city, question)]
        yield Finding(
            Text(
                ko="국가 허브가 두 도시의 '{model}'을(를) 한 번에 답합니다",
                en="the nation answers one question on '{model}' across both cities",
            ).format(model=model),
            records(tiers.top, question),
            sorted(said, key=lambda record: record["city"]),
        )


def check_catalogues(tiers: Tiers) -> Iterator[Finding]:
    """Compare the datasets of each reader with those of the cities, and follow the permanent addresses home."""
    homes = {entry["id"]: f"{city.base}/dataset/{entry['slug']}" for city in tiers.cities for entry in datasets(city)}
    for place in tiers.readers:
        listed = [entry["id"] for entry in datasets(place)]
        yield Finding(
            Text(
                ko="{hub}에 모든 데이터셋이 한 번씩 있습니다",
                en="every dataset is at '{name}' once, whatever way it came",
            ).format(hub=place.tier.title.ko, name=place.name),
            sorted(listed),
            sorted(homes),
        )
    told = {entry["id"]: entry["uri"] for entry in datasets(tiers.top)}
    yield Finding(
        Text(
            ko="국가 허브의 영구 주소는 도시의 주소입니다",
            en="the permanent addresses at the nation are those of the cities",
        ),
        told,
        homes,
    )
    with client() as anybody:
        opened = {address: anybody.get(address).status_code for address in told.values()}
    yield Finding(
        Text(ko="그 주소에서 도시의 페이지가 열립니다", en="these addresses lead to the cities' pages"),
        opened,
        dict.fromkeys(told.values(), 200),
    )


def check_proofs(tiers: Tiers) -> Iterator[Finding]:
    """Have each reader prove, file by file, that it has what its peers offer."""
    for place in tiers.readers:
        for proof in tiers.desks[place.name].ask("verify"):
            yield Finding(
                Text(
                    ko="verify_hub: {hub} ← {peer}: 다른 데이터셋이 없습니다 (비교한 데이터셋 {count}개)",
                    en="verify_hub: '{name}' does not differ from '{peer}' ({count} datasets)",
                ).format(hub=place.tier.title.ko, name=place.name, peer=proof["peer"], count=proof["datasets"]),
                (proof["is_done"], proof["differences"], proof["problems"]),
                (True, [], []),
            )


def check_new_snapshot(tiers: Tiers) -> Iterator[Finding]:
    """Add a car park to the file of a city that only the region reads, and wait for it at the nation."""
    city = tiers.cities[-1]
    [before] = records(city, PARKING)
    more = {"lots": before["lots"] + 1, "spaces": before["spaces"] + 1000}

    def has_come() -> bool:
        now = [record for record in records(tiers.top, PARKING) if record["city"] == before["city"]]
        return [{name: record[name] for name in more} for record in now] == [more]

    with added_line(city.folder / "files" / "parking-lots.csv", NEW_LOT):
        tiers.desks[city.name].ask("pull", source=f"{city.name}-parking-lots")
        seconds = carried(tiers, has_come)
        yield arrival(Text(ko="새 스냅숏이", en="a new snapshot"), seconds)
    tiers.desks[city.name].ask("pull", source=f"{city.name}-parking-lots")
    seconds = carried(tiers, lambda: before in records(tiers.top, PARKING))
    yield arrival(Text(ko="되돌린 스냅숏이", en="the one before, published again,"), seconds)


def check_withdrawal(tiers: Tiers) -> Iterator[Finding]:
    """Withdraw a dataset in its city and wait until the nation has it no more; then bring it back."""
    city, address = tiers.cities[0], f"{tiers.top.base}/api/v1/datasets/{WITHDRAWN}"
    with client() as anybody:
        tiers.desks[city.name].ask("withdraw", dataset=WITHDRAWN)
        try:
            seconds = carried(tiers, lambda: anybody.get(address).status_code in (404, 410))
            yield arrival(Text(ko="철회가", en="a withdrawal"), seconds)
        finally:
            tiers.desks[city.name].ask("restore", dataset=WITHDRAWN)
        seconds = carried(tiers, lambda: anybody.get(address).status_code == 200)
        yield arrival(Text(ko="복원이", en="its return"), seconds)


def carried(tiers: Tiers, has_come: Callable[[], bool]) -> float | None:
    """Have all tiers read until something has come to the nation; return the seconds, None when it did not come in time."""
    began = time.monotonic()
    while time.monotonic() < began + ARRIVES_WITHIN:
        for place in tiers.readers:
            tiers.desks[place.name].ask("read")
        time.sleep(LOOK_SECONDS)
        if has_come():
            return time.monotonic() - began
        tiers.check_alive()
    return None


def arrival(what: Text, seconds: float | None) -> Finding:
    told = Text(
        ko="{what} 도시에서 국가까지 {seconds}초에 왔습니다",
        en="{what} came from the city to the nation in {seconds} s",
    )
    late = Text(ko="{what} {limit}초 안에 국가까지 와야 합니다", en="{what} has to come to the nation within {limit} s")
    limit = f"{ARRIVES_WITHIN:.0f}"
    shown = "-" if seconds is None else f"{seconds:.1f}"
    sentence = late if seconds is None else told
    return Finding(
        Text(
            ko=sentence.ko.format(what=what.ko, seconds=shown, limit=limit),
            en=sentence.en.format(what=what.en, seconds=shown, limit=limit),
        ),
        seconds is not None,
        True,
    )


@contextmanager
def added_line(path: Path, line: str) -> Iterator[None]:
    """Let a file have one more line, and be afterwards what it was."""
    content = path.read_bytes()
    path.write_bytes(content.rstrip(b"\n") + b"\n" + line.encode())
    try:
        yield
    finally:
        path.write_bytes(content)


def records(place: Place, question: str) -> list[dict[str, object]]:
    with client() as anybody:
        return anybody.get(f"{place.base}{question}").raise_for_status().json()["records"]


def datasets(place: Place) -> list[dict[str, str]]:
    with client() as anybody:
        return anybody.get(f"{place.base}/api/v1/datasets?limit=100").raise_for_status().json()["datasets"]


def client() -> httpx2.Client:
    return httpx2.Client(timeout=60, trust_env=False, follow_redirects=True)
