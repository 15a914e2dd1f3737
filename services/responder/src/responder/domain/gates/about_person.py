"""About the person instead of the matter, and insults, as frames (S87).

Words that are harmless of things ("dicht", "dumm gelaufen", "profile") count only where the
customer is named as the one they are said of.
"""

from __future__ import annotations

from responder.domain.gates.frames import either, frames

_TRAIT = (
    r"(?:schwierig|anstrengend|nervig|unangenehm|merkwürdig|seltsam|unhöflich|undankbar|ungeduldig"
    r"|überempfindlich|empfindlich|humorlos|verbohrt|stur|arrogant|überheblich|peinlich"
    r"|uneinsichtig"
    r"|unfähig|unbelehrbar|realitätsfern|unerfahren|ungeschickt|unverschämt|respektlos|egoistisch"
    r"|neidisch|faul|launisch|cholerisch|unsympathisch|pedantisch|kleinkariert|verwöhnt|ahnungslos"
    r"|inkompetent|ungebildet|einfältig|hysterisch|zickig|geltungssüchtig|streitsüchtig)"
)
_MOTIVE = (
    r"(?:rabatt\w*|gratis|umsonst|geld|aufmerksamkeit|ärger|stress|streit|stimmung|provozier\w*"
    r"|wichtig\w*|herausschlagen|rausschlagen|abzocken|profit|vorteil\w*|likes|klicks|reichweite"
    r"|dampf|frust|schaden|schlecht ?machen|meckern|beschweren|nörgeln|streiten|geschenk\w*"
    r"|selbst ?darstell\w*|profilier\w*|beachtung|applaus|auffallen|sparen|drücken|ausnutzen)"
)
_LACK = (
    r"(?:anstand|respekt|verständnis|verstand|geduld|erziehung|benehmen|wissen|erfahrung|bildung"
    r"|humor|intelligenz|reife|sachkenntnis|ahnung|niveau|können|talent|manieren|höflichkeit"
    r"|kompetenz|einsicht|selbstbeherrschung|grips|hirn|fachwissen)"
)

_PERSONAL_DE = either(
    r"(?:bei|mit) (?:ihr|dein)e[rnm]? (?:\w+ )?(?:art(?! von| der)|einstellung(?! der| des| am"
    r"| von)"
    r"|haltung|attitüde|mentalität|denkweise|auftreten|verhalten|fahrstil|gewicht|statur|figur"
    r"|körper\w*|gehalt|einkommen|charakter|laune|temperament|nerven|bildung\w*|wissensstand)\b",
    r"(?:in|für) (?:ihr|dein)(?:em)? alter\b(?! (?:gilt|bekomm|gelten))|(?:ihre|deine)r? generation"
    r"|(?:sie sind|du bist|sind sie|bist du)(?: \w+){0,3} zu (?:alt|jung|dick|schwer|klein|langsam"
    r"|blöd|unsportlich|ungeschickt)\b|(?:mit|bei) [^.!?]{0,25}\b(?:follower\w*|abonnent\w*"
    r"|reichweite)"
    r"\b[^.!?]{0,60}\b(?:würde|sollte\w*|interessier\w*|niemand\w*|kein\w*|nicht|laut|glaub\w*"
    r"|beeindruck\w*|kaum|wen)\b|(?:ihre|deine)\w* (?:\w+ )?(?:follower|abonnenten)\b",
    rf"(?:sie|du|ihr|ihnen|dir) (?:wollen|willst|möchten|möchtest|suchen|suchst|hoffen|hoffst"
    rf"|versuchen|versuchst|wollten|geht es|ging es)\b[^.!?]{{0,30}}\b(?:doch|ja|offenbar|wohl"
    rf"|nur|bloß"
    rf"|anscheinend|sowieso|gar nicht)\b[^.!?]{{0,50}}\b{_MOTIVE}\b|(?:geht|ging) es (?:ihnen"
    rf"|dir)\b"
    r"[^.!?]{0,30}\b(?:nur|gar nicht|bloß|doch)\b|(?:ihnen|dir) (?:geht"
    r"|ging) es (?:\w+ ){0,3}(?:nur"
    r"|gar nicht|nicht|bloß|doch)\b|wichtig(?:zu)?(?: zu)? ?(?:machen|tun)\b|(?:sie"
    r"|du)\b[^.!?]{0,30}"
    r"\b(?:aus|vor) (?:langeweile|neid|frust|geltungs\w+|bosheit|prinzip)",
    rf"(?:ihnen|dir|euch) (?:fehl(?:t|en)|mangelt)\b[^.!?]{{0,30}}\b{_LACK}|(?:fehl(?:t|en)"
    rf"|mangelt)(?: es)?"
    rf" (?:ihnen|dir|euch)\b[^.!?]{{0,30}}\b{_LACK}|(?:sie haben|du hast|haben sie"
    rf"|hast du)(?: \w+){{0,3}}"
    rf" (?:kein\w*|wenig|null) (?:\w+ )?{_LACK}",
    r"(?:beschwer|mecker|nörgel|jammer|schimpf|klag|motz)\w* (?:sie"
    r"|du)\b[^.!?]{0,30}\b(?:gern\w*|immer"
    r"|ständig|überall|dauernd|ja|offenbar|wohl|alles|jede\w*|so)\b|(?:sie|du) (?:beschwer"
    r"|mecker|nörgel"
    r"|jammer|schimpf|motz)\w*\b[^.!?]{0,30}\b(?:gern\w*|immer|ständig|überall|dauernd|offenbar"
    r"|wohl"
    r"|grundsätzlich|jede\w*)\b|immer (?:etwas|was) zu (?:meckern|nörgeln|beanstanden)",
    r"(?:was für ein\w*|welche[rs]?|so ein\w*|welche sorte|die sorte|diese sorte"
    r"|genau die) (?:\w+ )?"
    r"(?:mensch(?:en)?|typ(?:en)?|kunde\w*|charakter|zeitgenosse\w*"
    r"|fahrer(?:typ)?)\b(?! (?:haben|sind"
    r" uns))|geistes kind|einer von denen|wer (?:\w+ )?so (?:schreibt|redet|spricht|auftritt|sich"
    r" \w+|argumentiert|denkt|fährt|aussieht)|so (?:schreibt|redet|spricht|benimmt sich"
    r"|verhält sich)"
    r" (?:nur|wohl|kein\w*|doch|jemand)|(?:kein|jeder) (?:normaler?|vernünftiger?|anständiger?"
    r"|intelligenter?|erwachsener?|gebildeter?|richtiger?|echter?) (?:mensch|kunde|fahrer|biker"
    r"|motorradfahrer)\w*",
    rf"(?:sie sind|du bist|sind sie|bist du|sie wirken|du wirkst)(?: (?!zu recht|recht)\w+){{0,5}}"
    rf" {_TRAIT}(?:e[rnsm]?)?\b",
    r"(?:man|wir|ich)?\s?(?:merk(?:t|en|e)|sieht|sehen|liest|zeigt sich)(?: man"
    r"| wir)?(?: \w+){0,2},? dass"
    r" (?:sie|du)\b[^.!?]{0,60}\b(?:nicht\w*|kein\w*|nie|wenig|kaum)\b|(?:lern|üb)\w* (?:sie |du )?"
    r"[^.!?]{0,20}\b(?:komma\w*|deutsch|schreiben|rechtschreib\w*|grammatik|fahren|benehmen"
    r"|manieren)"
    r"|(?:duden|nachhilfe|deutschkurs|grundschule|rechtschreibprüfung|logopäd\w*|therap\w+"
    r"|psych(?:o|i)"
    r"\w+)\b|(?:ihr|dein)e?[rnms]? (?:\w+ )?(?:deutsch|kommentar(?:e|historie|verlauf)|selfies?"
    r"|urlaubsfotos"
    r"|beruf|job|figur|gewicht|frisur|nachname|dialekt|akzent|ego|hobby)\b[^.!?]{0,30}\b(?:lässt"
    r"|zeig\w*"
    r"|verrät|sagt|sagen|spricht|wundert|alles|übrig|erklärt|verraten)",
    r"(?:als|typisch) (?:frau|mann|blondine|hausfrau|ausländer\w*|ossi|wessi|städter\w*"
    r"|boomer)\b|(?:sie|du)"
    r"\b[^.!?]{0,50}\bnicht leisten\b|nicht leisten (?:können|kannst)|(?:sie|du|ihnen|dir|ihr"
    r"|wohl|heute)"
    r"\b[^.!?]{0,40}\b(?:schlechten tag|falschen (?:fuß|bein)|schlechte laune|schlecht geschlafen"
    r"|zu heiß gebadet|privat\w* (?:stress|probleme|ärger)|langeweile|probleme zu hause"
    r"|zu viel (?:zeit"
    r"|freizeit|sonne|getrunken))|schlechte laune|an die eigene nase|vor (?:ihrer"
    r"|deiner) (?:eigenen )?"
    r"(?:haus)?tür",
)
_TRAIT_EN = (
    r"(?:difficult|rude|bitter|jealous|lazy|ungrateful|arrogant|immature|childish|petty"
    r"|entitled(?! to)"
    r"|paranoid|negative|stubborn|clueless|incompetent|hysterical|unpleasant|unreasonable|demanding"
    r"|impossible|obsessed|oversensitive|too (?:old|young|sensitive|slow|heavy)|bored|lonely"
    r"|frustrated"
    r"|not (?:the )?(?:bright|smart|clever)\w*|hardly|no (?:expert|mechanic|real|engineer))"
)
_PERSONAL_EN = either(
    r"(?:at|for) your age|(?:someone|people|a (?:man|woman|person)) (?:of )?your (?:age|kind"
    r"|sort|type"
    r"|generation)|your generation|with (?:only |just |so few |your "
    r"|so little )?(?:\w+ )?(?:followers"
    r"|subscribers)|(?:count|number) of followers|your (?:\w+ )?followers",
    r"you(?:['’]re| are)? (?:just|only|simply|merely|clearly|obviously|probably) (?:trying"
    r"|looking (?:for a"
    r"|for att|to get)|after|here (?:to|for)|posting|doing (?:this|it)|seeking|out (?:to|for)"
    r"|complaining"
    r"|want(?:ing)? (?:to get|att|a discount|money|something|your))|you (?:only|just) (?:post|write"
    r"|complain|say|do|did|wrote|posted) (?:this|that|it|here)?\s?(?:for|to|because|when)",
    r"you (?:lack|have no|show no|clearly have no) (?:\w+ )?(?:manners|sense|patience|respect"
    r"|taste|clue"
    r"|class|skills?|brain|humou?r|knowledge|experience|decency|life|friends|idea)|you (?:always"
    r"|constantly"
    r"|seem to|must|clearly|just|obviously)? ?(?:enjoy|love|like to|live to) (?:complain|moan"
    r"|argu|whin"
    r"|mak\w* a fuss|be (?:negative|angry))\w*|you (?:always|constantly|never stop) (?:complain"
    r"|moan|whin"
    r"|argu|find fault)\w*|(?:it seems|seems like|looks like) you (?:enjoy|love|like|just want"
    r"|have nothing)",
    r"you(?:['’]re| are) (?:one|another one) of those|(?:kind|sort|type) of (?:person|customer"
    r"|people|man"
    r"|woman|rider)s? (?:you|who|that)|(?:any ?one|some ?one|people|a person"
    r"|those) who (?:writes?|talks?"
    r"|speaks?|behaves?|posts?|acts?|spells?|rides?) (?:like|this|that|so)|no(?:body|[- ]one)?"
    r" (?:with a (?:normal|real|proper)|(?:normal|decent|sane|serious|intelligent|reasonable|real)"
    r" (?:person|rider|customer|adult|man))|(?:hardly|not|no|never) (?:a|an) (?:real|serious"
    r"|proper|good"
    r"|true|experienced) (?:rider|biker|customer|person)",
    rf"you(?:['’]re| are|r being)(?: (?!right|welcome|invited|not )\w+){{0,3}} {_TRAIT_EN}\b"
    rf"|are you always"
    r" (?:this|so|like)|(?:must|should) (?:be )?(?:very |so )?(?:lonely|bored|jealous|sad) ",
    r"your (?:\w+ )?(?:attitude|manners|behaviou?r|spelling|grammar|upbringing|character"
    r"|personality|ego"
    r"|intelligence|looks|temper|mentality|lack of|punctuation|iq|vanity|greed"
    r"|english)\b(?! (?:manual|is fine|is great|is perfect|was right|is right"
    r"|version|language))|your (?:\w+ )?(?:profile|photos?|pictures?|posts?|comments?|history"
    r"|feed|selfies?"
    r"|bio|username|name|job|haircut)\b[^.!?]{0,25}\b(?:says?|tells?|speaks?|explains?|suggests?)\b"
    r" (?:a lot|it all|everything|me|us|enough|volumes|all|something about)|(?:judging (?:by"
    r"|from)|looking"
    r" at|from|going by) your [^.!?]{0,30}\byou(?:['’]re| are| have no| look| must| do ?n['’]t"
    r"| seem)",
    r"(?:learn|try learning|how) to (?:spell|write|ride|behave|punctuate|drive)\b|spell ?check\w*"
    r"|dictionary|you (?:clearly |obviously |probably |simply |just )?(?:can['’]?t|cannot"
    r"|could ?n['’]t)"
    r" (?:\w+ )?(?:afford|spell|ride|read|write|handle)|(?:it shows|we can tell|one can tell|it is"
    r" (?:clear|obvious)|it['’]s (?:clear|obvious)|clearly"
    r"|obviously) (?:that )?you (?:know nothing|have no"
    r"|have never|are no\b|are not|aren['’]t|can['’]?t|know (?:little|very little))"
    r"|as a (?:woman|man"
    r"|foreigner|girl)|for a (?:woman|girl)|(?:bad day|wrong side of the bed|problems at home"
    r"|anger issues"
    r"|medication|therap\w+|nothing better to do|time on your hands|get out more"
    r"|look(?:ed)? in (?:the|a)"
    r" mirror|look at yourself)",
)
PERSONAL_FRAMES = frames(_PERSONAL_DE, _PERSONAL_EN)

_FOOL = (
    r"(?:vollpfosten|trottel|idiot(?:en|in)?|vollidiot(?:en)?|depp(?:en)?|dummkopf|schwachkopf"
    r"|hohlkopf|spinner"
    r"|penner|arsch\w*|wichser|blödmann|hornochse|witzfigur|versager|loser|jammerlappen|heulsuse"
    r"|waschlappen|schmarotzer|pappnase|flachpfeife|nervensäge|schnösel|dummschwätzer|schwätzer"
    r"|klugscheißer|miststück|mistkerl|vollhonk|honk|spasti?|dumpfbacke|blödian|schwachmat\w*)"
)
_CALLED = (
    rf"(?:{_FOOL}|lügner\w*|betrüger\w*|gauner|abzocker|schwein|sau|hund|affe|esel|ratte|clown"
    rf"|kasper"
    r"|irre[rn]?|opfer|pfeife|zumutung|witz|lachnummer|schande|parasit|psycho|rüpel|flegel|prolet"
    r"|zicke|plage|nichtsnutz)"
)
_LOW = (
    r"(?:lächerlich|armselig|erbärmlich|jämmerlich|dämlich|dumm|dümmst|blöd|blödest|bescheuert"
    r"|bekloppt|hirnlos|hirnrissig|idiotisch|schwachsinnig|unterbelichtet|beschränkt|strohdumm|doof"
    r"|krank|peinlich|asozial|primitiv|widerlich|ekelhaft|minderbemittelt|unzurechnungsfähig)"
)
_RUBBISH = r"(?:blödsinn|schwachsinn|stuss|bullshit|quatsch|unsinn|müll|unfug|dreck|scheiß\w*)"
_LOW_EN = (
    r"(?:stupid|stupidest|dumb|dumbest|idiotic|moronic|pathetic|ridiculous|laughable|lame|brainless"
    r"|worthless|disgusting|ignorant|clueless|silly|foolish|insane|crazy|useless|daft|retarded)"
)
_FOOL_EN = (
    r"(?:idiots?|morons?|fools?|clowns?|liars?|crooks?|losers?|jerks?|imbeciles?|cretins?|pigs?"
    r"|disgrace"
    r"|pest|crybab(?:y|ies)|whiners?|scammers?|frauds?|jokes?|nuisance|waste of|halfwits?|dimwits?"
    r"|simpletons?|scum|trash|twats?|wankers?|bastards?|assholes?|arseholes?|dumbass|muppets?"
    r"|numpty)"
)
_INSULTS = either(
    rf"{_FOOL}\b|(?:sie|du|ihr)(?: (?:sind|bist|seid))?(?: \w+){{0,3}} {_CALLED}\b",
    rf"(?:ihr|dein|so ein|was für ein|welch(?: ein)?|solch(?: ein)?|kompletter|reiner|totaler"
    rf"|völliger"
    rf"|absoluter|lauter|nur|größte[rn]?|riesen|kompletten|reinen|totalen|völligen|absoluten"
    rf"|redest|reden"
    rf" sie|erzählst|erzählen sie|schreibst"
    rf"|schreiben sie)(?:e[nsmr]?)? (?:\w+ ){{0,2}}{_RUBBISH}\b|schwachsinn\b"
    r"|bullshit|gelaber|geschwätz|geschwafel|geheule|gejammer|gemecker|gejaule|gefasel|gekeife",
    r"(?:sie|du|ihr|wohl)\b[^.!?]{0,30}\b(?:nicht (?:mehr )?(?:ganz )?(?:dicht|bei trost|normal"
    r"|richtig im"
    r" kopf|zurechnungsfähig)|alle tassen|alle latten|nicht (?:\w+ )?alle\b(?= [.!?]|[.!?,]|$"
    r"| beisammen))"
    r"|(?:bei|in) (?:dir|ihnen)\b[^.!?]{0,30}\b(?:schraube locker|gehakt|hakt|kopf|piept"
    r"|nicht richtig)"
    r"|(?:sie spinnen|du spinnst|spinnen sie|spinnst du)|(?:den|die|dein\w*|ihr\w*) (?:mund"
    r"|klappe|maul"
    r"|schnauze|fresse|rand)\b(?= ?(?:zu|halten|[.!]|$))|(?:halt|halten sie)(?: \w+){0,2} (?:den"
    r"|die|dein\w*"
    r"|ihr\w*) (?:mund|klappe|maul|schnauze|fresse|rand)|verpiss\w*|verzieh dich"
    r"|hau(?:en sie)? ab\b"
    r"|zieh leine|scher dich|fahr zur hölle|leck mich|fick\w*|(?:geh"
    r"|gehen sie)(?: \w+){0,3} (?:zum arzt"
    r"|sterben|zum psych\w*)|einweisen|(?:hör|hören sie)(?: \w+)? auf zu (?:heul|jammer|mecker"
    r"|nerv|nörgel"
    r"|wein|lüg|spinn)\w*|reiß dich zusammen|reißen sie sich zusammen|du nervst|sie nerven\b"
    r"|schäm dich"
    r"|schämen sie sich|sich schämen|braucht kein mensch|(?:typen|leute) wie (?:dich|sie)"
    r"|nichts im kopf"
    r"|hirn (?:ein|an|benutz|fehlt)\w*|idiotisch\w*|lügen sie|du lügst|sie lügen",
    rf"(?:ein\w*|ihr\w*|dein\w*|so\w*|diese\w*|solche\w*|was für ein\w*|die|der|das"
    rf"|eine) (?:\w+ )?{_LOW}"
    r"(?:e[rnsm]?|ste[rnsm]?)? (?:\w+ )?(?:kommentar|behauptung|aussage|frage|beitrag|vorw[uü]rf"
    r"|meinung|post"
    r"|nachricht|verhalten|auftritt|idee|vorstellung|bemerkung|ausrede|unterstellung|beschwerde"
    r"|argument"
    r"|versuch|text|forderung|mensch|kunde|person|typ)\w*|(?:sie sind|du bist|sind sie|bist du"
    r"|seid ihr"
    rf"|wie)(?: (?!wir\b)\w+){{0,4}} {_LOW}\b(?! gelaufen)|{_LOW} kann man|(?:zu|so) (?:dumm"
    rf"|blöd|doof) "
    r"(?:zum|um|sein|für)",
    rf"(?:you|ya)(?:['’]re| are)?(?: \w+){{0,4}} {_FOOL_EN}\b|{_FOOL_EN}(?: like| as) you"
    rf"|(?:only|just|what)"
    rf" (?:a|an) (?:\w+ )?{_FOOL_EN}\b|you (?:\w+ )?(?:idiot|moron|fool|clown|jerk)"
    rf"|(?:you(?:['’]re| are)|are"
    rf" you|how)(?: (?!we\b)\w+){{0,3}} {_LOW_EN}\b|{_LOW_EN} (?:\w+ )?(?:comment|question|thing"
    rf"|post|opinion"
    r"|claim|complaint|remark|person|excuse|argument|statement|idea|rant|customer|people"
    r"|behaviou?r|message"
    r"|attempt)s?\b",
    r"(?:shut|close|zip) (?:up\b|it\b|your (?:mouth|trap|face|gob))|get lost\b|get a (?:life"
    r"|grip|brain)|piss"
    r" off|f[u*][c*]k\w*|screw you|go to hell|(?:stop|quit) (?:whin|moan|cry|bitch|wasting our"
    r"|lying|being"
    r" (?:such|so|a|an|stupid))\w*|grow up\b|drop dead|buzz off|(?:complete|utter|total|absolute"
    r"|pure|such"
    r"|a load of|talking|absolute) (?:\w+ )?(?:rubbish|nonsense|garbage|crap|bullshit|bs|drivel"
    r"|bollocks"
    r"|trash|tosh)\b|is (?:\w+ )?(?:garbage|trash|rubbish|crap|drivel|bullshit)\b|bullshit"
    r"|you have no (?:idea|clue)"
    r"\b(?! yet)|you know nothing|shame on you|ashamed of yourself|you should be ashamed"
    r"|no(?:body|[- ]one)"
    r" (?:asked|cares|likes|wants|needs) (?:for |about |to hear |what )?(?:your?|people)"
    r"|off your (?:head"
    r"|rocker|meds)|out of your mind|lost your mind|brain ?(?:dead|cells?)|have you no"
    r"|use your brain"
    r"|you(?:['’]re| are) (?:\w+ )?(?:lying|nuts|insane|mad\b|scum|sick in)",
)
INSULT_FRAMES = frames(_INSULTS)
