"""Words that say nothing of what a text is about: articles, pronouns, auxiliaries and the like.

General ones only: a word of contracts may be what somebody looks for. By ISO code of the language;
they also vote for the language a text is in.
"""

from __future__ import annotations

STOPS: dict[str, frozenset[str]] = {
    code: frozenset(words.split())
    for code, words in {
        "en": """
            a an the this that these those it its he him his she her hers they them their theirs we
            us our ours you your yours i me my mine who whom whose which what when where why how
            and or but nor if then than so as at by for from in into of off on onto out to up with
            without about over under between through during before after above below again further
            once here there all any both each few more most other some such no not only own same
            too very can could may might must shall should will would do does did doing done have
            has had having be am is are was were been being just also because whether while until
            upon within via per tell show please describe explain list s t don didn doesn isn aren
            wasn weren
        """,
        "de": """
            der die das den dem des ein eine einer eines einem einen und oder aber nicht kein keine
            keiner ich du er sie es wir ihr ihm ihn ihnen uns euch mein dein sein ihre ihrer ihres
            ihrem ihren unser wer wen wem wessen was welche welcher welches wann wo warum wie ist
            sind war waren bin bist sei seien wird werden wurde wurden worden kann können konnte
            muss müssen soll sollen darf dürfen hat haben hatte hatten zu zum zur von vom mit in im
            ins an am auf aus bei beim für gegen durch über unter um nach vor als wenn dass daß ob
            so auch nur noch sich dieser diese dieses diesem diesen jener jene jenes man da hier
            dort sowie
        """,
        "fr": """
            le la les l un une des du de d et ou mais ni ne pas n je tu il elle on nous vous ils
            elles me te se s lui leur leurs mon ma mes ton ta tes son sa ses notre nos votre vos
            qui que qu quoi dont où quand comment pourquoi quel quelle quels quelles est sont était
            étaient être été sera seront soit a ont avait avoir eu au aux à en dans par pour sur
            sous avec sans entre vers chez ce c cet cette ces cela ça si comme plus moins aussi y j
            m t peut peuvent doit doivent fait
        """,
        "es": """
            el la los las un una unos unas y o u pero ni no yo tú él ella nosotros vosotros ellos
            ellas me te se lo le les mi mis tu tus su sus nuestro nuestra que qué quien quién cual
            cuál cuando cuándo donde dónde como cómo por porque para de del al a en con sin sobre
            entre hasta desde es son era eran ser sido será serán está están fue fueron ha han
            había haber hay este esta estos estas ese esa esos esas aquel aquella si más menos muy
            también ya puede pueden debe deben
        """,
        "it": """
            il lo la i gli le l un uno una e ed o ma né non io tu egli lui lei noi voi essi loro mi
            ti si ci vi mio mia tuo tua suo sua suoi sue nostro nostra che chi cui quale quali
            quando dove come perché di del dello della dei degli delle a al allo alla ai agli alle
            da dal dalla dai in nel nello nella nei nelle con su sul sulla per tra fra è sono era
            erano essere stato stata sarà ha hanno aveva avere questo questa questi queste quello
            quella se più meno anche può possono deve devono
        """,
        "pt": """
            o a os as um uma uns umas e ou mas nem não eu tu ele ela nós vós eles elas me te se lhe
            lhes meu minha teu tua seu sua seus suas nosso nossa que quem qual quais quando onde
            como porque de do da dos das em no na nos nas ao à aos às por pelo pela pelos pelas
            para com sem sobre entre até desde é são era eram ser sido será foi foram está estão
            tem têm havia há este esta estes estas esse essa isso aquele aquela mais menos muito
            também já pode podem deve devem
        """,
        "nl": """
            de het een en of maar niet geen ik jij je hij zij ze wij we jullie u hem haar hun ons
            mij mijn jouw zijn uw onze wie wat welke welk wanneer waar waarom hoe is was waren ben
            bent wordt worden werd werden geworden kan kunnen kon moet moeten zal zullen zou mag
            mogen heeft hebben had van voor met in op aan uit bij door over onder tussen naar tot
            om te als dan dat die dit deze er ook nog wel zo
        """,
        "ru": """
            и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только
            ее её мне было вот от меня еще ещё нет о из ему когда даже ну ли если или ни быть был
            него до вас уж вам ведь там потом себя ничего ей может они тут где есть надо ней для мы
            тебя их чем была сам чтоб без чего раз тоже себе под будет кто этот того потому этого
            какой ним здесь этом один почти мой тем чтобы нее были куда зачем всех при об это эта
            эти который которая которое которые
        """,
        "ar": """
            في من على إلى الى عن مع هذا هذه ذلك تلك الذي التي الذين ما ماذا متى أين كيف لماذا هل أو
            او و ثم أن ان إن لا لم لن قد كان كانت يكون تكون هو هي هم نحن أنا أنت كل بعض غير بين حتى
            إذا عند بعد قبل كما أي
        """,
    }.items()
}
