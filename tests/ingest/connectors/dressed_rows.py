"""Two rows that come out of every dress: encodings, delimiters, formats, downloads."""

ROWS = [{"이름": "가", "값": "1"}, {"이름": "나", "값": "2"}]
