"""Sums and means of numbers with fractions that do not depend on the order in which they are added, as templates of SQL.

Parts and index hold the same records in different orders, and a page may add up in another order than a stream. Added as
they come, numbers of floating point give answers that differ in the last digits: pages would not follow one another, and
one strong ETag would name two answers. So each number is cut into two whole numbers, whose sums are exact (pre-rounded
bins, as in Demmel and Nguyen, "Fast Reproducible Floating-Point Summation", ARITH 2013).
"""

ABOVE = 2.0**24  # how many of the upper bin make one; it holds numbers up to 2^39
BELOW = (
    2.0**62
)  # how many of the lower bin make one of the upper; what is smaller than 2^-86 is rounded, number by number
UPPER = f"TRY_CAST(trunc({{0}} * {ABOVE!r}) AS BIGINT)"
LOWER = f"TRY_CAST(({{0}} * {ABOVE!r} - trunc({{0}} * {ABOVE!r})) * {BELOW!r} AS BIGINT)"
# Numbers beyond the upper bin (550 billion) are added as they come: whole ones, as such sums of money are, lose nothing.
SUM = (
    f"CASE WHEN count({UPPER}) = count({{0}})"
    f" THEN sum({UPPER}) / {ABOVE!r} + sum({LOWER}) / {ABOVE * BELOW!r} ELSE sum({{0}}) END"
)
MEAN = f"({SUM}) / count({{0}})"

DIGITS = 10  # of a standard deviation: no sum of its squares is both exact and cheap
SPREAD = "stddev_samp({0})"
DEVIATION = f"CASE WHEN {SPREAD} = 0 THEN 0 ELSE round({SPREAD}, {DIGITS - 1} - TRY_CAST(floor(log10({SPREAD})) AS INTEGER)) END"
