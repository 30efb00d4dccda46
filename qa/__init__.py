"""A question becomes a cited answer: threads, answers, citations, streams and the usage ledger."""
