"""The start page, in Korean and English: every address with examples to click, and the switches of the faults.

Its frame is ``start_page.html``, a ``string.Template``.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote

from catalog.text import Text
from ingest.sandbox.faults import FAULTS
from ingest.sandbox.services import SERVICES, DatagokrService, FileService, SeoulService, Service
from ingest.sandbox.world import EXPIRED_KEY, World

FRAME = Path(__file__).with_name("start_page.html")


def write_start_page(world: World) -> str:
    on = {str(switch["service"]): switch for switch in world.faults.tell()}
    return Template(FRAME.read_text(encoding="utf-8")).substitute(
        now=world.clock().isoformat(timespec="seconds"),
        key=escape(world.key),
        expired=EXPIRED_KEY,
        limit="없음 / none" if world.budget.limit is None else world.budget.limit,
        services="\n".join(write_service(service, on.get(service.name), world.key) for service in SERVICES.values()),
        faults="\n".join(write_row(f"<code>{name}</code>", write_both(f.sentence)) for name, f in FAULTS.items()),
    )


def write_service(service: Service, switch: dict[str, object] | None, key: str) -> str:
    links = [
        f'<li><a href="{escape(link)}"><code>{escape(link)}</code></a></li>' for link in example_links(service, key)
    ]
    return write_row(
        f"<code>{service.name}</code><br>{write_both(service.title)}",
        f"<ul>{''.join(links)}</ul>",
        write_switch(service, switch),
    )


def example_links(service: Service, key: str) -> Iterator[str]:
    """Yield addresses of a service that show something worth seeing, habits included."""
    key = quote(key, safe="")
    match service:
        case DatagokrService():
            yield f"{service.path}?serviceKey={key}"
            yield f"{service.path}?serviceKey={key}&_type=json&pageNo=1&numOfRows=1000"
            yield f"{service.path}?serviceKey={key}&_type=json&numOfRows=1"
            yield f"{service.path}?serviceKey={key}&_type=json&pageNo=999"
            yield f"{service.path}?serviceKey={EXPIRED_KEY}&_type=json"
        case SeoulService():
            yield f"/seoul/{key}/json/{service.code}/1/1000/"
            yield f"/seoul/{key}/xml/{service.code}/1001/2000/"
            yield f"/seoul/sample/json/{service.code}/1/5/"
            yield f"/seoul/{key}/json/{service.code}/1/1001/"
            yield f"/seoul/{key}/json/{service.code}/1/10/{quote('중앙차로')}/"
        case FileService():
            yield from service.encodings


def write_switch(service: Service, switch: dict[str, object] | None) -> str:
    """Write the form that switches a fault on, or what is on and the button that ends it."""
    hidden = f'<input type="hidden" name="service" value="{service.name}">'
    if switch:
        times = f" × {switch['remaining']}" if switch["remaining"] else ""
        told = f'<p class="on">{switch["fault"]}{times}</p>'
        return f'{told}<form method="post" action="/faults">{hidden}<button>끄기 / off</button></form>'
    options = "".join(f"<option>{name}</option>" for name in FAULTS)
    return (
        f'<form method="post" action="/faults">{hidden}'
        f'<select name="fault" aria-label="고장 / fault">{options}</select> '
        '<input name="count" type="number" min="1" placeholder="횟수 / count" aria-label="횟수 / count"> '
        "<button>켜기 / on</button></form>"
    )


def write_row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def write_both(text: Text) -> str:
    return f'{escape(text.ko)}<br><span class="en" lang="en">{escape(text.en)}</span>'
