"""How fast datasets are found and described in a catalogue of 100,000, next to what the database and the framework cost.

    python -m tests.benchmarks.bench_search [--datasets 100000] [--rounds 3]

Made-up Korean datasets go into a new SQLite database, or into the empty one that ``DATABASE_URL`` names. Questions go
through the whole application (``django.test.Client``), all facets counted. Limits of the same run: the bare health view,
a bare count of the datasets, and the statement that only looks up the words.
"""

import argparse
import datetime as dt
import os
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import django

GOAL_SEARCH, GOAL_DESCRIPTION = 150, 30  # milliseconds, p95
Taken = tuple[float, float]  # milliseconds on the clock, and of this process
PROVINCES = {
    "11": "서울특별시", "26": "부산광역시", "27": "대구광역시", "28": "인천광역시", "30": "대전광역시", "41": "경기도",
    "43": "충청북도", "44": "충청남도", "46": "전라남도", "47": "경상북도", "48": "경상남도", "51": "강원특별자치도",
}  # fmt: skip
TOPICS = (
    "공영주차장", "주차장 실시간", "버스정류장", "버스 도착 정보", "대기질 측정", "미세 먼지 농도", "공공와이파이", "공중화장실",
    "무더위쉼터", "도서관", "CCTV 설치", "교통 카메라", "도로 소통", "자전거 대여소", "가로등", "횡단보도", "어린이 보호구역",
    "소화전", "병원", "약국", "초등학교", "도시공원", "하천 수위", "상수도 수질", "전기차 충전소", "생활폐기물 배출",
    "재활용 센터", "음식점 인허가", "인구 통계", "지하철 승하차 인원", "택시 승강장", "문화재", "관광지 입장객", "지역 축제",
    "체육시설", "복지시설", "경로당", "어린이집", "아파트 실거래가", "건축물 대장", "토지 이용", "산불 위험", "침수 흔적",
    "지진 대피소", "소방서", "경찰서", "구급 출동", "태양광 발전", "에너지 사용량", "도시가스 공급", "가로수", "반려동물 등록",
)  # fmt: skip
ENDINGS = (
    "현황",
    "정보",
    "목록",
    "위치",
    "통계",
    "실시간 정보",
    "표준데이터",
    "이용 현황",
    "설치 현황",
    "일별 현황",
    "2023년",
)
SENTENCES = (
    "시가 운영하고 관리하는 시설의 위치와 이름 주소 전화번호 운영 시간을 담은 자료입니다 매월 갱신하며 좌표는 경위도로 제공합니다 "
    "이용에 불편이 있으면 담당 부서에 문의해 주십시오 측정값은 확정 전의 값일 수 있으며 누락된 시간이 있을 수 있습니다 "
    "원천 시스템에서 수집하여 개인정보를 제거한 뒤 공개합니다 행정동별로 집계하였습니다"
)
WORDS = SENTENCES.split()
ENGLISH = {
    "공영주차장": "Public car parks",
    "대기질 측정": "Air quality",
    "버스정류장": "Bus stops",
    "도서관": "Libraries",
}
QUESTIONS: Sequence[dict[str, str]] = (
    {"q": "주차장"},
    {"q": "미세먼지"},
    {"q": "현황"},  # in four of ten titles
    {"q": "정보"},
    {"q": "위치"},  # in every second description
    {"q": "시설"},  # nearly everywhere
    {"q": "서울"},
    {"q": "수원 대기질"},
    {"q": "서울특별시 공영주차장 현황"},
    {"q": "ㅈㅊㅈ"},
    {"q": "parking"},
    {"q": "air quality"},
    {"q": "주차쟝"},  # misspelt
    {"q": "버스 도챡 정보"},
    {"q": "담당 부서"},  # in descriptions alone
    {"q": "없는낱말이다"},
    {},
    {"theme": "transport"},
    {"theme": "transport,environment", "region": "41", "format": "CSV"},
    {"licence": "kogl-1", "frequency": "daily", "sort": "updated"},
    {"q": "주차", "theme": "transport"},
    {"q": "현황", "region": "11", "access_level": "public"},
    {"q": "정보", "format": "CSV,JSON", "quality": "good", "sort": "updated"},
    {"bbox": "126.7,37.4,127.2,37.7"},
    {"q": "현황", "bbox": "126.7,37.4,127.2,37.7", "datetime": "2020-01-01/2020-12-31"},
    {"datetime": "2018-01-01/..", "sort": "title"},
    {"organisation": "city-007"},
    {"q": "현황", "organisation": "city-007,city-008,city-009"},
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--datasets", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        os.environ |= {"HUB_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "datahub.settings", "HUB_LOG_LEVEL": "ERROR"}
        django.setup()
        bench = Bench(options.datasets, options.rounds)
        bench.build()
        bench.ask()


class Bench:
    def __init__(self, datasets: int, rounds: int) -> None:
        self.number, self.rounds = datasets, rounds
        self.random = random.Random(1)

    def build(self) -> None:
        from django.core.management import call_command
        from django.db import connection, transaction

        from catalog.models import Dataset
        from catalog.search import index_datasets

        call_command("migrate", verbosity=0)
        if Dataset.objects.exists():
            sys.exit("the database is not empty")
        started = time.perf_counter()
        keys = list(self.write_datasets())
        written = time.perf_counter()
        for first in range(0, len(keys), 1000):
            with transaction.atomic():
                index_datasets(Dataset.objects.filter(pk__in=keys[first : first + 1000]).only("pk"))
        indexed = time.perf_counter()
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        say(f"{self.number:,} datasets on {connection.vendor}: written in {written - started:.0f} s, "
            f"indexed in {indexed - written:.0f} s ({(indexed - written) / self.number * 1e3:.2f} ms each)\n")  # fmt: skip

    def write_datasets(self) -> Iterator[uuid.UUID]:
        from catalog.models import Dataset, Distribution, Organisation

        cities = [
            Organisation(slug=f"city-{number:03}", name_ko=f"{province} {number:03}시", name_en=f"City {number:03}")
            for number, province in zip(range(250), list(PROVINCES.values()) * 21, strict=False)
        ]
        Organisation.objects.bulk_create(cities)
        datasets = self.made_up_datasets(cities)
        while batch := list(islice(datasets, 2000)):
            Dataset.objects.bulk_create(batch)
            Distribution.objects.bulk_create(
                Distribution(dataset=dataset, access_url="https://city.example/", format=self.random.choice(["CSV", "JSON", "XLSX", "SHP"]))
                for dataset in batch
            )  # fmt: skip
            yield from (dataset.pk for dataset in batch)

    def made_up_datasets(self, cities: Sequence[object]) -> Iterator[object]:
        from catalog.models import Dataset

        choose, codes = self.random.choice, list(PROVINCES)
        themes = (
            "transport",
            "environment",
            "safety",
            "welfare",
            "energy",
            "culture",
            "health",
            "economy",
            "education",
        )
        for number in range(self.number):
            place = self.random.randrange(250)
            region = codes[place % len(codes)] + choose(["", "110", "140", "170"])
            topic = choose(TOPICS)
            west, south = 126 + self.random.random() * 3, 34.5 + self.random.random() * 3
            start = dt.date(self.random.randrange(2012, 2024), 1, 1)
            yield Dataset(
                slug=f"dataset-{number}",
                organisation=cities[place],
                title_ko=f"{PROVINCES[region[:2]]} {place:03}시 {topic} {choose(ENDINGS)}",
                title_en=ENGLISH.get(topic, ""),
                description_ko=" ".join(self.random.choices(WORDS, k=25)),
                theme=choose(themes),
                keywords_ko=[topic.split()[0], choose(TOPICS).split()[0]],
                licence=choose(["kogl-1", "kogl-1", "kogl-1", "kogl-2", "kogl-4", "cc-by-4.0"]),
                frequency=choose(["daily", "monthly", "annual", "hourly", "irregular"]),
                region=region,
                access_level=choose(["public"] * 18 + ["registered", "restricted"]),
                quality_band=choose(["excellent", "good", "good", "sufficient", "bad"]),
                data_model=choose(["", "", "", "off-street-parking", "bus-stop"]),
                bbox=choose([None, [west, south, west + 0.1, south + 0.1]]),
                temporal_start=choose([None, start]),
                temporal_end=choose([None, start.replace(month=12)]),
            )

    def ask(self) -> None:
        from django.test import Client

        from catalog.models import Dataset
        from catalog.search.question import Question
        from catalog.search.vendors import Where, vendor

        client = Client(SERVER_NAME="localhost")
        slugs = [f"dataset-{self.random.randrange(self.number)}" for _ in range(100)]

        def get(address: str, **parameters: str) -> None:
            answer = client.get(address, parameters)
            assert answer.status_code == 200, answer.content.decode()[:500]
            answer.getvalue() if answer.streaming else answer.content

        started = time.perf_counter()
        get("/api/v1/datasets")
        say(f"first answer of a new process (reads the codes of all): {(time.perf_counter() - started) * 1e3:.0f} ms\n")
        expression = Question("주차장").expression
        limits = {
            "bare health view": self.time([lambda: get("/healthz")] * 20),
            "bare count of datasets": self.time([lambda: Dataset.objects.count()] * 20),
            "bare look-up of 주차장": self.time([lambda: vendor().match([(Where.ANYWHERE, expression)])] * 20),
        }
        for name, times in limits.items():
            report(name, times)
        say("")
        words, filters = [], []
        for question in QUESTIONS:
            times = self.time([lambda question=question: get("/api/v1/datasets", **question)])
            report("  " + ("&".join(f"{name}={value}" for name, value in question.items()) or "everything"), times)
            (words if set(question) == {"q"} else filters).extend(times)
        say("")
        report("search by words, with all facets", words, GOAL_SEARCH)
        report("search with filters, with all facets", filters, GOAL_SEARCH)
        report("a next page of 100, ten deep", self.time([lambda: self.turn_pages(client)], parts=10))
        report(
            "suggestions",
            self.time(
                [lambda word=word: get("/api/v1/suggest", q=word) for word in ("주", "주차", "서울", "도서괸", "ㅈㅊ")]
            ),
        )
        report("description", self.time([lambda slug=slug: get(f"/api/v1/datasets/{slug}") for slug in slugs]), GOAL_DESCRIPTION)  # fmt: skip

    def turn_pages(self, client: object) -> None:
        address = "/api/v1/datasets?q=현황&limit=100"
        for _ in range(10):
            address = client.get(address).json()["next"]

    def time(self, calls: Sequence[Callable[[], object]], *, parts: int = 1) -> list[Taken]:
        """Make all calls once to warm up, then some rounds; return what each part of a call took."""
        taken = []
        for round_ in range(-1, self.rounds):
            for call in calls:
                started, worked = time.perf_counter(), time.process_time()
                call()
                if round_ >= 0:
                    taken.append(
                        (
                            (time.perf_counter() - started) * 1e3 / parts,
                            (time.process_time() - worked) * 1e3 / parts,
                        )
                    )
        return taken


def report(name: str, taken: Sequence[Taken], goal: int | None = None) -> None:
    """Print the time on the clock, and how much of it this process computed: others may use the machine too."""
    p95 = percentile([clock for clock, _ in taken])
    verdict = f"   goal {goal}: {'met' if p95 < goal else 'MISSED'}" if goal else ""
    middle, computed = statistics.median(clock for clock, _ in taken), percentile([work for _, work in taken])
    say(f"{name:66} p50 {middle:7.1f} ms   p95 {p95:7.1f} ms   of it computing {computed:6.1f} ms{verdict}")


def percentile(times: Sequence[float]) -> float:
    ordered = sorted(times)
    return ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
