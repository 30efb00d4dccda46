"""`python -m config.supervisor` starts every process of Pincite and keeps it running.

``__main__`` gets ready (data folder, ports, database, static files) and then replaces itself by
``processes``, which needs neither Django nor Celery and so stays small for the days it runs.
``table`` says which processes there are; ``greeting`` is one of them: it waits for the first page
and prints the address. The Procfile lists the same processes for other runners.
"""
