"""What a party must and must not do, and what it pays."""

from .topic import PERIOD, Topic

TOPICS = (
    Topic(
        "contesting rights",
        r"contest|covenant not to sue|challeng|bringing a claim",
        (
            (
                5,
                r"(?:contest|challeng|attack|dispute|question|oppose"
                r"|impugn|impair|object).{0,120}(?:validity|ownership"
                r"|title|rights?|enforceab|registration|trademark"
                r"|patent)",
            ),
            (5, r"(?:covenant|agree)\w* not to (?:sue|assert|bring|institute|contest)"),
            (2, r"validity|adverse to|acknowledges?.{0,80}(?:ownership|owner|title)"),
            (1, r"(?:shall|will|agrees?) not|never"),
        ),
        needs=5,
    ),
    Topic(
        "ownership of work",
        r"intellectual property|who owns|ownership",
        (
            (
                4,
                r"works? (?:made )?for hire|(?:hereby )?(?:assigns?"
                r"|transfers?|conveys?).{0,120}(?:right, title|rights"
                r"|interest|title)",
            ),
            (
                3,
                r"(?:shall|will) (?:be|become|remain) .{0,60}(?:propert"
                r"|owned)|(?:sole|exclusive) (?:and exclusive )?property"
                r"|shall (?:own|vest|belong)",
            ),
            (2, r"rights?,? title,? and interest|ownership"),
            (
                1.5,
                r"inventions?|intellectual property|improvements"
                r"|developed|copyright|patent|work product",
            ),
        ),
        needs=5,
    ),
    Topic(
        "exceptions",
        r"exceptions?|carve-?outs?",
        (
            (
                5,
                r"(?:except|notwithstanding|however|not (?:prohibit"
                r"|prevent|restrict|apply|preclude|limit)|nothing"
                r"|other than).{0,200}(?:exclusiv|compet|solicit)",
            ),
            (
                4,
                r"(?:exclusiv|compet|solicit).{0,200}(?:except|however"
                r"|notwithstanding|not (?:prohibit|prevent|restrict"
                r"|apply)|other than)",
            ),
        ),
        needs=5,
    ),
    Topic(
        "first refusal",
        r"first (?:refusal|offer|negotiation)|\brof[ron]\b",
        (
            (
                6,
                r"(?:right|option|opportunity) of first (?:refusal"
                r"|offer|negotiation)|first (?:right|option|opportunity) (?:to"
                r"|of)",
            ),
            (3, r"first (?:refusal|offer|negotiat\w+)"),
            (
                2,
                r"(?:bona fide|third party|written).{0,20}offer|match"
                r"|negotiate (?:in good faith|exclusively)",
            ),
        ),
        needs=4,
    ),
    Topic(
        "exclusivity",
        r"exclusiv|sole supplier|requirements",
        (
            (
                4,
                r"(?<!non)(?<!non[-\x20])exclusive(?:ly)? (?!jurisdiction"
                r"|remed|venue|property)|sole and exclusive (?:right"
                r"|licen|distrib|agent|suppl|provider)|exclusivity",
            ),
            (
                3,
                r"(?:shall|will|may|agrees?) not.{0,160}(?:sell|licen[sc]e"
                r"|market|distribut|suppl|purchas|provide|grant|engage"
                r"|enter into).{0,160}(?:third|other|any|compet)",
            ),
            (
                3,
                r"(?:purchase|obtain|buy|source|order).{0,80}(?:exclusively"
                r"|solely|only|all).{0,60}(?:from|requirements)|all (?:of )?(?:its"
                r"|their|the) requirements",
            ),
            (1, r"territory|during the term"),
        ),
        needs=4,
    ),
    Topic(
        "soliciting employees",
        r"(?:solicit|hir)\w*.{0,60}(?:employee|contractor"
        r"|staff|personnel)|no-?solicit of employ|poach",
        (
            (
                6,
                r"(?:solicit|hire|hiring|employ|recruit|entice|induce).{0,160}(?:employees?"
                r"|personnel|staff|consultants?)\b.{0,200}",
            ),
            (3, r"non-?solicitation|not to solicit|shall not.{0,80}(?:solicit|hire|recruit)"),
            (3, r"solicit"),
        ),
        needs=9,
    ),
    Topic(
        "soliciting customers",
        r"solicit\w*.{0,40}(?:customer|client|partner)|no-?solicit of cust",
        (
            (
                5,
                r"(?:solicit|divert|entice|induce|contact).{0,120}(?:customers?"
                r"|clients?|accounts?)\b",
            ),
            (4, r"(?:shall|will|may|agrees?) not.{0,120}(?:solicit|divert|contact)"),
        ),
        needs=9,
    ),
    Topic(
        "non-compete",
        r"compete|non-?compet|competing",
        (
            (
                6,
                r"non-?compet|covenant not to compete|(?:not|nor"
                r"|neither|refrain).{0,160}\bcompet(?:e|es|ing|itive)\b",
            ),
            (3, r"\bcompet(?:e|es|ing|itive|itors?)\b(?! (?:bid|price|pricing))"),
            (
                2,
                r"(?:shall|will|agrees?) not.{0,160}(?:engage|directly or indirectly"
                r"|market|sell|operate|develop|manufactur)",
            ),
        ),
        needs=6,
    ),
    Topic(
        "most favoured",
        r"most[- ]favou?red|better terms|gets better|best price",
        (
            (6, r"most[- ]favou?red"),
            (
                5,
                r"(?:more|less|as) (?:favou?rable|advantageous).{0,120}(?:terms"
                r"|price|than|customer|party)|(?:lowest|best) prices?"
                r"|no greater than the .{0,20}price",
            ),
        ),
        needs=5,
    ),
    Topic(
        "disparagement",
        r"disparag",
        (
            (6, r"disparag"),
            (
                4,
                r"(?:adverse|detriment|derogatory|negative|unfavorabl"
                r"|reflect|injur|damag|tarnish).{0,80}(?:reputation"
                r"|goodwill|image|good name)|disrepute",
            ),
        ),
        needs=6,
    ),
    Topic(
        "liquidated damages",
        r"liquidated|termination fee|penalt",
        (
            (6, r"liquidated damages"),
            (
                5,
                r"(?:early )?termination (?:fee|payment|charge)|break-?up fee"
                r"|cancellation (?:fee|charge)",
            ),
            (3, r"not (?:as )?a penalty|as a (?:penalty|fee)"),
        ),
        needs=5,
    ),
    Topic(
        "third-party beneficiaries",
        r"beneficiar",
        (
            (6, r"(?:third|intended|express)[- ](?:party )?beneficiar"),
            (
                3,
                r"(?:benefit of|enforce(?:able)? by|inure).{0,100}(?:indemnitee"
                r"|affiliates|third part)",
            ),
        ),
        needs=6,
    ),
    Topic(
        "insurance",
        r"insur",
        (
            (
                4,
                r"(?:maintain|procure|carry|obtain|keep|provide|purchase"
                r"|secure)\w*.{0,100}insurance",
            ),
            (
                3,
                r"(?:general|product|professional|public|automobile) liability"
                r"|additional (?:named )?insured|certificates? of insurance"
                r"|workers.{0,3} compensation",
            ),
            (2, r"insurance|insured|polic(?:y|ies) of"),
        ),
        needs=4,
    ),
    Topic(
        "sharing of revenue",
        r"revenue|profit|royalt|commission",
        (
            (
                4,
                r"(?:\d ?%|percent|percentage|share|portion).{0,120}(?:revenues?"
                r"|sales|profits?|proceeds|receipts|fees|income)",
            ),
            (4, r"royalt(?:y|ies)|(?:revenue|profit)[- ]shar|commissions?\b"),
            (
                2,
                r"(?:shall|will|agrees? to) pay.{0,160}(?:%|percent"
                r"|royalt|share)|net (?:sales|revenues?|profits?"
                r"|proceeds)|gross (?:sales|revenues?|receipts)",
            ),
        ),
        needs=6,
    ),
    Topic(
        "price changes",
        r"(?:raise|reduce|increase|change|restrict)\w* .{0,30}prices?"
        r"|price (?:increase|change|restrict|adjust)",
        (
            (
                5,
                r"(?:prices?|fees?|rates?|charges?)\b.{0,100}(?:not"
                r"|no).{0,40}(?:increase|raise|exceed|change)|(?:not"
                r"|no).{0,60}(?:increase|raise|change).{0,60}(?:prices?"
                r"|fees?|rates?|charges?)\b",
            ),
            (
                3,
                r"(?:price|fee|rate)s? (?:increase|adjustment|change)"
                r"|(?:increase|adjust|raise)\w* .{0,60}(?:prices?"
                r"|fees?|rates?)\b",
            ),
            (2, r"consumer price index|\bcpi\b|\d ?%|percent"),
        ),
        needs=5,
    ),
    Topic(
        "minimum purchase",
        r"minimum",
        (
            (
                5,
                r"minimum (?:\w+ ){0,3}(?:orders?|purchase|amount"
                r"|quantit|commit|guarant|volume|payment|royalt|fee"
                r"|number|units|requirement)",
            ),
            (
                4,
                r"(?:purchase|order|buy|pay|sell|deliver)\w* .{0,100}(?:at least"
                r"|no less than|not less than|a minimum|minimum)",
            ),
            (2, r"minimum|take[- ]or[- ]pay|firm order"),
            (1, r"at least|no(?:t)? (?:fewer|less) than"),
        ),
        needs=4,
    ),
    Topic(
        "use beyond a threshold",
        r"threshold|volume restriction|exceeds? certain",
        (
            (
                4,
                r"(?:exceed|in excess of|more than|over|beyond|above).{0,160}(?:fees?"
                r"|charges?|price|rates?|consent|pay|cost)\b",
            ),
            (
                3,
                r"(?:additional|overage|extra|excess).{0,40}(?:fees?"
                r"|charges?|cost|units|users|copies)",
            ),
            (2, r"maximum (?:number|of|amount|quantity)|limited to|up to"),
        ),
        needs=6,
    ),
    Topic(
        "warranty period",
        r"warrant",
        (
            (
                5,
                rf"warrant(?:y|ies|ed|s).{{0,300}}(?:period|term) of"
                rf"|warranty period|warrant.{{0,200}}\d+\)? {PERIOD}",
            ),
            (3, r"free (?:from|of).{0,40}defects?|defects? in|shall (?:conform|perform|meet)"),
            (
                2,
                rf"{PERIOD} .{{0,40}}(?:from|after|following|of).{{0,60}}(?:delivery"
                rf"|acceptance|shipment|installation|sale|date)",
            ),
            (1, r"warrants?|warranty"),
        ),
        needs=6,
    ),
    Topic(
        "licence",
        r"licen[sc]",
        (
            (
                5,
                r"\bgrants?\b.{0,160}(?:licen[sc]e|rights? to (?:use"
                r"|market|sell|distribut|display|reproduc))",
            ),
            (
                3,
                r"(?:exclusive|royalty-free|worldwide|perpetual|irrevocable"
                r"|limited|revocable).{0,80}(?:licen[sc]e|right)",
            ),
            (3, r"(?:hereby|herein) grants?"),
            (1, r"licen[sc]e|sub-?licen"),
        ),
        needs=5,
    ),
    Topic(
        "confidentiality",
        r"confidential|secret|non-?disclosure",
        (
            (3, r"confidential information|keep .{0,40}confidential|in confidence|non-?disclosure"),
            (3, r"(?:not|never).{0,80}(?:disclos|divulg|reveal)"),
        ),
    ),
    Topic(
        "disputes",
        r"dispute|arbitrat|mediat|\bcourts?\b|jurisdiction",
        (
            (4, r"arbitrat|mediation|submit to .{0,40}jurisdiction|exclusive jurisdiction|venue"),
            (2, r"disputes?|controvers|courts? of|jurisdiction"),
        ),
    ),
    Topic(
        "indemnity",
        r"indemni|hold harmless",
        ((4, r"indemnif(?:y|ies|ied|ication)|hold .{0,20}harmless"), (1, r"losses|claims|damages")),
    ),
    Topic(
        "payment",
        r"how much|\bpay(?:s|able|ment|ments)?\b|\bprice|\bfees?\b|\bcost|\brent\b",
        (
            (3, r"\b(?:shall|will|agrees? to|must) pay|(?:is|are) (?:due|payable)|payable"),
            (3, r"[$€£] ?\d|\bu\.?s\.? dollars|\d ?%"),
            (1, r"invoice|fees?\b|price|rent\b"),
        ),
    ),
)
