"""JSON and XML documents, however broken they come: as a whole for pages, record by record for XML files.

XML becomes the dictionaries that the same answer in JSON would have been, so that a connector reads one shape. A
document that ends too early is *broken off* (temporary); one that is wrong in its middle is *unreadable*.
"""

import codecs
import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar
from xml.parsers import expat

import msgspec
import orjson
from lxml import etree

from ingest.connectors.decode import prove_encoding
from ingest.errors import BrokenOff, PlatformFailure, Text, TooLarge, UnreadableAnswer
from ingest.http import Answer, Session, readable_size
from ingest.json_text import has_long_number, load_json

T = TypeVar("T")

MAX_DOCUMENT = 128 * 2**20
AROUND = 40
AT_ONCE = 2**20
SAFE_XML: Mapping[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
WEB_PAGE = re.compile(rb"\s*(?>(?:<!--.*?-->\s*)*)<(!doctype html|html|head|script)\b", re.IGNORECASE | re.DOTALL)
MAINTENANCE = re.compile(r"점검|maintenance", re.IGNORECASE)
NO_END = Text(ko="문서가 끝나기 전에 끊겼습니다", en="it stops before the end of the document")
NO_DOCTYPE = Text(
    ko="DOCTYPE이 있는 XML은 안전하지 않아 읽지 않습니다.", en="XML with a DOCTYPE is not safe and is not read."
)


def read_document(answer: Answer, http: Session) -> object:
    """Read an API answer by what it is, not by what was asked for: gateways tell errors in XML to those who want JSON."""
    refuse_web_page(answer, http, "JSON/XML")
    return read_xml(answer, http) if beginning_of(answer).lstrip().startswith(b"<") else read_json(answer, http)


def refuse_web_page(answer: Answer, http: Session, format: str) -> None:
    """Raise when a page for people came instead of data: a failure if it speaks of maintenance, else unreadable."""
    if not WEB_PAGE.match(beginning_of(answer)):
        return
    words = http.excerpt(answer)
    if MAINTENANCE.search(words):
        raise PlatformFailure(address=answer.location, answer=words)
    raise UnreadableAnswer(
        address=answer.location,
        format=format,
        reason=Text(ko=f"자료 대신 웹 페이지가 왔습니다: {words}", en=f"a web page came instead of data: {words}"),
    )


def read_json_as(decoders: Iterable[msgspec.json.Decoder[T]], answer: Answer) -> T | None:
    """Return a JSON document that is what one of the decoders reads; None for every other, which ``read_json`` judges."""
    refuse_large(answer)
    content = answer.read_bytes().removeprefix(codecs.BOM_UTF8)
    if has_long_number(content):
        return None
    for decoder in decoders:
        with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return decoder.decode(content)
    return None


def read_json(answer: Answer, http: Session) -> object:
    """Read a JSON document of any Unicode encoding or CP949, with or without a byte order mark."""
    refuse_large(answer)
    content = answer.read_bytes()
    try:
        return load_json(content.removeprefix(codecs.BOM_UTF8))  # proves the encoding, too: it reads nothing but UTF-8
    except orjson.JSONDecodeError:
        encoding = prove_encoding(answer, "JSON")
    text = content.removeprefix(codecs.BOM_UTF8) if encoding.startswith("utf-8") else content.decode(encoding)
    try:
        return load_json(text)
    except orjson.JSONDecodeError as error:
        if error.pos >= len(error.doc.rstrip()):
            raise BrokenOff(address=answer.location, reason=NO_END) from error
        near = error.doc[max(0, error.pos - AROUND) : error.pos + AROUND]
        raise malformed(answer, http, "JSON", error.lineno, error.colno, error.msg, near) from error


def read_xml(answer: Answer, http: Session) -> dict[str, object]:
    """Read an XML document as ``{root: …}``."""
    refuse_large(answer)
    for _, element in parse_xml(answer, http, events=("end",)):
        if element.getparent() is None:
            return {local_name(element): simplify(element)}
    raise BrokenOff(address=answer.location, reason=NO_END)


def read_xml_records(answer: Answer, http: Session, path: str) -> Iterator[dict[str, object]]:
    """Yield the elements at a dotted path (``root.Row``) one by one; memory stays flat."""
    wanted, stack, found = path.split("."), [], 0
    children: dict[int, dict[str, None]] = {}
    for event, element in parse_xml(answer, http, events=("start", "end")):
        if event == "start":
            if stack == wanted[: len(stack)] and len(children.setdefault(len(stack), {})) < 20:
                children[len(stack)][local_name(element)] = None
            stack.append(local_name(element))
            continue
        if stack == wanted:
            value = simplify(element)
            yield value if isinstance(value, dict) else {stack[-1]: value}
            found += 1
        if len(stack) <= len(wanted):
            while element.getprevious() is not None:
                del element.getparent()[0]
        stack.pop()
    deepest = max(children)
    if not found and wanted[deepest] not in children[deepest]:
        raise no_such_key(answer, "XML", wanted[: deepest + 1], list(children[deepest]))


def pick(document: object, path: str | None, answer: Answer) -> list[object]:
    """Return the list at a dotted path; numbers step into lists, and a single object counts as a list of one."""
    here, gone = document, []
    for key in path.split(".") if path else ():
        gone.append(key)
        match here:
            case dict() if key in here:
                here = here[key]
            case list() if key.isdecimal() and int(key) < len(here):
                here = here[int(key)]
            case dict():
                raise no_such_key(answer, "JSON", gone, list(here))
            case list():
                raise no_such_key(answer, "JSON", gone, [f"0 … {len(here) - 1}"] if here else [])
            case _:
                raise no_such_key(answer, "JSON", gone, [])
    return here if isinstance(here, list) else [here]


def parse_xml(answer: Answer, http: Session, events: tuple[str, ...]) -> Iterator[tuple[str, etree._Element]]:
    """Parse in the proven encoding (the declaration often lies), and refuse any DOCTYPE at the first element."""
    encoding = prove_encoding(answer, "XML")
    proven = None if encoding == "utf-16" else encoding.removesuffix("-sig")
    seen_first = False
    try:
        with answer.path.open("rb") as file:
            for event, element in etree.iterparse(file, events=("start", "end"), encoding=proven, **SAFE_XML):
                if not seen_first:
                    seen_first = True
                    if element.getroottree().docinfo.doctype:
                        raise UnreadableAnswer(address=answer.location, format="XML", reason=NO_DOCTYPE)
                if event in events:
                    yield event, element
    except etree.XMLSyntaxError as error:
        if ends_early(answer, error.code):
            raise BrokenOff(address=answer.location, reason=NO_END) from error
        line, column, message = locate_fault(answer, encoding, error)
        near = line_around(answer, line, column, encoding)
        raise malformed(answer, http, "XML", line, column, message, near) from error


def simplify(element: etree._Element) -> dict[str, object] | str:
    """Return an element as its text or, if it has children or attributes, as a dictionary.

    Attributes are ``@name`` (text beside them ``#text``), those of a child with text alone ``child@name``; children of
    one name become a list.
    """
    if len(element) == 0 and (not element.attrib or element.getparent() is None):
        return element.text or ""
    result: dict[str, object] = {f"@{bare(name)}": value for name, value in element.attrib.items()}
    if len(element) == 0 and element.text:
        result["#text"] = element.text
    for child in element:
        name = local_name(child)
        if len(child) == 0:
            add(result, name, child.text or "")
            for attribute, value in child.attrib.items():
                add(result, f"{name}@{bare(attribute)}", value)
        else:
            add(result, name, simplify(child))
    return result


def add(result: dict[str, object], name: str, value: object) -> None:
    if name not in result:
        result[name] = value
    elif isinstance(result[name], list):
        result[name].append(value)
    else:
        result[name] = [result[name], value]


def local_name(element: etree._Element) -> str:
    return bare(element.tag)


def bare(name: str) -> str:
    return name.rpartition("}")[2]


def refuse_large(answer: Answer) -> None:
    if answer.size > MAX_DOCUMENT:
        raise TooLarge(address=answer.location, limit=readable_size(MAX_DOCUMENT))


def beginning_of(answer: Answer) -> bytes:
    with answer.path.open("rb") as file:
        return file.read(1024).removeprefix(codecs.BOM_UTF8)


def ends_early(answer: Answer, code: int) -> bool:
    if code in (etree.ErrorTypes.ERR_DOCUMENT_END, etree.ErrorTypes.ERR_DOCUMENT_EMPTY):
        return answer.size == 0
    with answer.path.open("rb") as file:
        file.seek(max(0, answer.size - 64))
        tail = file.read().rstrip()
    return code == etree.ErrorTypes.ERR_TAG_NOT_FINISHED or not tail.endswith(b">")


def locate_fault(answer: Answer, encoding: str, error: etree.XMLSyntaxError) -> tuple[int, int, str]:
    """Return line, column and what is wrong there, as expat sees it: libxml2 2.14 miscounts columns of Korean text."""
    parser = expat.ParserCreate("utf-8")
    try:
        with answer.path.open(encoding=encoding, newline="") as file:
            while piece := file.read(AT_ONCE):
                parser.Parse(piece.encode())
            parser.Parse(b"", True)
    except expat.ExpatError as fault:
        return fault.lineno, fault.offset, expat.ErrorString(fault.code)
    return error.lineno or 1, 0, error.msg or ""


def line_around(answer: Answer, line: int, column: int, encoding: str) -> str:
    with answer.path.open("rb") as file:
        for _ in range(line - 1):
            file.readline()
        content = file.readline(4 * (column + AROUND)).decode(encoding, "ignore")
    return content[max(0, column - AROUND) : column + AROUND]


def malformed(
    answer: Answer, http: Session, format: str, line: int, column: int, message: str, near: str
) -> UnreadableAnswer:
    near = " ".join(http.mask(near).split())
    return UnreadableAnswer(
        address=answer.location,
        format=format,
        reason=Text(
            ko=f"{line}행 {column}열, '…{near}…' 근처에서 {format} 문법에 어긋납니다 ({message}). "
            "내려받은 파일 자체가 잘못되어 어떤 프로그램도 읽을 수 없으니 제공기관에 알리거나 CSV 등 다른 형식을 쓰십시오.",
            en=f"line {line}, column {column}, near '…{near}…': {message}. "
            "No program can read it as it is; tell the platform, or use another of its formats, such as CSV.",
        ),
    )


def no_such_key(answer: Answer, format: str, path: list[str], keys: list[str]) -> UnreadableAnswer:
    shown = ", ".join(keys[:20]) or "-"
    return UnreadableAnswer(
        address=answer.location,
        format=format,
        reason=Text(
            ko=f"'{'.'.join(path)}'이(가) 없습니다. 그 자리에 있는 것: {shown}",
            en=f"there is no '{'.'.join(path)}'; what is there: {shown}",
        ),
    )
