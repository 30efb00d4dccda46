"""Which reader reads which kind. Only the child imports this: the libraries behind it are heavy."""

from .pdf import PdfReader
from .reading import Kind, Reader
from .text import TextReader

READERS: dict[Kind, Reader] = {
    Kind.PDF: PdfReader(),
    Kind.TEXT: TextReader("text", headings=False),
    Kind.MARKDOWN: TextReader("markdown", headings=True),
}
