"""What counts as one SELECT, before a database is asked."""

import contextlib
import time

import pytest

from ingest.connectors.sql_statement import check_statement

BOTH = ("postgresql", "mysql", "oracle")
GOOD = [
    (BOTH, "SELECT 1"),
    (BOTH, "  select a, ';--/*' as b from c where d = 'it''s' ;\n"),
    (BOTH, "WITH a AS (SELECT (1)) SELECT * FROM a"),
    (BOTH, 'SELECT 1 AS "into"'),
    (BOTH, "SELECT a - -1 FROM b"),
    (("postgresql",), "SELECT $tag$ ; -- ' $tag$ || $$;$$ || E'\\';'"),
    (("postgresql",), "SELECT a #> '{b}' FROM c$d$"),
    (("mysql",), "SELECT `a;`, 'b\\';' FROM c"),
    (("oracle",), "SELECT q'[it's; --]', nQ'{/*}', Q'!a;!', q'((;)', 'a\\', SEQ$.NEXTVAL FROM a#b"),
    (("oracle",), "SELECT freq'1' FROM dual"),
]
BAD = [
    (BOTH, "", "only a SELECT"),
    (BOTH, "DELETE FROM a", "only a SELECT"),
    (BOTH, "(SELECT 1); DROP TABLE a", "one statement"),
    (BOTH, "SELECT 1; SELECT 2", "one statement"),
    (BOTH, "SELECT 1;;", "one statement"),
    (BOTH, "SELECT * INTO b FROM a", "writes"),
    (BOTH, "SELECT 1 -- a", "comments"),
    (BOTH, "SELECT 1 /*! INTO OUTFILE 'x' */", "comments"),
    (BOTH, "SELECT 'a", "never closed"),
    (BOTH, 'SELECT "a', "never closed"),
    (BOTH, "SELECT 1) AS a, (SELECT 2", "brackets"),
    (BOTH, "SELECT (1", "brackets"),
    (("postgresql",), "SELECT 'a\\'; DROP TABLE b; SELECT '", "one statement"),
    (("postgresql",), "SELECT E'a\\'", "never closed"),
    (("mysql",), "SELECT 1 # a", "comments"),
    (("oracle",), "SELECT /*+ FULL(a) */ * FROM a", "comments"),
    (("oracle",), "SELECT q'[a]; DROP TABLE b; SELECT '", "never closed"),
    (("oracle",), "SELECT q'a'; DROP TABLE b", "never closed"),
    (("oracle",), "SELECT 'a\\'; DROP TABLE b", "one statement"),
    (("oracle",), "WITH FUNCTION f RETURN NUMBER IS BEGIN RETURN 1; END; SELECT f FROM dual", "one statement"),
    (("oracle",), "BEGIN NULL; END;", "one statement"),
    (("mysql",), "SELECT 'a\\'", "never closed"),
    (("mysql",), "SELECT `a", "never closed"),
]


@pytest.mark.parametrize(("tongue", "text"), [(tongue, text) for tongues, text in GOOD for tongue in tongues])
def test_one_select_is_read_without_its_last_semicolon(tongue, text):
    assert check_statement(text, tongue) == text.strip().rstrip("; \n")


@pytest.mark.parametrize(
    ("tongue", "text", "words"), [(tongue, text, words) for tongues, text, words in BAD for tongue in tongues]
)
def test_anything_else_is_refused(tongue, text, words):
    with pytest.raises(ValueError, match=words):
        check_statement(text, tongue)


@pytest.mark.parametrize("tongue", BOTH)
@pytest.mark.parametrize("piece", ["'", "(", "$a$", "$a", "E'\\", "''a", "q'[", "q'a"])
def test_a_long_riddle_takes_no_time(tongue, piece):
    start = time.process_time()
    with contextlib.suppress(ValueError):
        check_statement("SELECT " + piece * (19_000 // len(piece)), tongue)
    assert time.process_time() - start < 2
