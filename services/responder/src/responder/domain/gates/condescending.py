"""Looking down on the customer, as frames: who should have known, read or understood what (S88).

Not single phrases but their build: told before, known to all, easy anyway, it would have been
enough to read, you misunderstood. Each frame is German or English and needs all its parts.
"""

from __future__ import annotations

from responder.domain.gates.frames import either, frames

_SAID = (
    r"(?:gesagt|erwähnt|geschrieben|mitgeteilt|erklärt|erläutert|ausgeführt|angemerkt|dargelegt"
    r"|kommuniziert|hingewiesen|klargestellt|betont|beantwortet|genannt|beschrieben)"
)
_SAID_EN = (
    r"(?:said|told|mentioned|explained|stated|written|pointed out|answered|informed|clarified"
    r"|covered|communicated|advised)"
)
_READS = (
    r"(?:liest|lesen|gelesen|durchliest|informiert|hinschaut|hinsieht|nachdenkt|mitdenkt|aufpasst"
    r"|zuhört|nachliest|googelt|recherchiert|nachschaut|auskennt|überlegt|hinguckt|beachtet)"
)
_CLEAR = (
    r"(?:einfach|leicht|simpel|logisch|klar|selbsterklärend|offensichtlich|verständlich"
    r"|nachvollziehbar|bekannt|banal|trivial|ersichtlich|eindeutig|selbstverständlich)"
)
_PARTICLE = r"(?:doch|ja|eigentlich|nun|wirklich|an sich|im grunde|echt|schließlich|wohl|übrigens)"

_GERMAN = either(
    # told before
    rf"(?:wie|das|dies|darauf|es|ihnen|dir|wir|ich)\b[^.!?,]{{0,30}}\b(?:bereits|schon|mehrfach"
    rf"|mehrmals|wiederholt|zigmal|oft|zweimal|dreimal)\b[^.!?,]{{0,40}}(?<!\bnicht )\b{_SAID}\b",
    r"(?:nur |noch ?mals? |kleine |freundliche )(?:zur )?erinnerung[:,]"
    r"|(?:darf|dürfen|möchte|muss) (?:ich |wir )?(?:sie |dich )?(?:nochmals? |noch einmal )?daran"
    r" erinnern",
    r"(?:erklär|erläuter|sag|wiederhol|schreib)\w*[^.!?]{0,40}\b(?:ein (?:zweites|drittes|viertes"
    r"|letztes|weiteres) mal|langsam\b|zum \w+ mal|(?:noch ?mal|noch einmal) (?:für (?:sie|dich)"
    r"|ganz in ruhe|in ruhe|ganz einfach)|extra für (?:sie|dich)|in einfachen worten"
    r"|idiotensicher|für anfänger)|\w*vorkauen|vorgekaut",
    # known to all
    r"wie (?:sie|du|ihr) (?:\w+ ){0,2}(?:sicher(?:lich)?|bestimmt|ja|doch|hoffentlich|vielleicht"
    r"|vermutlich|selbst|eigentlich|natürlich) (?:\w+ )?(?:wissen|weißt|wisst|gelesen|sehen können)"
    r"|wie (?:sie|du|ihr)[^.!?,]{0,30}\b(?:wissen|gelesen haben|bemerkt haben) (?:sollten|müssten"
    r"|solltest|müsstest|dürften)",
    r"(?:sie wissen|du weißt|ihnen ist|dir ist) (?:doch|ja|sicher(?:lich)?|hoffentlich|bestimmt"
    r"|wohl)(?: \w+){0,3}?(?:,? (?:dass|was|wie)\b| bekannt| bewusst| klar)",
    r"versteht sich (?:doch |ja |eigentlich )*von selbst|liegt (?:doch |ja |wohl )*auf der hand"
    r"|selbstredend|bekanntermaßen|hinlänglich|binsenweisheit|grundwissen|basiswissen|grundlagen"
    r" (?:der|des|sollte|kennen|beherrsch)|das einmaleins",
    r"jede[rsm]?(?: \w+){0,2} (?:weiß|versteht|schafft|begreift|kennt|sieht|kapiert|wüsste"
    r"|hinbekommt)\b|(?:schafft|versteht|begreift|kann|weiß|sieht|kapiert|merkt) (?:doch |ja"
    r" |nun |wirklich |eigentlich |wohl |selbst |sogar )*jede[rs]?\b"
    r"|weiß man (?:doch|ja|eigentlich|als)",
    r"(?:auch|selbst|sogar) (?:für|von|bei) (?:sie|ihnen|dir|dich|laien|anfänger\w*|ungeübte\w*)"
    r" (?:verständlich|nachvollziehbar|machbar|zu (?:schaffen|verstehen)|erkennbar|leicht|einfach)",
    r"(?:als|für) (?:laie\w*|anfänger\w*|einsteiger\w*|ungeübte\w*|neuling\w*)[^.!?]{0,40}"
    r"(?:nicht (?:wissen|verstehen|kennen)|schwer|verwirrend|überforder\w*|schwierig)",
    # easy anyway
    rf"(?:ist|sind|war|wäre|dürfte|sollte) {_PARTICLE}(?: (?!nicht|kein|un|noch|jetzt)\w+){{0,2}}"
    rf" {_CLEAR}(?=[,.!?]|$| (?:oder|zu|sein|und|geregelt|beschrieben|erklärt|formuliert))"
    rf"|(?:eigentlich|im grunde|an sich) (?:ganz |recht |ziemlich )?{_CLEAR}(?=[,.!?]|$| zu| und)",
    r"(?:doch|ja|wirklich|eigentlich|nun|echt|nun wirklich) (?:\w+ )?nicht (?:\w+ ){0,2}(?:schwer"
    r"|schwierig|kompliziert|viel verlangt|zu viel verlangt)|nicht (?:so|allzu|sonderlich|derart)"
    r" (?:schwer|schwierig|kompliziert)|(?:eigentlich|wirklich|doch|nun) kein (?:problem|kunststück"
    r"|geheimnis|ding)\b|kunststück|zu viel verlangt",
    r"(?:natürlich|selbstverständlich|logischerweise|klar(?:erweise)?) (?:muss|sollte|müssen"
    r"|sollten|braucht|gehört|müsste) (?:man|der|die|das|sie|du)\b(?![^.!?]*\b(?:nicht|nichts"
    r"|kein))",
    # reading would have been enough
    r"(?:steht|stehen|stand|nachzulesen|nachlesen|findet man|finden sie|findest du|zu finden"
    r"|ersichtlich|entnehmen|hinterlegt)\b[^.!?]{0,40}\b(?:ohne weiteres|unübersehbar|ausdrücklich"
    r"|unmissverständlich|eindeutig|klar und deutlich|klar|schwarz auf weiß|fett|groß genug"
    r"|übrigens|bereits seit|wie immer)\b|(?:ohne weiteres|unübersehbar|unmissverständlich"
    r"|klar und deutlich|schwarz auf weiß|ausdrücklich|eindeutig) (?:\w+ ){0,4}(?:steht|stand"
    r"|nachzulesen|angegeben|vermerkt|beschrieben|geregelt|hingewiesen|zu lesen)",
    r"(?:blick|lesen|nachlesen|nachdenken|recherche|suche|lektüre|googeln|mausklick|aufmerksamkeit"
    r"|überlegung)[^.!?]{0,50}\b(?:hätte|hätten|erspart|ersparen|genügt|gereicht|reicht"
    r"|beantwortet|weiterhelfen|wirkt wunder|schadet|lohnt)",
    r"mit (?:nur )?(?:etwas|ein bisschen|ein wenig|mehr|ein klein(?:es)? (?:wenig"
    r"|bisschen)) (?:\w+ "
    r")?(?:geduld|wille\w*|logik|interesse|sorgfalt|\w*verständnis|recherche|übung|vorbereitung"
    r"|konzentration|überlegung|lesen|hinschauen)[^.!?]{0,30}\b(?:hätte|wäre|würde|findet|finden"
    r"|versteht|kommt|kommen|sollte|geht|klappt|schafft|kann)\w*",
    rf"(?:wer|wenn man|wenn sie|wenn du)\b[^.!?]{{0,50}}\b{_READS}(?: (?:hat|haben|hast|hätte\w*"
    rf"|würde\w*))?,|(?:wer|wenn man) [^.!?]{{0,40}}\b(?:richtig|genau|aufmerksam|vorher|gründlich"
    rf"|sorgfältig|ordentlich)\b[^.!?]{{0,30}},",
    r"(?:lies|lesen sie|lest|liest du)\b[^.!?]{0,60}\b(?:noch ?mals?|noch einmal|erneut|in ruhe"
    r"|erst(?:mal| einmal)?|zuerst|bis zum ende|zu ende|einfach)\b|(?:erst|zuerst) (?:\w+ )?"
    r"(?:lesen|denken|nachdenken|informieren|prüfen|schauen|überlegen),? (?:dann|und dann|bevor)",
    r"(?:informieren|machen|lesen|befassen|beschäftigen) sie sich[^.!?]{0,30}\b(?:erst|vorher|mal"
    r"|einmal|zunächst|zuerst|besser)\b|(?:informier|mach|beschäftig) dich[^.!?]{0,20}\b(?:erst"
    r"|vorher|mal|zuerst|besser)\b",
    r"(?:beim|das) nächste[ns]? mal (?:bitte |vielleicht |einfach |doch |sollten sie |solltest du "
    r"|lesen sie |erst |vorher )*(?:genauer|besser|erst|vorher|einfach|richtig|aufmerksamer"
    r"|gleich|vielleicht)\b",
    # you misunderstood, you should have
    r"(?:sie haben|du hast|haben sie|hast du)(?: (?!uns\b|wir\b|recht\b)\w+){0,6} (?:falsch "
    r"verstanden|missverstanden|missdeutet|verwechselt|überlesen|nicht (?:richtig |ganz |genau )?"
    r"(?:gelesen|verstanden|beachtet|aufgepasst|zugehört|berücksichtigt|befolgt|mitbekommen"
    r"|bedacht))|(?:da|hier) (?:irren|täuschen) sie sich|da (?:irrst|täuschst) du dich",
    r"(?:sie scheinen|du scheinst|scheinen sie|scheinst du|ihnen scheint|dir scheint)\b"
    r"(?![^.!?]{0,60}(?:erhalten|bekommen))[^.!?]{0,70}\b(?:nicht|kein\w*|falsch|miss\w+"
    r"|verwechsel\w*|überlesen|übersehen|entgangen|unbekannt|vergessen)",
    r"(?:offen(?:bar|sichtlich)|anscheinend|scheinbar|augenscheinlich) (?:kennen|kennst|wissen"
    r"|weißt|verstehen|verstehst|lesen|liest|fehlt|ist|wurde)\b[^.!?]{0,30}\b(?:sie|du|ihnen|dir)\b"
    r"[^.!?]{0,50}\b(?:nicht|kein\w*|unbekannt|entgangen|neu)",
    r"(?:sollte(?:n|st)?|müsste(?:n|st)?|dürfte(?:n|st)?) (?:man|sie|du|ihr|jede\w*|ein\w* \w+)\b"
    r"[^.!?]{0,40}\b(?:eigentlich|doch|schon|als|auch|vor|bereits|wohl|selbst|inzwischen"
    r"|mittlerweile)\b[^.!?]{0,40}\b(?:wissen|kennen|klar sein|verstehen|verstanden haben"
    r"|gelesen haben|können|hinbekommen|beherrschen)|eigentlich (?:sollte|müsste)\w* (?:man|sie"
    r"|du|jede\w*)[^.!?]{0,50}\b(?:wissen|kennen|verstehen|können|klar)",
    r"(?:hätten sie|hättest du|hätte man|sie hätten|du hättest)\b[^.!?]{0,60}\b(?:selbst|selber"
    r"|leicht|ohne weiteres|problemlos|einfach|vorher|früher|rechtzeitig|genauer)\b[^.!?]{0,40}"
    r"(?:ge\w+(?:t|en)\b|können|müssen|sollen)",
    r"was (?:haben|hatten) sie (?:denn |eigentlich )?(?:erwartet|gedacht)|was hast du (?:denn )?"
    r"(?:erwartet|gedacht)|in den sinn gekommen|nicht zu fassen,? (?:dass|wie)",
    r"(?:guter mann|junger mann|junge dame|junge frau|mein lieber|mein guter|meine gute|schätzchen"
    r"|herzchen|mein freundchen)\b|keine ahnung von (?:technik|motor\w*)",
)

_ENGLISH = either(
    rf"(?:as|like) (?:i|we)(?:['’]ve|['’]d| have| had)? (?:\w+ )?{_SAID_EN}(?: (?:you|this|that"
    rf"|it))?"
    r"[^.!?]{0,20}\b(?:before|already|earlier|above|twice|times|previously|in (?:our|my) (?:last"
    rf"|previous|first))|(?:i|we)(?:['’]ve| have)? (?:already|previously|repeatedly"
    rf"|clearly) {_SAID_EN}"
    rf"|as {_SAID_EN} (?:\w+ ){{0,4}}(?:before|above|earlier|already|previously|last|previous"
    rf"|twice)"
    rf"|you (?:were|have been|['’]ve been) (?:already |clearly |repeatedly )+{_SAID_EN}"
    r"|(?:as )?per (?:my|our) (?:last|previous|earlier)|how (?:many|often) (?:more )?(?:times|do"
    r"|must)|once again[,:]|yet again[,:]",
    r"as you (?:\w+ )?(?:surely|probably|should|must|will|no doubt|certainly|well|hopefully"
    r"|ought to"
    r"|undoubtedly|really)(?: \w+)? (?:know|be aware|aware|realise|realize|remember|understand|seen"
    r"|read)|you are (?:surely|no doubt|hopefully|presumably) aware|surely you|i['’]m sure you"
    r" (?:know|realise|realize|are aware)|(?:may|must|need|let|might) (?:i|we|me"
    r"|us) (?:just )?remind"
    r"|just (?:a|to) remind(?:er)?",
    r"(?:any|every)(?:one|body) (?:who|with|should|that)[^.!?]{0,40}\b(?:knows?|understands?|sees?"
    r"|manages?|can (?:see|tell|read|do))\b|(?:any|every|most) (?:\w+ )?(?:rider|biker|customer"
    r"|driver|owner|person|adult|child|kid|people|riders)s? (?:should |would |can |could )?(?:know"
    r"|understand|manage|see|tell|figure|do this|do that)s?\b|goes without saying",
    r"(?:quick|brief|simple|closer|careful|short|single|proper) (?:look|glance|read|search|google)"
    r"\b[^.!?]{0,50}\b(?:would|should|will|could|might|is all|was all)|would have (?:answered|saved"
    r"|spared|told you|shown you|avoided)|reading (?:it|the|our|that)[^.!?]{0,40}\b(?:would|might"
    r"|helps|should)|had you (?:\w+ )?\w+ed\b",
    r"(?:re-?read|read|look at|check|go through|go over)\b[^.!?]{0,50}\b(?:again|once more|properly"
    r"|carefully|thoroughly|before (?:you (?!ride|drive|start)|replying|posting|asking|complaining"
    r"|writing|commenting|ordering|buying))|next time,? (?:please|you|try|maybe|perhaps|just|do"
    r"|read|remember|kindly)|(?:read|think|check|look) (?:first|before you (?:post|write|complain"
    r"|ask|speak|buy|order|comment))",
    r"you(?:['’]ve| have)? (?:seem to have |appear to have |must have |clearly |obviously |simply "
    r"|just |completely |probably |apparently )*(?:misunderst\w+|misread|overlooked|confused"
    r"|mixed up"
    r"|missed the point|failed to|neglected to|forgotten to|forgot to|got it wrong)|you (?:seem"
    r"|appear) (?:to (?:think|believe|forget|assume|be (?:confus|unaware|under)|misunderst"
    r"|be having)|confused|unaware|not to|unable)",
    r"(?:^|[.!?] |well, |but |, )(?:obviously|clearly|naturally|evidently|logically),? (?:the"
    r"|you|one"
    r"|a|this|that|it|your)\b(?![^.!?]*\b(?:our|we|us|right)\b)|(?:is|are|was"
    r"|it['’]s) (?:pretty |quite "
    r"|rather |fairly |really |actually |perfectly |surely )(?:simple|straightforward|obvious"
    r"|logical"
    r"|self[- ]explanatory|basic|clear|easy)(?=[,.!:]|$| to| if| when| really| enough)"
    r"|(?<!not )self[- ]explanatory|(?:basic|elementary|simple) (?:knowledge|logic|maths?|physics"
    r"|arithmetic|stuff|reading)|(?:simple|easy) enough,? (?:really|even|to)|hardly (?:a mystery"
    r"|rocket|difficult|complicated|hard)|no (?:great )?mystery|abc of|101\b",
    r"(?:clearly|plainly|explicitly|quite plainly) (?:says|states|stated|written|mentioned|printed"
    r"|described|explained|marked|labelled|listed|set out|indicated)|(?:says|states|stated|written"
    r"|printed|there) (?:\w+ ){0,3}(?:in black and white|in bold|in plain|clearly|plainly"
    r"|for everyone"
    r"|for all)",
    r"(?:not sure|don['’]t know|wonder|unsure) how (?:\w+ ){0,4}(?:more|clearer|simpler|simply|else"
    r"|clearly|plainly)|any (?:more |much )?(?:simply|clearly|plainly|clearer|simpler|plainer)"
    r"|in (?:very "
    r"|really )?(?:simple|simpler|small|short) (?:terms|words|steps) (?:for you|so you"
    r"|so that you)|words"
    r" of one syllable|dumb (?:it|this) down|simplify (?:it|this) for you|explain (?:it |this "
    r"|that )?"
    r"(?:to you )?(?:again|once more|slowly|in simple|like you)|spell(?:ing)? (?:it|this) out"
    r"|step by"
    r" step,? (?:slowly|again|so)|one more time",
    r"(?:i|we|one)(?:['’]d| would)?(?: have)? (?:thought|assumed|expected|hoped"
    r"|imagined)[^.!?]{0,30}\b"
    r"(?:obvious|clear|self|common|you (?:would|could|knew|know)|anyone|that much|by now|everyone)"
    r"|what did you expect|did it not occur|has it (?:ever )?occurred|have you (?:considered"
    r"|tried|thought"
    r" (?:of|about)) (?:actually|simply|just|reading|looking|asking|checking|using|turning"
    r"|switching)"
    r"|how (?:can|could|is it possible|do) (?:that )?you (?:not|still|even|miss)|did nobody"
    r"|you (?:just|only|simply|merely) (?:need|have|had|needed) to (?:think|read|look|use your"
    r"|pay|listen"
    r"|open your)|even (?:you|a beginner|beginners|a novice|my \w+) (?:can|could|should|would"
    r"|will|know)",
    r"you (?:should|ought to|must|need to) (?:really |already |probably |surely |at least |have )*"
    r"(?:known|know (?:this|that|by|better)|be aware|understand (?:how|that (?:a|the|this))"
    r"|learn|be able"
    r" to (?:see|work|figure|do|find|read))|you would (?:know|have known|have seen|have noticed)"
    r"|(?:technical|complex|complicated|advanced|confusing|difficult) for (?:you|someone|a layman"
    r"|beginners|some people)|young (?:man|lady)|sweetheart|my dear\b|with (?:a (?:little"
    r"|bit of) |some )"
    r"(?:patience|effort|thought|care|common sense|attention|logic|research)",
)

CONDESCENDING_FRAMES = frames(_GERMAN, _ENGLISH)
