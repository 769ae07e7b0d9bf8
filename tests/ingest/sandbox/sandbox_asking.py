"""Asking the sandbox without a socket, at a frozen moment."""

import json
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

from ingest.sandbox.answer import answer_request
from ingest.sandbox.city import KST
from ingest.sandbox.messages import Answer, Request
from ingest.sandbox.world import Budget, World

NOON = datetime(2026, 4, 25, 12, 0, 30, tzinfo=KST)
LOTS = "/datagokr/ParkingService/getParkingLots?serviceKey=sandbox-key"
AVAILABILITY = "/datagokr/ParkingService/getParkingAvailability?serviceKey=sandbox-key"
AIR = "/datagokr/AirQualityService/getHourlyReadings?serviceKey=sandbox-key"
STOPS = "/seoul/sandbox-key/json/busStopInfo"
CCTV = "/files/cctv.csv"
EXAMPLES = {
    "parking-lots": f"{LOTS}&_type=json&numOfRows=1000",
    "parking-availability": f"{AVAILABILITY}&_type=json&numOfRows=1000",
    "air-quality": f"{AIR}&_type=json&numOfRows=1000",
    "bus-stops": f"{STOPS}/1/1000/",
    "cctv": CCTV,
}


def make_world(
    at: datetime = NOON, *, seed: int = 44, key: str = "sandbox-key", daily_limit: int | None = None
) -> World:
    return World(seed=seed, clock=lambda: at, key=key, budget=Budget(daily_limit))


def ask(
    url: str, world: World | None = None, *, method: str = "GET", content_type: str = "", body: bytes = b""
) -> Answer:
    parts = urlsplit(url)
    request = Request(parts.path, dict(parse_qsl(parts.query)), method, content_type, body)
    return answer_request(world or make_world(), request)


def ask_json(url: str, world: World | None = None) -> dict:
    return json.loads(ask(url, world).body)


def ask_xml(url: str, world: World | None = None) -> ElementTree.Element:
    return ElementTree.fromstring(ask(url, world).body)


def code_of(answer: Answer) -> str:
    """Return the code an answer carries, wherever its dialect puts it."""
    if answer.body.startswith(b"{"):
        document = json.loads(answer.body)
        if "response" in document:
            return document["response"]["header"]["resultCode"]
        return document.get("RESULT", next(iter(document.values())).get("RESULT"))["CODE"]
    root = ElementTree.fromstring(answer.body)
    return root.findtext(".//returnReasonCode") or root.findtext(".//resultCode") or root.findtext(".//CODE")


def rows_of(url: str, world: World | None = None) -> list[dict]:
    """Return the rows of a JSON answer of either dialect."""
    document = ask_json(url, world)
    if "response" not in document:
        return next(iter(document.values()))["row"]
    items = document["response"]["body"]["items"]
    items = items["item"] if isinstance(items, dict) else items
    return [items] if isinstance(items, dict) else list(items)
