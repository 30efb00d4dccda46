"""What a Word document's styles say about text: which list it stands in, whether it is seen."""

from .opc import Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_CHAIN = 50


def value(parent: Element | None, name: str) -> str | None:
    """The ``val`` of a child, None without one."""
    child = None if parent is None else parent.find(W + name)
    found: str | None = None if child is None else child.get(W + "val")
    return found


def whole(text: str | None) -> int | None:
    """A number a file gives, None when it is none or beyond what any list counts to."""
    try:
        number = int(text or "")
    except ValueError:
        return None
    return number if -(10**6) < number < 10**6 else None


class Styles:
    """The styles by their ids, each looked up along those it is based on."""

    def __init__(self, root: Element | None) -> None:
        self._styles: dict[str, Element] = {}
        self._hidden: dict[str, bool | None] = {}
        self._breaking: dict[str, bool] = {}
        self._numbered: dict[str, tuple[str | None, int]] = {}
        self.paragraph = ""
        for style in () if root is None else root.iterchildren(W + "style"):
            name = style.get(W + "styleId", "")
            self._styles.setdefault(name, style)
            if style.get(W + "type") == "paragraph" and style.get(W + "default") in ("1", "true"):
                self.paragraph = name

    @staticmethod
    def on(switch: Element | None) -> bool | None:
        """What an on-or-off element says, None when it is not there."""
        if switch is None:
            return None
        return switch.get(W + "val", "1") not in ("0", "false", "off")

    def numbered(self, style: str) -> tuple[str | None, int]:
        """The list (``numId``) and the level that a style puts its paragraphs in."""
        if style not in self._numbered:
            number, depth = None, None
            for element in self.chain(style):
                numbered = element.find(f"{W}pPr/{W}numPr")
                number = number or value(numbered, "numId")
                depth = whole(value(numbered, "ilvl")) if depth is None else depth
            self._numbered[style] = number, depth or 0
        return self._numbered[style]

    def hides(self, style: str) -> bool | None:
        """Whether text in a style is hidden; None when the style does not say."""
        if style not in self._hidden:
            said = (self.on(each.find(f"{W}rPr/{W}vanish")) for each in self.chain(style))
            self._hidden[style] = next((each for each in said if each is not None), None)
        return self._hidden[style]

    def breaks(self, properties: Element | None, style: str) -> bool:
        """Whether a paragraph with these properties begins a page."""
        own = None if properties is None else self.on(properties.find(W + "pageBreakBefore"))
        if own is None and style not in self._breaking:
            path = f"{W}pPr/{W}pageBreakBefore"
            said = (self.on(each.find(path)) for each in self.chain(style))
            self._breaking[style] = next((each for each in said if each is not None), False)
        return self._breaking[style] if own is None else own

    def chain(self, style: str) -> list[Element]:
        """The style and those it is based on, nearest first."""
        chain: list[Element] = []
        while style in self._styles and len(chain) < _CHAIN:
            chain.append(self._styles[style])
            style = value(chain[-1], "basedOn") or ""
        return chain
