"""Review tables: the same questions put to many documents, every cell cited.

A ``Table`` has a ``Row`` for each document and a ``Column`` for each question; their ``Cell`` holds
a typed value. A cell's answer is a ``qa.Answer`` like any other, without a thread: what is asked
beyond the question is its ``brief``, and the line that the value is read from its ``closing``.
``values`` reads that line, ``tables`` changes what is asked, ``running`` has it answered, one by
one or by a batch.
"""
