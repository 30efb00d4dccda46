"""A file becomes text you can cite.

``Blob`` is the bytes, ``Version`` one immutable reading of them, ``Document`` what people see and
name. A version's canonical text is made once, by ``documents.ingest``, and never changes: every
quotation in Pincite is a half-open range of its Unicode code points.
"""
