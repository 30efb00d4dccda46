"""Who, when and for how long: the frame of a contract."""

from .topic import DATE, END, PERIOD, Topic

TOPICS = (
    Topic(
        "name",
        r"\b(?:name|title|kind|type|sort) of (?:the |this )?(?:contract|agreement|document)",
        (
            (4, r"(?-i:\b[A-Z][A-Z,&/\- ]{2,80}(?:AGREEMENT|CONTRACT|AMENDMENT|LEASE|ADDENDUM)\b)"),
            (2, r"this [\w\-,/ ]{0,60}(?:agreement|contract|amendment|lease)\b"),
            (1, r"agreement|contract|amendment"),
        ),
        opening=6,
    ),
    Topic(
        "parties",
        r"who (?:are|is) the (?:contracting )?part|parties (?:that"
        r"|who)|between whom|names? of the part",
        (
            (3, r"by and (?:between|among)|between:? "),
            (2, r"\((?:the |hereinafter |collectively )*[“\"'‘]\w+|hereinafter|referred to as"),
            (2, r"\b(?:inc\.|corp|l\.?l\.?c|ltd|limited|gmbh|company|corporation|partnership)"),
            (
                1,
                r"(?:organized|existing|incorporated) under|principal place of business"
                r"|offices? at",
            ),
        ),
        opening=5,
    ),
    Topic(
        "termination at will",
        r"without cause|for convenience|terminat.{0,40}(?:any time|any reason)",
        (
            (
                6,
                rf"{END}.{{0,120}}(?:for convenience|without cause"
                r"|for any (?:or no )?reason|at any time|no reason"
                r"|sole discretion)|(?:at any time|without cause"
                rf"|for any reason|for convenience).{{0,80}}{END}",
            ),
            (
                3,
                rf"(?:may|right to|entitled to|elect to|option to) (?:\w+ )?{END}.{{0,160}}"
                rf"{PERIOD}.{{0,40}}notice",
            ),
            (2, rf"(?:may|right to|entitled to) (?:\w+ )?{END}"),
            (1, r"(?:prior|advance) written notice"),
        ),
        needs=5,
    ),
    Topic(
        "after the end",
        r"after (?:the )?(?:termination|expir)|post-?termination"
        r"|upon termination|wind-?down|end of the contract",
        (
            (
                4,
                r"(?:upon|after|following|event of|effect of|date of).{0,60}(?:termination"
                r"|expir)|post-?termination",
            ),
            (
                3,
                r"(?:terminat|expir).{0,200}(?:shall|will) (?:immediately "
                r"|promptly )?(?:return|pay|cease|deliver|continue"
                r"|complete|provide|assist|destroy|transfer|surviv)",
            ),
            (
                2,
                r"surviv(?:e|al)|wind-?(?:down|up)|transition|sell-?off"
                r"|remaining inventory|phase-?out",
            ),
            (
                1,
                r"(?:return|destroy|deliver).{0,60}(?:materials?"
                r"|confidential|property|inventory|products?)",
            ),
        ),
        needs=4,
    ),
    Topic(
        "agreement date",
        r"\bdate of (?:the |this )?(?:contract|agreement)"
        r"|when was .{0,40}(?:signed|made|dated|executed)",
        (
            (
                3,
                r"(?:made|entered into|dated|executed|effective).{0,60}(?:as of|on|this|effective)",
            ),
            (3, DATE),
            (1, r"effective date|date first (?:above )?written"),
        ),
        opening=4,
    ),
    Topic(
        "notice of non-renewal",
        r"notice.{0,60}renew|non-?renew|not to renew",
        (
            (4, r"(?:not|no intention) to (?:renew|extend)|non-?renewal|intent(?:ion)? not"),
            (4, r"unless .{0,120}(?:notice|notif).{0,160}(?:prior|before|advance)"),
            (3, r"(?:renew|extend|successive).{0,250}notice|notice.{0,200}(?:renew|extend)"),
            (
                3,
                rf"{PERIOD}.{{0,40}}(?:prior to|before|in advance).{{0,60}}(?:expiration"
                rf"|end|renewal|term)",
            ),
        ),
        needs=6,
    ),
    Topic(
        "renewal",
        r"renew|extension|extended",
        (
            (4, r"automatic(?:ally)? (?:be )?(?:renew|extend)|renewal term|auto-?renew"),
            (
                3,
                r"(?:additional|successive|consecutive|further|renewal"
                r"|extended).{0,40}(?:years?|terms?|periods?|months?)",
            ),
            (3, r"\brenew(?:ed|al|s|able)?\b"),
            (
                2,
                r"exten(?:d|ded|sion).{0,60}(?:term|period|agreement)"
                r"|(?:term|agreement).{0,60}exten(?:d|sion)",
            ),
        ),
        needs=4,
    ),
    Topic(
        "duration",
        r"initial term|expir|how long|duration of (?:the"
        r"|this) (?:contract|agreement)|term of (?:the|this)"
        r"|end date",
        (
            (
                4,
                r"(?:initial )?term of (?:this|the) (?:\w+ )?(?:agreement"
                r"|contract|lease)|initial term",
            ),
            (
                4,
                r"(?:continue|remain|be) in (?:full )?(?:force|effect)"
                r"|shall (?:continue|expire|terminate) (?:for|until"
                r"|on)",
            ),
            (
                3,
                rf"(?:period|term) of .{{0,40}}{PERIOD}|{PERIOD} (?:from"
                rf"|after|following|commencing)",
            ),
            (2, r"\bexpir|unless (?:sooner|earlier|otherwise|terminated)|until terminated"),
            (2, r"(?:shall )?commenc|effective date"),
            (1, DATE),
        ),
        needs=5,
    ),
    Topic(
        "effective date",
        r"effective|in(?:to)? force|into effect|start date|commence",
        (
            (
                4,
                r"[“\"']effective date|effective (?:as of|on)|become effective"
                r"|date first (?:above )?written",
            ),
            (3, r"(?:made|entered into|dated|commenc\w+).{0,60}(?:as of|on|this|effective)"),
            (3, DATE),
            (1, r"effective date|commencement date"),
        ),
        opening=3,
    ),
    Topic(
        "governing law",
        r"govern|\bwhich law|\bwhose law|choice of law|applicable law",
        (
            (4, r"govern(?:ed|s)? .{0,60}(?:by|in accordance).{0,60}laws?|governing law"),
            (
                2,
                r"laws? of (?:the )?(?:state|commonwealth|province"
                r"|people|republic|england|united)|laws? of (?-i:[A-Z])",
            ),
            (1, r"construed|interpreted|conflicts? of law"),
        ),
    ),
)
