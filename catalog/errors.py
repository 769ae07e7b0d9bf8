"""Every error of the catalogue, as one tree; the doors map it to answers, no HTTP here.

    HubError
    ├── NotFound               DatasetNotFound · OrganisationNotFound · VocabularyNotFound · DataModelNotFound
    │                          · NoRecords · SnapshotNotFound · VersionNotFound · ExportNotFound
    ├── AccessDenied           Guarded · GrantNeeded (records that are read by grant only)
    ├── BadKey                 (a key that is unknown, revoked or past its day)
    ├── KeyNeeded              (something for those who say who they are)
    ├── QuotaExceeded          (too many requests; seconds to wait)
    ├── ExportNotReady · ExportGone · TooManyExports
    ├── StartOver              (a place in the change feed that is none of this feed, or no longer)
    ├── TooBusy                (the heavy questions of others come first; seconds to wait)
    ├── BadQuestion            UnknownParameter · UnknownColumn · UnknownOperator · BadValue · BadExpression · BadSql · BadCursor
    │                          · UnknownFormat · NoFormAccepted · Unanswerable · TooExpensive
    │                          · NotGuarded · PurposeNeeded · GrantToChoose
    ├── BadDescription         (a list of problems, each naming its field)
    ├── BadSchema
    ├── BadDocument            (a foreign document that cannot be read; line and reason)
    │   └── BadTable           (a list of problems, each naming its sheet, row and column)
    └── Conflict               (somebody else was faster; nothing was changed)

Each class holds its sentence in Korean and English; the values that fill it are keyword arguments and stay
readable as ``error.values``. ``error.code`` is stable and part of the API.
"""

from collections.abc import Iterable
from typing import ClassVar

from catalog.text import Text


class HubError(Exception):
    """An error with a stable code and one sentence in Korean and English."""

    code: ClassVar[str] = "error"
    sentence: ClassVar[Text] = Text(ko="오류가 발생했습니다.", en="Something went wrong.")

    def __init__(self, **values: object) -> None:
        self.values = values
        self.text = self.sentence.format(**{name: readable(value) for name, value in values.items()})
        super().__init__(self.text.en)


def readable(value: object) -> object:
    """Show lists as ``a, b, c``; everything else as it is."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(str(item) for item in value)
    return value


class NotFound(HubError):
    code = "not-found"


class DatasetNotFound(NotFound):
    code = "dataset-not-found"
    sentence = Text(ko="'{dataset}' 데이터셋이 없습니다.", en="There is no dataset '{dataset}'.")


class OrganisationNotFound(NotFound):
    code = "organisation-not-found"
    sentence = Text(ko="'{organisation}' 기관이 없습니다.", en="There is no organisation '{organisation}'.")


class VocabularyNotFound(NotFound):
    code = "vocabulary-not-found"
    sentence = Text(
        ko="'{vocabulary}' 코드표가 없습니다. 있는 것: {allowed}",
        en="There is no vocabulary '{vocabulary}'; there are: {allowed}",
    )


class DataModelNotFound(NotFound):
    code = "data-model-not-found"
    sentence = Text(
        ko="'{model}' 데이터 모델이 없습니다. 있는 것: {allowed}",
        en="There is no data model '{model}'; there are: {allowed}",
    )


class NoRecords(NotFound):
    code = "no-records"
    sentence = Text(
        ko="'{dataset}' 데이터셋에는 아직 공개된 레코드가 없습니다.",
        en="The dataset '{dataset}' has no published records yet.",
    )


class SnapshotNotFound(NotFound):
    code = "snapshot-not-found"
    sentence = Text(
        ko="'{snapshot}' 스냅숏이 없거나 보관 기간이 지났습니다. 커서나 스냅숏 없이 처음부터 다시 요청하십시오.",
        en="The snapshot '{snapshot}' does not exist or is no longer kept; ask again from the start, without a cursor or a "
        "snapshot.",
    )


class VersionNotFound(NotFound):
    code = "version-not-found"
    sentence = Text(
        ko="'{dataset}'에 '{version}' 버전이 없거나 보관 기간이 지났습니다. 보관하고 있는 버전: {first}~{last}",
        en="'{dataset}' has no version '{version}', or no longer; the versions that are kept: {first} to {last}",
    )


class ExportNotFound(NotFound):
    code = "export-not-found"
    sentence = Text(
        ko="'{export}' 내보내기가 없습니다. '/api/v1/exports'에 다시 요청하십시오.",
        en="There is no export '{export}'; order it anew at '/api/v1/exports'.",
    )


class ExportNotReady(HubError):
    code = "export-not-ready"
    sentence = Text(
        ko="'{export}' 내보내기의 파일이 아직 완성되지 않았습니다. 'state'가 'ready'가 되면 받으십시오.",
        en="The file of the export '{export}' is not ready yet; fetch it when 'state' is 'ready'.",
    )


class ExportGone(HubError):
    code = "export-gone"
    sentence = Text(
        ko="'{export}' 내보내기의 파일은 보관 기간이 지났거나 만들지 못했습니다. '/api/v1/exports'에 다시 요청하십시오.",
        en="The file of the export '{export}' has expired or could not be written; order it anew at '/api/v1/exports'.",
    )


class TooManyExports(HubError):
    code = "too-many-exports"
    sentence = Text(
        ko="내보내기는 한 번에 {limit}개까지 가질 수 있습니다. 다 받은 것을 'DELETE'로 지우고 다시 요청하십시오.",
        en="You have {limit} exports, as many as one caller may have at a time; 'DELETE' one that you have fetched.",
    )


class StartOver(HubError):
    """A place in the change feed that is not one of its own: a backup was restored, or the cursor comes from another hub."""

    code = "start-over"
    sentence = Text(
        ko="이 커서는 지금의 변경 피드에 맞지 않습니다. 백업을 복구했거나 다른 허브의 커서이므로 이어서 읽으면 변경을 놓칠 수 있습니다. "
        "'after' 없이 처음부터 다시 읽고, 그 피드에 없는 데이터셋은 삭제된 것으로 보십시오.",
        en="This cursor is not one of the change feed as it is now: a backup was restored, or the cursor comes from another hub. "
        "Reading on from it could miss changes. Start over without 'after', and take as gone what that feed does not tell.",
    )


class AccessDenied(HubError):
    code = "access-denied"
    sentence = Text(
        ko="'{dataset}' 데이터셋의 레코드는 접근 등급이 '{level}'이므로 볼 수 없습니다. {reason}",
        en="The records of '{dataset}' are not open to you: its access level is '{level}'. {reason}",
    )


class Guarded(AccessDenied):
    """Records that nobody reads but by a grant, at the one door for it."""

    code = "guarded"
    sentence = Text(
        ko="'{dataset}' 데이터셋의 레코드는 보호 대상이어서 이 주소에서는 누구에게도 제공하지 않습니다. 열람 승인을 받은 사람만 "
        "'/api/v1/datasets/{dataset}/granted-records'에서 목적을 밝히고 읽을 수 있으며, 읽을 때마다 기록됩니다.",
        en="The records of '{dataset}' are guarded and given to nobody here. Who has been granted it reads them at "
        "'/api/v1/datasets/{dataset}/granted-records', for a stated purpose, and each reading is logged.",
    )


class GrantNeeded(AccessDenied):
    """Nothing granted that holds now; ``reason`` says whether there never was a grant or what became of it."""

    code = "grant-needed"
    sentence = Text(
        ko="'{dataset}' 데이터셋의 레코드를 읽으려면 유효한 열람 승인이 있어야 합니다. {reason}",
        en="Reading the records of '{dataset}' needs a grant that is valid now. {reason}",
    )


class BadKey(HubError):
    """A key that opens nothing; why is not told, so that nobody learns which keys there once were."""

    code = "bad-key"
    sentence = Text(
        ko="API 키를 알 수 없거나 폐기 또는 만료되었습니다. 'Authorization: Bearer 키'로 올바른 키를 보내거나, 공개 데이터는 키 없이 요청하십시오.",
        en="The API key is unknown, revoked or expired. Send a valid one as 'Authorization: Bearer KEY', or ask for public "
        "data without a key.",
    )


class KeyNeeded(HubError):
    """Something that only those may do who say who they are."""

    code = "key-needed"
    sentence = Text(
        ko="이 주소는 API 키가 있어야 쓸 수 있습니다. 운영 기관에서 키를 받아 'Authorization: Bearer 키'로 보내거나 로그인하십시오.",
        en="This address needs an API key: ask the hub's stewards for one and send it as 'Authorization: Bearer KEY', or "
        "sign in.",
    )


class QuotaExceeded(HubError):
    """A caller asks more than was granted; ``policy`` names the limit, ``retry_after`` the seconds until it is worth asking again."""

    code = "quota-exceeded"
    sentence = Text(
        ko="허용된 요청 수를 넘었습니다 ({allowed}). {retry_after}초 뒤에 다시 요청하십시오.",
        en="Too many requests ({allowed}); ask again in {retry_after} seconds.",
    )


class TooBusy(HubError):
    """A heavy question that found no room in time; ``retry_after`` is how many seconds the others are expected to take."""

    code = "too-busy"
    sentence = Text(
        ko="무거운 질문이 많아 지금은 답하지 못합니다. {retry_after}초 뒤에 다시 요청하거나 질문의 범위를 줄이십시오.",
        en="Other heavy questions are being answered; ask again in {retry_after} seconds, or narrow the question.",
    )


class BadQuestion(HubError):
    """A question that cannot be answered as asked; the sentence lists what can be asked."""

    code = "bad-question"


class UnknownParameter(BadQuestion):
    code = "unknown-parameter"
    sentence = Text(
        ko="'{parameter}'은(는) 알 수 없는 매개변수입니다. 쓸 수 있는 것: {allowed}",
        en="Unknown parameter '{parameter}'; allowed: {allowed}",
    )


class UnknownColumn(BadQuestion):
    code = "unknown-column"
    sentence = Text(
        ko="'{column}' 열이 없습니다. 이 데이터셋의 열: {allowed}",
        en="Unknown column '{column}'; the columns of this dataset: {allowed}",
    )


class UnknownOperator(BadQuestion):
    code = "unknown-operator"
    sentence = Text(
        ko="'{column}' 열에 '{operator}' 연산자는 쓸 수 없습니다. 쓸 수 있는 것: {allowed}",
        en="Unknown operator '{operator}' on '{column}'; allowed: {allowed}",
    )


class BadValue(BadQuestion):
    code = "bad-value"
    sentence = Text(
        ko="'{parameter}'의 값 '{value}'을(를) 읽을 수 없습니다. 올바른 형식: {expected}",
        en="Cannot read '{value}' for '{parameter}'; expected {expected}",
    )


class BadExpression(BadQuestion):
    """A condition or a value to compute that makes no sense: ``what`` is the operator or the text, ``reason`` why."""

    code = "bad-expression"
    sentence = Text(ko="'{what}'을(를) 계산할 수 없습니다. {reason}", en="'{what}' cannot be computed: {reason}")


class BadSql(BadQuestion):
    """SQL that is not answered; ``line`` and ``column`` (from 1) are None where the place is not known."""

    code = "bad-sql"
    sentence = Text(
        ko="이 SQL에는 답할 수 없습니다{where}. {reason}", en="This SQL cannot be answered{where}: {reason}"
    )


class BadCursor(BadQuestion):
    code = "bad-cursor"
    sentence = Text(
        ko="커서를 읽을 수 없거나 다른 질문의 커서입니다. 'next' 주소를 그대로 쓰거나 커서 없이 다시 시작하십시오.",
        en="The cursor cannot be read or belongs to another question; follow 'next' unchanged or start without a cursor.",
    )


class UnknownFormat(BadQuestion):
    code = "unknown-format"
    sentence = Text(
        ko="'{format}' 형식은 없습니다. 쓸 수 있는 것: {allowed}",
        en="Unknown format '{format}'; allowed: {allowed}",
    )


class NoFormAccepted(BadQuestion):
    """None of the forms that there are fits an ``Accept`` header."""

    code = "no-form-accepted"
    sentence = Text(
        ko="'Accept'의 '{accept}'에 맞는 형식이 없습니다. 쓸 수 있는 것: {allowed}",
        en="No form fits '{accept}' in 'Accept'; available: {allowed}",
    )


class Unanswerable(BadQuestion):
    code = "unanswerable"
    sentence = Text(
        ko="'{parameter}'은(는) 이 물음에 쓸 수 없습니다. {reason}",
        en="'{parameter}' cannot be used in this question: {reason}",
    )


class TooExpensive(BadQuestion):
    code = "too-expensive"
    sentence = Text(
        ko="질문에 끝까지 답하지 못했습니다. {reason}", en="The question could not be answered to the end: {reason}"
    )


class NotGuarded(BadQuestion):
    code = "not-guarded"
    sentence = Text(
        ko="'{dataset}' 데이터셋은 보호 대상이 아닙니다. 레코드는 '/api/v1/datasets/{dataset}/records'에 물으십시오.",
        en="The dataset '{dataset}' is not guarded; ask for its records at '/api/v1/datasets/{dataset}/records'.",
    )


class PurposeNeeded(BadQuestion):
    code = "purpose-needed"
    sentence = Text(
        ko="무엇 때문에 읽는지 {shortest}자 이상으로 밝혀야 합니다. 'Hub-Purpose' 머리글(한글은 퍼센트 인코딩한 UTF-8)이나 "
        "'purpose' 매개변수 가운데 하나로 보내십시오.",
        en="Say in at least {shortest} characters why you read: in the header 'Hub-Purpose' (UTF-8, percent-encoded where it "
        "is not ASCII) or in the parameter 'purpose', one of them.",
    )


class GrantToChoose(BadQuestion):
    code = "grant-to-choose"
    sentence = Text(
        ko="이 데이터셋에 유효한 열람 승인이 여러 개 있습니다. 어느 것으로 읽는지 'grant' 매개변수로 정하십시오: {grants}",
        en="You have several grants of this dataset; choose the one to read by with the parameter 'grant': {grants}",
    )


class BadDescription(HubError):
    """A description that the standard refuses; ``problems`` holds (field, text) pairs."""

    code = "bad-description"
    sentence = Text(
        ko="메타데이터가 표준에 맞지 않습니다: {problems}", en="The description does not meet the standard: {problems}"
    )

    def __init__(self, problems: Iterable[tuple[str, Text]]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            problems=Text(
                ko=" ".join(f"[{field}] {text.in_language('ko')}" for field, text in self.problems),
                en=" ".join(f"[{field}] {text.in_language('en')}" for field, text in self.problems),
            )
        )


class BadSchema(HubError):
    code = "bad-schema"
    sentence = Text(
        ko="열 정의가 잘못되었습니다 ({where}): {reason}", en="The column definitions are wrong ({where}): {reason}"
    )


class BadDocument(HubError):
    """A document of another catalogue that cannot be read: ``where`` is its name and line, ``reason`` a Text or string."""

    code = "bad-document"
    sentence = Text(
        ko="{form} 문서를 읽을 수 없습니다 ({where}): {reason}",
        en="The {form} document cannot be read ({where}): {reason}",
    )


class BadTable(BadDocument):
    """A table with cells that cannot be taken; ``problems`` holds (place, text) pairs, all of them at once."""

    code = "bad-table"
    sentence = Text(
        ko="{form} 표에 고칠 곳이 {count}개 있습니다.\n{problems}",
        en="{count} places of the {form} table have to be mended.\n{problems}",
    )

    def __init__(self, form: str, problems: Iterable[tuple[Text, Text]]) -> None:
        self.problems = tuple(problems)
        lines = [Text(ko="- {place}: {text}", en="- {place}: {text}").format(place=p, text=t) for p, t in self.problems]
        super().__init__(
            form=form,
            count=len(self.problems),
            problems=Text(ko="\n".join(line.ko for line in lines), en="\n".join(line.en for line in lines)),
        )


class Conflict(HubError):
    code = "conflict"
    sentence = Text(
        ko="그 사이 다른 작업이 먼저 끝나 아무것도 바꾸지 않았습니다: {what}",
        en="Another writer was faster, so nothing was changed: {what}",
    )
