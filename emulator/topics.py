"""General knowledge of how contracts speak: what a question is about, and the wording that
answers it.

A topic is recognised by words of the question. Its phrases are patterns of wording with a weight
each; a space in a pattern stands for any white space, ` ?` for none as well. Nothing here knows a
particular contract.
"""

import re
from dataclasses import dataclass
from functools import cached_property

_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
)
DATE = (
    rf"(?:{_MONTH} \d{{1,2}},? \d{{4}}|\d{{1,2}}(?:st|nd|rd|th)? (?:day of )?{_MONTH}"
    r"|\d{1,2}/\d{1,2}/\d{2,4})"
)
_PERIOD = r"(?:days?|weeks?|months?|years?)"
_END = r"(?:terminat|end (?:this|the) )"


@dataclass(frozen=True)
class Topic:
    """`asks` matches questions about it; `needs` is the least weight of phrases a passage must
    have. `opening` is the weight of standing at the very beginning of a document."""

    name: str
    asks: str
    phrases: tuple[tuple[float, str], ...]
    needs: float = 3.0
    opening: float = 0.0

    @cached_property
    def asked(self) -> re.Pattern[str]:
        return _compile(self.asks)

    @cached_property
    def patterns(self) -> tuple[tuple[float, re.Pattern[str]], ...]:
        return tuple((weight, _compile(pattern)) for weight, pattern in self.phrases)


def _compile(pattern: str) -> re.Pattern[str]:
    spaced = pattern.replace(" ?", r"\s*").replace(" ", r"\s+")
    return re.compile(spaced, re.IGNORECASE | re.DOTALL)


def about(question: str) -> list[Topic]:
    """The topics of a question, the most specific first; empty when none is recognised."""
    return [topic for topic in TOPICS if topic.asked.search(question)]


# Specific ones first: the first that matches a question leads.
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
                rf"{_END}.{{0,120}}(?:for convenience|without cause"
                r"|for any (?:or no )?reason|at any time|no reason"
                r"|sole discretion)|(?:at any time|without cause"
                rf"|for any reason|for convenience).{{0,80}}{_END}",
            ),
            (
                3,
                rf"(?:may|right to|entitled to|elect to|option to) (?:\w+ )?{_END}.{{0,160}}"
                rf"{_PERIOD}.{{0,40}}notice",
            ),
            (2, rf"(?:may|right to|entitled to) (?:\w+ )?{_END}"),
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
                rf"{_PERIOD}.{{0,40}}(?:prior to|before|in advance).{{0,60}}(?:expiration"
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
                rf"(?:period|term) of .{{0,40}}{_PERIOD}|{_PERIOD} (?:from"
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
    Topic(
        "change of control",
        r"change (?:of|in) control|merger|acquisition|takeover|acquired by",
        (
            (6, r"change (?:of|in) (?:\w+ )?control"),
            (
                3,
                r"(?:all or )?substantially all|(?:sale|transfer"
                r"|disposition) of .{0,60}(?:assets|stock|shares"
                r"|business)",
            ),
            (3, r"merger|merge|consolidat|reorganiz|acquired by|acquisition"),
            (
                2,
                r"operation of law|controlling interest|(?:majority"
                r"|50%|fifty percent).{0,60}(?:stock|shares|voting)",
            ),
            (2, r"assign|terminat|consent|notice"),
        ),
        needs=5,
    ),
    Topic(
        "transfer of a licence",
        r"non-?transferable|transfer the licen|licen[sc]e.{0,60}transferr?",
        (
            (6, r"non-? ?transferr?able|non-? ?assignable|not be transferr?able"),
            (3, r"(?:not|no|without).{0,80}(?:sub-?licens|assign|transfer).{0,80}(?:licen|right)"),
            (2, r"licen[sc]e.{0,200}(?:assign|transfer|sub-?licens)"),
        ),
        needs=4,
    ),
    Topic(
        "affiliates of the licensee",
        r"licensee.{0,80}affiliates?|affiliates? of (?:such |the )?licensee",
        (
            (4, r"grant.{0,200}affiliates?|affiliates?.{0,200}(?:right|licen[sc]e) to"),
            (3, r"licen[sc]e.{0,200}affiliates?|affiliates?.{0,200}licen[sc]e"),
            (2, r"(?:and|or) (?:its|their) affiliates?"),
        ),
        needs=6,
    ),
    Topic(
        "affiliates of the licensor",
        r"affiliates? of (?:the )?licensor|licensor.{0,30}affiliates?",
        (
            (5, r"licensor .{0,30}affiliates?|affiliates? of (?:the )?licensor"),
            (3, r"affiliates?.{0,60}grants?\b.{0,120}licen[sc]e"),
        ),
        needs=5,
    ),
    Topic(
        "assignment",
        r"assign(?:ed|ment|able|ing)? |transferred to a third",
        (
            (
                5,
                r"(?:may not|shall not|not be|neither|nor|no party"
                r"|cannot).{0,100}(?:assign|transfer)",
            ),
            (
                4,
                r"assign.{0,160}(?:consent|approval|permission)|(?:consent|approval).{0,100}assign",
            ),
            (2, r"\b(?:assign|assigned|assignment|assignable)\b"),
            (1, r"permitted assigns|successors|delegate|null and void"),
        ),
        needs=4,
    ),
    Topic(
        "uncapped liability",
        r"uncapped|unlimited liab|uncap",
        (
            (
                5,
                r"(?:limitation|exclusion|cap|foregoing|section)s?.{0,80}(?:not apply"
                r"|not limit)|nothing .{0,80}(?:limit|exclude)s?.{0,40}liab",
            ),
            (
                4,
                r"(?:except|other than|excluding|save) .{0,160}(?:indemnif"
                r"|confidential|gross negligence|willful|wilful|fraud"
                r"|infring)",
            ),
            (
                3,
                r"liab(?:le|ility).{0,250}(?:except|other than|unless"
                r"|gross negligence|willful)|except.{0,120}liab",
            ),
            (2, r"(?:consequential|indirect|incidental|punitive|special).{0,80}damages"),
        ),
        needs=6,
    ),
    Topic(
        "limits of liability",
        r"cap on liab|limit.{0,30}liab|liab.{0,40}(?:cap"
        r"|limit|maximum)|how much .{0,40}liable|\bliable\b",
        (
            (
                4,
                r"(?:aggregate|total|maximum|entire|cumulative) (?:\w+ )?liability"
                r"|liability.{0,160}(?:exceed|limited to)",
            ),
            (
                4,
                r"(?:in no event|under no circumstances|neither party"
                r"|no party|shall not|not be).{0,100}\b(?:liab|responsible)",
            ),
            (
                3,
                r"(?:indirect|consequential|incidental|punitive|special"
                r"|exemplary)[,\w/ ]{0,80}damages",
            ),
            (2, r"(?:lost|loss of) (?:profits?|revenues?|business)|limitations? of liability"),
            (1.5, rf"(?:claim|action|suit).{{0,100}}within .{{0,30}}{_PERIOD}"),
        ),
        needs=4,
    ),
    Topic(
        "audit",
        r"\baudit|inspect|books and records|books, records",
        (
            (4, r"\baudit(?:s|ed|ing|ors?)?\b"),
            (
                3,
                r"books (?:and|of|,).{0,20}(?:records?|accounts?)"
                r"|accurate.{0,40}records|access to .{0,80}(?:records"
                r"|books|facilit|premises)",
            ),
            (
                2.5,
                r"(?:right|permit|entitled|allow)\w* .{0,60}(?:inspect"
                r"|examine|review)|\binspect(?:ion)?\b",
            ),
            (1, r"(?:reasonable|prior).{0,30}notice|business hours"),
        ),
    ),
    Topic(
        "perpetual licence",
        r"irrevocable|perpetual",
        (
            (4, r"irrevocabl[ey]|irrevocable"),
            (4, r"perpetual|in perpetuity"),
            (2, r"licen[sc]e|right"),
        ),
        needs=5,
    ),
    Topic(
        "unlimited licence",
        r"all[- ]you[- ]can[- ]eat|unlimited usage|enterprise licen",
        (
            (
                5,
                r"unlimited .{0,60}(?:right|licen|use|access|number"
                r"|users)|enterprise(?:-wide)? licen|all-you-can-eat",
            ),
            (2, r"(?:use|licen[sc]e).{0,60}unlimited|without (?:limit|restriction)"),
        ),
        needs=5,
    ),
    Topic(
        "escrow",
        r"escrow|source code",
        ((5, r"source code.{0,200}escrow|escrow.{0,200}source code"), (1, r"escrow|source code")),
        needs=5,
    ),
    Topic(
        "joint ownership",
        r"joint|shared ownership|co-?own",
        (
            (6, r"joint(?:ly)?[- ]+(?:own|ownership|developed|invent|property|title|held)|co-?own"),
            (
                3,
                r"(?:own|title|propert|invent|intellectual|patent).{0,120}joint(?:ly)?"
                r"|joint(?:ly)?.{0,80}(?:own|propert|invention|intellectual"
                r"|patent)",
            ),
        ),
        needs=6,
    ),
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
                rf"|warranty period|warrant.{{0,200}}\d+\)? {_PERIOD}",
            ),
            (3, r"free (?:from|of).{0,40}defects?|defects? in|shall (?:conform|perform|meet)"),
            (
                2,
                rf"{_PERIOD} .{{0,40}}(?:from|after|following|of).{{0,60}}(?:delivery"
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
