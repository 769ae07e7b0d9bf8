"""Dates in Korean: the day first to last, the time in 24 hours, as in files and logs."""

DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = "Y-m-d H:i"
TIME_FORMAT = "H:i"
