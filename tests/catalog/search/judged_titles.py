"""Titles that the judged questions are asked over: made-up ones always, those of the real files where they lie beside us."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph

ROOT = Path(__file__).parents[3]
CONFORMANCE = ROOT.parent / "shared" / "conformance"
HUB_FILE = ROOT / "ingest" / "hubs" / "korea.toml"
FOLDERS = (
    "ckan",
    "croissant",
    "datajson",
    "harvest-sequence",
    "udata",
    "rdf/real",
    "rdf/udata-dcat",
    "rdf/ckanext-dcat",
)
RDF = {
    ".ttl": pyoxigraph.RdfFormat.TURTLE,
    ".rdf": pyoxigraph.RdfFormat.RDF_XML,
    ".xml": pyoxigraph.RdfFormat.RDF_XML,
    ".nt": pyoxigraph.RdfFormat.N_TRIPLES,
}
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
DATASET = "http://www.w3.org/ns/dcat#Dataset"
TITLE = "http://purl.org/dc/terms/title"

MADE_UP = """
한빛시 공영주차장 현황
한빛시 주차장 실시간 주차 가능 면수
새움시 노상 주차장 요금 정보
새움시 거주자우선주차구역
가온군 불법주정차 단속 카메라 위치
한빛시 불법 주정차 단속 현황
Public car parks of Hanbit City
Illegal parking fines of Saeum City
한빛시 버스정류장 위치
새움시 시내버스 노선
새움시 버스 도착 정보 (실시간)
가온군 마을버스 운행 시간표
Bus stops of Gaon County
한빛시 지하철역 승하차 인원
새움 도시철도 혼잡도
한빛시 택시 승강장
한빛시 공공자전거 대여소
새움시 자전거 도로 연장
Bicycle counts of Saeum City
새움시 교통량 조사
한빛시 교통사고 다발 지역
새움시 도로 구간별 소통 정보
한빛시 횡단보도 현황
한빛시 어린이 보호구역
가온군 신호등 설치 현황
한빛시 전기차 충전소 위치
Electric vehicle chargers of Gaon County
한빛시 대기질 측정 결과
새움시 미세 먼지 농도 (시간별)
가온군 초미세먼지 측정소
Air quality readings of Hanbit City
새움시 소음 측정망
가온강 하천 수위
한빛시 상수도 수질 검사 결과
새움시 하수 처리장 방류수 수질
한빛시 기상 관측 자료
새움시 강우량 관측소별 강우량
가온군 무더위쉼터
한빛시 무더위 쉼터 운영 현황
새움시 지진 옥외 대피 장소
가온군 산불 위험 예보
한빛시 침수 흔적도
한빛시 소방서 및 119안전센터
새움시 소화전 위치
가온군 화재 발생 통계
한빛시 CCTV 설치 현황
새움시 방범 CCTV 위치
Security cameras of Gaon County
한빛시 경찰서 및 지구대 위치
새움시 5대 범죄 발생 통계
한빛시 가로등 관리 현황
새움시 생활폐기물 배출량
가온군 재활용품 분리수거장
한빛시 쓰레기 종량제 봉투 판매소
새움시 건물 에너지 사용량
한빛시 전력 사용량 (행정동별)
가온군 태양광 발전 시설
한빛시 병원 및 의원 현황
새움시 심야 약국
가온군 보건소 예방접종 현황
한빛시 도서관 목록
새움시 작은도서관 대출 통계
Public libraries of Gaon County
한빛시 초등학교 통학 구역
새움시 어린이집 현황
가온군 경로당 현황
한빛시 장애인 편의 시설
서울시 장애인 콜택시 이용 통계
새움시 공원 및 녹지 현황
한빛시 어린이공원 놀이터
Parks and playgrounds of Saeum City
가온군 가로수 현황
한빛시 반려동물 등록 통계
새움시 공중화장실 위치
한빛시 개방 화장실
Public toilets of Gaon County
한빛시 공공와이파이 설치 장소
새움시 무선 인터넷 (와이파이) 이용 통계
한빛시 인구 통계 (읍면동별)
새움시 세대별 인구 이동
가온군 출생 신고 통계
한빛시 일자리 통계
새움시 일반음식점 인허가
한빛시 전통시장 현황
시장 관사 운영비 (새움시)
한빛시 관광지 입장객
가온군 축제 일정
새움시 문화재 현황
한빛시 체육시설 예약 현황
새움시 아파트 실거래가
한빛시 건축 인허가
가온군 개별공시지가
한빛시 예산 및 결산
새움시 민원 접수 통계
한빛시 행정구역 경계
새움시 도로명주소 전자지도
한빛시 스마트 가로등 센서 값
강서구 확대구간 도로 공사
대구광역시 도시공원 정보
광주 비엔날레 관람객
""".strip().splitlines()


def all_titles() -> list[str]:
    """Return the made-up titles, those of the hub's own file, and those of the real catalogues, each once."""
    return list(dict.fromkeys([*MADE_UP, *hub_titles(), *shared_titles()]))


def hub_titles() -> Iterator[str]:
    for dataset in tomllib.loads(HUB_FILE.read_text(encoding="utf-8"))["datasets"]:
        yield from dataset["title"].values()


def shared_titles() -> Iterator[str]:
    """Yield the titles of the datasets in the catalogues of others; what cannot be read is not asked about here."""
    for path in sorted(path for folder in FOLDERS for path in (CONFORMANCE / folder).rglob("*")):
        try:
            if path.suffix == ".json":
                yield from titles_in(json.loads(path.read_text(encoding="utf-8-sig")))
            elif path.suffix in RDF:
                yield from titles_of_datasets(path)
        except (ValueError, SyntaxError):
            continue


def titles_in(document: object) -> Iterator[str]:
    if isinstance(document, dict):
        if {"distribution", "distributions", "resources"} & set(document) and isinstance(document.get("title"), str):
            yield " ".join(document["title"].split())
        document = list(document.values())
    if isinstance(document, list):
        for part in document:
            yield from titles_in(part)


def titles_of_datasets(path: Path) -> Iterator[str]:
    quads = list(pyoxigraph.parse(path=path, format=RDF[path.suffix], base_iri="https://hub.example/"))
    datasets = {
        quad.subject for quad in quads if quad.predicate.value == TYPE and getattr(quad.object, "value", "") == DATASET
    }
    for quad in quads:
        if quad.predicate.value == TITLE and quad.subject in datasets and isinstance(quad.object, pyoxigraph.Literal):
            yield " ".join(quad.object.value.split())
