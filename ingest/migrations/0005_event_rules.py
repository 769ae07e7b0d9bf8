"""The kinds of events that Korea's platforms are known to send, as rules that stewards may change."""

from django.db import migrations

ITEMS = {
    "IMAGE_URL": {"column": "image_url", "type": "string"},
    "IMAGE_SEND_TY_CD": {"column": "image_send_type", "type": "string"},
}
# evtId, name, linked service
KINDS = (
    ("112UC001", "112센터 긴급영상", "112-emergency-video"),
    ("112UC120", "112 긴급출동", "112-emergency-dispatch"),
    ("119UC001", "119 긴급출동", "119-emergency-dispatch"),
    ("DUCDP110", "재난정보 긴급지원", "disaster-response"),
    ("EBSCP110", "비상벨", "vulnerable-support"),
    ("SEBSF110", "비상벨", "vulnerable-support"),
    ("POCCP103", "안심귀가", "vulnerable-support"),
    ("STLSF110", "안심택시", "vulnerable-support"),
    ("MOJUC110", "전자발찌 위치추적", "vulnerable-support"),
    ("BNRCP140", "강도발생", "112-emergency-dispatch"),
    ("MTSUC210", "범죄", "112-emergency-dispatch"),
    ("MTSUC220", "방재", "disaster-response"),
    ("APLEN110", "기상특보", "disaster-response"),
    ("WESEN110", "기상특보", "disaster-response"),
    ("MTSUC230", "안전", ""),
    ("MTSUC240", "CCTV", ""),
    ("MTSUC250", "일반시설물", ""),
    ("FMSFT110", "차량번호인식", ""),
    ("LPRUM120", "차량번호인식", ""),
    ("BISTR110", "버스정보", ""),
    ("WPSSF110", "버스정보", ""),
    ("FCLFT101", "시설물", ""),
    ("TUATR100", "교통돌발", ""),
)


def add_rules(apps, schema_editor):
    rule = apps.get_model("ingest", "EventRule")
    rule.objects.bulk_create(
        rule(event_id=event_id, name=name, service=service, attributes=ITEMS) for event_id, name, service in KINDS
    )


class Migration(migrations.Migration):
    dependencies = [("ingest", "0004_platforms")]
    operations = [migrations.RunPython(add_rules, migrations.RunPython.noop)]
