"""What ``quickstart --tiers`` prints when all hubs stand: where they are, how their peers do, one question to the nation."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx2
from django.utils.timezone import localtime
from rich.console import Console
from rich.table import Table

from datahub.quickstart import STEWARD
from datahub.tiers.start import Tiers

PARKING = (
    "/api/v1/data-models/off-street-parking/records"
    "?select=city,count()+as+lots,sum(spaces)+as+spaces,avg(base_fee)+as+fee&group_by=city&order_by=city"
)
AIR = (
    "/api/v1/data-models/air-quality-observed/records"
    "?select=city,count()+as+readings,avg(pm10)+as+pm10,max(o3)+as+o3&group_by=city&order_by=city"
)
HEADS = {
    "city": "도시\ncity",
    "lots": "주차장\ncar parks",
    "spaces": "주차면\nspaces",
    "fee": "평균 기본요금\nmean fee (KRW)",
}


def show_tiers(tiers: Tiers, console: Console) -> None:
    console.print()
    for line in hub_lines(tiers):
        tell(console, line)
    tell(console, "\n매분 읽는 이웃 허브 · peers, read every minute")
    console.print(peer_table(tiers))
    tell(console, "\n국가 허브에 묻기: 두 도시에 주차장이 몇 곳, 주차면이 몇 개 있습니까?")
    tell(console, "Asked of the nation: how many car parks and spaces are there in both cities?")
    tell(console, f"  curl {shlex.quote(tiers.top.base + PARKING)}")
    with httpx2.Client(base_url=tiers.top.base, timeout=60, trust_env=False) as nation:
        console.print(answer_table(nation.get(PARKING).raise_for_status().json()["records"]))
    city = tiers.cities[-1]
    tell(
        console,
        "\n이 파일을 고치면 몇 분 안에 국가 허브까지 갑니다 · a line changed here is at the nation within minutes:",
    )
    tell(console, f"  {city.folder / 'files' / 'parking-lots.csv'}")
    tell(console, "한 허브에 명령하려면 · to command one of the hubs:")
    tell(console, f"  {tiers.top.line}")


def tell(console: Console, line: str) -> None:
    console.print(line, markup=False, soft_wrap=True)


def hub_lines(tiers: Tiers) -> Iterator[str]:
    for place in tiers.places:
        password = tiers.told[place.name]["password"] or "(바꾼 암호 · the password you have set)"
        yield f"{place.tier.title.ko} · {place.tier.title.en}"
        yield f"  포털 portal {place.base}/   관리 admin {place.base}/admin/   로그인 login {STEWARD} / {password}"


def peer_table(tiers: Tiers) -> Table:
    table = Table(show_edge=False)
    for head in ("읽는 허브\nreader", "이웃\npeer"):
        table.add_column(head, no_wrap=True)
    for head in ("밀린 항목\nbehind", "마지막 성공\nlast success", "다른 데이터셋\ndifferences", "받은 바이트\nbytes"):
        table.add_column(head, justify="right")
    for place in tiers.readers:
        for peer in tiers.desks[place.name].ask("tell_peers"):
            table.add_row(place.name, peer["name"], *shown(peer))
    return table


def shown(peer: Mapping[str, Any]) -> tuple[str, str, str, str]:
    at = peer["succeeded_at"]
    last = f"{localtime(datetime.fromisoformat(at)):%H:%M:%S}" if at else "-"
    numbers = {name: "-" if peer[name] is None else f"{peer[name]:,}" for name in ("behind", "differences", "bytes")}
    return numbers["behind"], last, numbers["differences"], numbers["bytes"]


def answer_table(records: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(show_edge=False)
    for name in records[0] if records else ():
        table.add_column(HEADS.get(name, name), justify="left" if name == "city" else "right")
    for record in records:
        table.add_row(*(f"{value:,}" if isinstance(value, int | float) else str(value) for value in record.values()))
    return table
