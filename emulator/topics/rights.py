"""What may pass on, who owns it, and how far one is liable."""

from .topic import PERIOD, Topic

TOPICS = (
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
            (1.5, rf"(?:claim|action|suit).{{0,100}}within .{{0,30}}{PERIOD}"),
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
)
