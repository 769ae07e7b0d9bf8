"""The hub as a Delta Sharing server (delta-io/delta-sharing: PROTOCOL.md), so that pandas, Spark and Power BI read it as they are.

One share; a schema for each organisation and a table for each dataset whose records the caller may read; a version for each
snapshot. Answers are in the ``parquet`` form: files are parts as they lie wherever that is possible.
"""
