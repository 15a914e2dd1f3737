"""What hurts, as patterns: German and English, by rule of the tone gate (S87 to S90)."""

from __future__ import annotations

import re

_YOU = r"(?:sie|du|ihr)"
_YOUR = r"(?:ihre?[rnms]?|deine?[rnms]?|eure?[rnms]?)"
_HAVE = r"(?:haben|hast|habt|hätten|hättest|hättet)"
_SEEMS = (
    r"(?:offenbar|offensichtlich|anscheinend|scheinbar|wohl|vermutlich|wahrscheinlich"
    r"|augenscheinlich|ganz offensichtlich|ja wohl|mal wieder|schlicht|einfach)"
)


def _of(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})")


CONDESCENDING = _of(
    r"wie (?:ich |wir )?(?:ihnen |dir |euch )?(?:ja |doch |schon |bereits |mehrfach |mehrmals "
    r"|oft |wiederholt |oben |zuvor |eben |mehr als einmal |x-mal )+(?:\w+ )?(?:gesagt|erwähnt"
    r"|geschrieben|mitgeteilt|erklärt|erläutert|dargelegt|beschrieben|ausgeführt|klargestellt"
    r"|betont)",
    r"(?:zum (?:x-?ten|hundertsten|tausendsten|wiederholten|letzten|wievielten|zehnten|n-ten) mal"
    r"|zum (?:zweiten|dritten|vierten) mal[:,])",
    r"(?:ganz )?(?:langsam und )?(?:zum mitschreiben|für dumme|für dummies"
    r"|für sie zum mitschreiben)",
    r"(?:noch (?:ein)?mal|nochmal) (?:ganz )?langsam|ganz langsam|ganz einfach erklärt,? damit"
    r"|damit (?:auch )?"
    rf"{_YOU} es (?:auch |endlich )?(?:versteh\w+|begreif\w+|kapier\w+)",
    r"(?:das |es |alles )?steht (?:aber |doch |ja |dort |da |nun wirklich )*(?:klar|eindeutig"
    r"|deutlich|unmissverständlich|groß|schwarz auf weiß|doch|ja)\b",
    rf"{_HAVE} {_YOU}[^.!?]{{0,40}}\b(?:richtig|genau|genauer|aufmerksam|sorgfältig|gründlich"
    rf"|nur|ordentlich|einfach"
    r"|besser|überhaupt|eigentlich mal)\b[^.!?]{0,40}\b(?:gelesen|hingeschaut|hingesehen"
    r"|nachgelesen|nachgeschaut|zugehört|geschaut|gelesen|informiert|aufgepasst|nachgedacht"
    r"|angeschaut|durchgelesen|gefragt|angesehen|geprüft)",
    rf"{_YOU} {_HAVE}[^.!?]{{0,30}}\b{_SEEMS}\b[^.!?]{{0,40}}\b(?:nicht|kein\w*|falsch|übersehen"
    rf"|überlesen|missverstanden"
    r"|vergessen|verwechselt)",
    rf"(?:{_SEEMS}) {_HAVE} {_YOU}",
    rf"wenn {_YOU}[^.!?]{{0,50}}\b(?:richtig|genau|genauer|aufmerksam|sorgfältig|gründlich"
    rf"|ordentlich|einmal|mal)\b"
    r"[^.!?]{0,30}\b(?:les\w*|gelesen|liest|hinschau\w*|hinseh\w*|hingeschaut|hingesehen"
    r"|nachdenk\w*|lest|nachles\w*|zuhör\w*|geschaut|schau\w*|nachgedacht|hinsiehst|hinseht"
    r"|gefragt)",
    r"wer lesen kann|lesen (?:müsste|sollte|können) man|(?:einfach|erst(?:mal)?|doch"
    r"|vielleicht) (?:ein)?mal (?:die \w+ |richtig |genau |selbst |kurz )*(?:lesen|googeln"
    r"|nachdenken|nachlesen|nachschauen|hinschauen|denken|mitdenken|überlegen)\b",
    r"(?:lies|lesen sie|lest|les(?:e)?n?) (?:\w+ )?(?:doch |bitte |einfach |erst |mal |erstmal "
    r"|einmal )*(?:\w+ ){0,3}(?:richtig|genau|genauer|aufmerksam|sorgfältig|gründlich)\b",
    r"(?:sollte|müsste|dürfte)[^.!?]{0,30}\b(?:jedem|jeder(?:mann)?|ihnen|dir|euch"
    r"|einem erwachsenen\w*)\b[^.!?]{0,25}(?:klar|bekannt|bewusst|einleuchten|möglich|geläufig)",
    rf"(?:{_YOU} (?:sollten|solltest|müssten|müsstest|könnten|könntest)"
    rf"|(?:sollten|solltest|müssten|müsstest|könnten|könntest) {_YOU})"
    r" (?:eigentlich |doch |schon |aber |inzwischen |ja )+"
    r"(?:\w+ ){0,3}(?:wissen|kennen|selbst|können|verstehen|hinbekommen|schaffen)",
    r"(?:ist|sollte|kann) (?:doch |ja |nun |wirklich |wohl )+(?:\w+ )?(?:nicht (?:so |allzu "
    r"|zu )?(?:schwer|schwierig|kompliziert|viel verlangt)|logisch|klar|selbstverständlich"
    r"|offensichtlich|(?<!nicht )selbsterklärend|kinderleicht|völlig klar|kein hexenwerk"
    r"|keine raketenwissenschaft|jedem klar)",
    r"nicht so schwer zu (?:verstehen|begreifen)|so schwer (?:kann|ist) das (?:doch )?(?:nicht"
    r"|eigentlich nicht)|kein hexenwerk|keine raketenwissenschaft|jedes kind|selbst ein kind"
    r"|jeder (?:laie|anfänger|depp|vernünftige mensch|halbwegs \w+)|als laie"
    r"|für laien (?:schwer|nicht)|(?<!nicht )selbsterklärend",
    r"(?:das|es) liegt (?:dann |wohl |eindeutig |ganz |klar |sicher |offensichtlich |eher "
    r"|allein )*an (?:ihnen|dir|euch)\b",
    r"bedien(?:ungs)?fehler|fehlbedienung|unsachgemäße\w* (?:nutzung|behandlung|handhabung)"
    r"|vor dem bildschirm",
    rf"(?:selbst|selber) schuld|{_YOUR} eigene[rsn]? (?:schuld|verschulden|fehler|nachlässigkeit"
    rf"|unachtsamkeit)|{_YOUR} (?:nachlässigkeit|unachtsamkeit|unwissenheit|unkenntnis|faulheit"
    rf"|ungeduld)",
    r"(?:mit )?(?:ein wenig|ein bisschen|etwas|ein klein wenig) (?:mühe|gutem willen|nachdenken"
    r"|mitdenken|aufmerksamkeit|eigeninitiative|gesundem menschenverstand|verstand|köpfchen)"
    r"|gesunde[rnm]? menschenverstand|mitdenken",
    rf"{_YOU} (?:haben|hast|habt) (?:\w+ ){{0,3}}nicht (?:richtig |ganz |wirklich "
    rf"|genau )?(?:verstanden|gelesen|zugehört"
    r"|aufgepasst|begriffen|kapiert|hingeschaut|nachgedacht)",
    rf"schon (?:ein)?mal (?:daran |darüber )?(?:gedacht|nachgedacht|überlegt"
    rf"|auf die idee gekommen)|{_HAVE} {_YOU}"
    r" überhaupt|auf die (?:naheliegende |einfache )?idee",
    r"das (?:versteh\w+|begreif\w+) (?:sie|du) (?:ohnehin |sowieso |vermutlich |wohl "
    r"|wahrscheinlich )*nicht|für sie zu (?:kompliziert|schwierig|hoch|technisch)"
    r"|für dich zu (?:kompliziert|schwierig|hoch|technisch)|überfordert",
    r"(?:muss|müssen) (?:man|sie|du|wir) (?:ihnen|dir|euch|das)? ?(?:denn |wirklich "
    r"|erst )*(?:alles|jedes mal|extra|immer)[^.!?]{0,25}(?:erklären|vorkauen|sagen|wiederholen)"
    r"|das weiß (?:doch |nun wirklich )*(?:jede[rs]?|man)"
    r"|merken sie (?:es )?(?:eigentlich )?selbst|wie alt sind sie|nun wirklich (?:nicht|kein\w*"
    r"|jede\w*)",
    r"as (?:i|we)(?:['’]ve| have)? (?:already |clearly |repeatedly |previously |just )+(?:said"
    r"|told|mentioned|explained|stated|written|pointed out)|as (?:already|clearly|repeatedly"
    r"|previously) (?:stated|mentioned|explained|said)|(?:i|we)(?:['’]ve| have)? (?:already"
    r"|just) (?:told|explained)(?: this)?(?: to)? you",
    r"if you(?:['’]d| had|['’]ve| would)? (?:have )?(?:just |only |actually |simply |even "
    r"|properly |carefully |really |bothered to |taken )+(?:to )?(?:read|looked?|check(?:ed)?"
    r"|listen(?:ed)?|paid|pay|ask(?:ed)?|follow(?:ed)?|try|tried|the time|a (?:moment|minute"
    r"|second))|had you (?:\w+ )?(?:read|looked|checked|listened|paid|asked|followed)",
    r"(?:read|look|check) (?:the |our |it |your )?(?:\w+ )?(?:properly|carefully|more carefully"
    r"|closely|again, carefully)|try reading|learn to read|reading helps",
    r"(?:it|that|this)(?:['’]s| is|isn['’]t| really isn['’]t)? (?:really "
    r"|exactly )*(?:not )?(?:that|rocket|so) (?:hard|difficult|complicated|science)"
    r"|not rocket science|how hard can it be|(?:should|would) be (?:obvious|clear) to|(?:any"
    r"|every)(?:one|body) (?:can|could|would|knows|else|with)|even a (?:child|beginner|five"
    r"|toddler)",
    r"(?:you(?:['’]ve| have)? )?(?:clearly|obviously|apparently|evidently|surely) (?:you\b"
    r"|didn['’]t|did not|haven['’]t|don['’]t|missed|failed|not)|you (?:clearly|obviously"
    r"|apparently|evidently|seem to have|must have) (?:\w+ )?(?:n['’]t|not|have|did\w*"
    r"|haven['’]t|didn['’]t|don['’]t|missed|failed|forgot\w*|mis\w+|overlooked|confused|got|done"
    r"|ignored|skipped)",
    r"you should(?: really)?(?:['’]ve| have) (?:\w+ )?(?:known|read|checked|noticed|looked"
    r"|realised|realized|asked|paid)|you (?:ought to|should) (?:really )?know|common sense"
    r"|simple as that|pay (?:more |closer )?attention|do your (?:research|homework)",
    r"let me (?:explain|spell|put|break) (?:it |this |that )?(?:down |out )?(?:again )?(?:very "
    r"|really )?(?:slowly|for you|in simple|simply|so you)|user error|(?:your own"
    r"|entirely your) (?:fault|mistake|doing)|did you even|have you even|for the (?:last|third"
    r"|umpteenth|hundredth|second|nth) time|bother(?:ed|ing)? to|too (?:complicated"
    r"|technical) for you|calm down|as any \w+ (?:would|should|knows)|one would think"
    r"|use your (?:head|brain|eyes)|do i (?:really )?(?:have|need) to (?:explain|repeat|spell)",
    r"(?:ihnen|dir|euch|jedem|allen) (?:\w+ ){0,2}(?:bekannt|bewusst|klar"
    r"|geläufig) (?:sein )?(?:dürfte|sollte|müsste)",
    r"man (?:muss|müsste|sollte|darf) (?:\w+ ){0,3}(?:halt|eben|nur|schon|auch|einfach"
    r"|natürlich)(?: \w+){0,3} (?:lesen|schauen|hinschauen|hinsehen|nachdenken|zuhören|aufpassen"
    r"|mitdenken|verstehen|wollen|wissen|können)",
    r"(?:wirklich |nun |jetzt |mehr als )?oft genug (?:\w+ )?(?:gesagt|erklärt|geschrieben"
    r"|erläutert|erwähnt|darauf)|hätten? (?:\w+ )?(?:genügt|gereicht|geholfen)"
    r"|(?:ein )?(?:kurzer |einfacher )?blick (?:in|auf) [^.!?]{0,40}(?:genügt|reicht|hilft|hätte)",
    r"vielleicht (?:versuch\w*|probier\w*|schau\w*|les\w*|lies|lest|denk\w*|beginn\w*|fang\w*"
    r"|sollten|solltest) (?:sie |du |ihr )?(?:\w+ ){0,2}(?:mal|einmal|erst)|(?:ihnen|dir"
    r"|euch) (?:\w+ )?entgangen|(?:offenbar|anscheinend|scheinbar|offensichtlich"
    r"|augenscheinlich) (?:ist|sind|bist|war|waren|fehlt|fällt|können|kannst|wissen"
    r"|weißt) (?:\w+ )?(?:sie|du|ihnen|dir|ihr)\b",
    r"was (?:genau )?(?:ist|verstehen|verstehst|war) (?:sie |du )?(?:denn )?(?:daran|da|hieran)"
    r"|welchen teil|ist das (?:denn )?(?:wirklich )?so (?:schwer|schwierig|kompliziert)"
    r"|ich wiederhole|wir wiederholen (?:uns|gern|noch)|um es (?:noch )?(?:ganz )?(?:einfacher"
    r"|einfach|klarer|deutlicher|deutlich|klar) zu|wie (?:jeder|jede|man|alle) (?:\w+ )?(?:weiß"
    r"|wissen)|bekanntlich",
    r"(?:das |da )?hätten? (?:sie|du|ihr|man) (?:sich |dir |doch |ja |eben |halt |auch |besser "
    r"|vorher |früher |selbst |wirklich )+[^.!?]{0,40}(?:können|müssen|sollen|sehen|merken"
    r"|wissen|informieren|lesen|überlegen|denken|fragen)|(?:sie|du) hätte(?:n"
    r"|st) (?:\w+ ){0,4}(?:nur|einfach|bloß|doch|lediglich|vorher|besser|selbst)\b|(?:sie"
    r"|du) (?:müssen|musst|brauchen|brauchst) (?:doch |ja |einfach |wirklich )*(?:nur|bloß"
    r"|lediglich) (?:\w+ ){0,3}(?:lesen|hinschauen|nachdenken|schauen|hinsehen|die augen)"
    r"|augen auf(?:machen)?|denken sie (?:doch |einfach )?(?:mal |einmal )?nach"
    r"|überlegen sie (?:doch |sich )?(?:mal|einmal)|das haben (?:sie|du) (?:wohl |offenbar "
    r"|anscheinend )|ein bisschen selbst|selbstständig(?:es)? (?:denken|mitdenken)",
    r"you do (?:realise|realize|know|understand|see)\b|(?:make|put|say|explain) (?:it|this"
    r"|that) any (?:simpler|clearer|plainer)|please (?:actually|just|properly) (?:read|look"
    r"|listen|check)|should (?:really )?be (?:obvious|clear|self[- ]explanatory|evident)|(?:what"
    r"|which) part of|is it (?:really )?(?:so|that) (?:hard|difficult)|i (?:do not"
    r"|don['’]t) know how (?:else|much)|as (?:everyone|everybody|anyone"
    r"|you should) (?:\w+ )?knows?|all you (?:had|have|needed|need) to do (?:was|is)"
    r"|maybe (?:try|read|look|next time)|perhaps (?:try|next time|you should)"
    r"|it says so (?:right|clearly)|(?:right|clearly) there (?:in|on)|you (?:only|just"
    r"|simply) (?:had|have) to (?:read|look|ask|check)|think before|in plain english|do try to"
    r"|try to keep up|i['’]ll (?:say|explain|repeat) (?:it|this|that) (?:again|once more"
    r"|one more)|once again,? (?:slowly|the|as)|how (?:could|can|did) you (?:not|miss|fail)"
    r"|(?:can|could|do)(?:n['’]t| not)? you (?:even |really |actually )+(?:read|see|understand"
    r"|know)",
    rf"{_YOU} (?:verwechseln|verwechselst|irren sich|irrst dich|täuschen sich|täuschst dich"
    rf"|übersehen|übersiehst|missverstehen|missverstehst|ignorieren|ignorierst|vergessen"
    rf"|vergisst)[^.!?]{{0,20}}\b(?:offensichtlich|offenbar|wohl|anscheinend|da|scheinbar"
    rf"|schlicht|einfach)\b",
    rf"{_HAVE} {_YOU}[^.!?]{{0,40}}\b(?:überhaupt|jemals)\b|(?:allgemein|hinlänglich|hinreichend"
    rf"|bestens) bekannt|allgemeinwissen|(?:was|wieso|warum"
    rf"|weshalb)\b[^.!?]{{0,40}}\bso (?:schwer|schwierig|kompliziert|unverständlich)|aufmalen"
    rf"|aufzeichnen müssen|bilderbuch|malbuch|buchstabieren|lesen (?:hilft|bildet)|mitdenken"
    rf"|(?:andere|alle anderen|die meisten) (?:kunden|leute|fahrer|menschen"
    rf"|käufer)?\s?(?:schaffen|verstehen|begreifen|kommen|bekommen|kriegen|finden"
    rf"|haben (?:damit )?kein)|(?:müssen|sollen) wir (?:ihnen|dir|das|es|denn"
    rf"|wirklich)[^.!?]{{0,30}}(?:erklären|vorlesen|vormachen|zeigen|aufmalen)\?"
    rf"|eigentlich denken können",
    r"you (?:really |actually |surely )?(?:should|ought to) (?:really |actually "
    r"|surely )?(?:know|understand|remember)|common knowledge|(?:every ?one"
    r"|everybody) (?:else )?(?:knows|understands|manages|can)|(?:most|other|normal"
    r"|all our) (?:people|riders|customers|users|folks) (?:manage|can|find|understand|have no"
    r"|get|figure)|(?:do|should|shall|must) (?:we|i) (?:really )?(?:need|have|draw|spell|explain"
    r"|read)\b|draw you a|spell it out|picture book|crayons|(?:reading|thinking) (?:helps"
    r"|would (?:help|have))|try (?:reading|thinking|looking|listening)",
)

PERSONAL = _of(
    rf"{_YOUR} (?:\w+ )?(?:rechtschreibung|grammatik|orthogra\w+|zeichensetzung|ausdrucksweise"
    rf"|kinderstube|manieren"
    r"|intelligenz|bildung\b|umgangston|benehmen|charakter|erziehung|deutsch\b|deutschkenntnisse"
    r"|satzbau|kommasetzung|wortwahl|rechtschreibfehler|tippfehler|niveau|lebensstil"
    r"|geltungsbedürfnis|aussehen|alter\b|herkunft|frustration|selbstdarstellung|follower\w*)",
    r"(?:leute|menschen|kunden|typen|männer|frauen|personen|nutzer|user|personen|leuten"
    r"|kunden) wie (?:sie|du|dich|ihnen|dir|ihr|euch)\b|(?:jemand(?:em)?|einem|einer"
    r"|so (?:ein\w*|jemand\w*)) wie (?:sie|dich|du|ihnen|dir)\b|typisch (?:für )?(?:sie|dich"
    r"|mann|frau|biker|motorradfahrer|rentner|deutsch)",
    r"(?:lern\w*|üb\w*) (?:sie |du )?(?:bitte |doch |lieber )?(?:erst(?:mal)?|zuerst|einmal"
    r"|mal) (?:\w+ )?(?:deutsch|schreiben|lesen|richtig|benehmen|fahren)"
    r"|erst(?:mal)? (?:richtig |deutsch |ordentlich )+(?:lernen|schreiben|fahren)",
    rf"(?:blick|schau\w*|seh\w*|sieht|guck\w*|ansieht"
    rf"|anschaut)[^.!?]{{0,30}}{_YOUR} (?:profil\w*|account|beiträge|fotos|posts|timeline"
    rf"|feed)[^.!?]{{0,40}}|{_YOUR} (?:profil|profilbild|account|beiträge|posts"
    rf"|timeline)\b[^.!?]{{0,40}}(?:zeig\w*"
    r"|verrät|verraten|sagt|sagen|spricht|wundert|passt|erklärt|lässt tief|alles)",
    rf"{_YOU} (?:sind|bist|seid|scheinen|scheinst|wirken|wirkst)[^.!?]{{0,25}}\b(?:querulant\w*"
    rf"|nörgler\w*|troll\w*|wutbürger\w*"
    r"|meckerer\w*|dauernörgler\w*|besserwisser\w*|choleriker\w*|hysterisch|unzurechnungsfähig"
    r"|verbittert\w*|frustriert\w*|schwierige\w*|problemkunde\w*|naiv\w*|ungebildet\w*"
    r"|aggressiv\w*|selbstverliebt\w*|unreif\w*|kindisch\w*|empfindlich\w*|anstrengend\w*"
    r"|kleinlich\w*|faul\w*|geizig\w*)|(?:querulant|nörgler|wutbürger|besserwisser"
    r"|dauermeckerer)\w*",
    rf"(?:haben|hast) {_YOU} (?:sonst )?(?:nichts besseres|keine hobbys|kein leben|sonst keine"
    rf"|zu viel zeit|nichts anderes)|nichts besseres zu tun|wer so (?:schreibt|redet|aussieht"
    rf"|auftritt|fährt)|so wie {_YOU} (?:schreib\w*|auftret\w*|aussieh\w*|red\w*)"
    rf"|{_YOU} (?:persönlich )?(?:meckern|meckerst|nörgeln|nörgelst|jammern|jammerst"
    rf"|beschweren sich|beschwerst dich)"
    r" (?:\w+ )?(?:immer|ständig|dauernd|gern|ja nur|doch nur|nur|über alles)"
    r"|lassen sie ihren frust|dein frust",
    r"your (?!\w+ (?:of|is (?:fine|good|right|great|perfect)))(?:\w+ )?(?:spelling|grammar"
    r"|punctuation|english\b|manners|upbringing|intelligence"
    r"|education\b|profile (?:says|shows|tells|pic\w* (?:says|shows|tells))|followers|attitude"
    r"|personality|character\b|lifestyle|background\b|ego)",
    r"(?:people|customers|men|women|users|folks|guys|riders|somebody|someone|anyone) like you\b"
    r"|typical (?:of you|man|woman|biker|customer|behaviou?r)|your (?:kind|sort) (?:of people"
    r"|never|always|just)"
    r"|looking at your (?:profile|posts|account|timeline|feed|photos)|(?:a|one) (?:look"
    r"|glance) at your (?:profile|posts|account|timeline)|judging by your",
    r"you(?:['’]re| are| seem| sound| must be)[^.!?]{0,20}\b(?:a troll|troll|whiner|complainer"
    r"|keyboard warrior|hysterical|bitter|naive|uneducated|aggressive|immature|childish"
    r"|oversensitive|difficult person|unreasonable|lazy|entitled|a karen|petty|paranoid|dramatic"
    r"|that kind of person)|(?:nothing better to do|get a life|too much time on your hands"
    r"|learn (?:to spell|to write|some manners|proper english))|you(?:['’]re| are)? (?:just "
    r"|only |always |constantly )+(?:moaning|whining|complaining|looking for attention)",
    rf"{_YOUR} (?:ganze |komplette |unmögliche )?(?:art\b|einstellung|persönlichkeit"
    rf"|verhalten) (?:ist|zeigt|spricht|sagt|macht|lässt|und)|(?:zu der sorte|von der sorte"
    rf"|gehören (?:wohl |offenbar |anscheinend )?zu (?:den|denen|jenen))|(?:zu den|einer dieser"
    rf"|eine dieser) (?:leuten|menschen|kunden|personen|typen)|keine freunde|kein privatleben"
    rf"|langeweile|zu viel (?:zeit|freizeit)",
    r"erst (?:ein)?mal (?:\w+ ){1,2}(?:lernen|üben)\b|mit (?:so einer|dieser|ihrer|deiner"
    r"|solch einer) (?:einstellung|haltung|art)|schwierige[rn]? (?:mensch|person|kunde"
    r"|charakter)|einsame[rn]? mensch|(?:mensch|person|typ|kunde) wie (?:sie|du|ihnen|dir)"
    r"|unsympathisch\w*|so alt wie (?:sie|du)|in ihrem alter|für ihr alter|sie als (?:frau"
    r"|rentner|anfänger)|bei (?:ihnen|dir) zu ?hause",
    r"(?:with|lose|drop) (?:that|your|this) attitude|fun at parties|you(?:['’]re| are| seem"
    r"| sound| must be| look)[^.!?]{0,25}\b(?:lonely|sad|bitter|angry|miserable|unhappy"
    r"|difficult|grumpy|negative) (?:person|man|woman|little|individual|customer)|no (?:friends"
    r"|life)\b|not the (?:sharpest|brightest)|that says (?:a lot|everything|more) about you"
    r"|says (?:a lot|everything|more) about you|at your age|for your age|raised (?:you|better)"
    r"|what kind of (?:person|human|customer)",
    r"(?:suchen|suchst|wollen|willst|brauchen|brauchst|heischen"
    r"|heischst)[^.!?]{0,25}aufmerksamkeit|in den spiegel|(?:das )?problem (?:sind"
    r"|bist) (?:wohl |eher |vielleicht )?(?:sie|du)\b|(?:liegt|liegen) (?:wohl "
    r"|eher )?an ihrer (?:person|art)|(?:want|seek|need|crave"
    r"|looking for)(?:ing)? (?:\w+ )?attention\b|in the mirror"
    r"|the (?:real )?problem (?:here )?is you\b|(?:it|problem)(?:['’]s| is) you,? not",
)

INSULT = _of(
    r"\w*idiot(?:en|in|innen)?\b|trottel\b|depp(?:en)?\b|vollpfosten|dummkopf|dummköpfe|blödmann"
    r"|hohlkopf"
    r"|schwachkopf\w*|spinner\w*|spasti?\w*|arschl\w+|arsch\b|penner\w*|wichser\w*|hurens\w+"
    r"|mistkerl\w*|vollhonk|honk\b|horst\b(?= )|lügner\w*|betrüger\b(?! )|heulsuse\w*"
    r"|jammerlappen|memme\w*|pfeife\b|volltrottel|flachpfeife|kotzbrocken|dreckskerl|(?:so ein"
    r"|ein|du|sie|dieser) clown\b"
    r"|witzfigur|hirnlos\w*|hirnverbrannt\w*|geistig (?:verwirrt|umnachtet|minderbemittelt)"
    r"|minderbemittelt|asozial\w*|primitiv(?:ling)?\w*",
    r"(?:sind|bist|seid|so|zu|wie|ziemlich|einfach|wohl|total|völlig) (?:\w+ )?(?:dumm|blöd|doof"
    r"|dämlich|bescheuert|bekloppt|unfähig|verlogen|beschränkt|lächerlich|peinlich|gestört"
    r"|krank im kopf|begriffsstutzig|strohdumm|inkompetent|unverschämt|frech|armselig|erbärmlich"
    r"|schwachsinnig|verrückt|hohl)\b(?! (?:von uns|gelaufen))",
    r"(?:so ein|was für ein|totaler|völliger|reiner|kompletter|absoluter|solch(?:er|en|ein)?"
    r"|der größte|ihr|dein|diesen|dieser) (?:\w+ )?(?:schwachsinn|blödsinn|unsinn|quatsch"
    r"|bullshit|müll|mist|scheiß\w*|geschwafel|gejammer|geheule|gelaber|gemecker|genörgel"
    r"|gequatsche|hirngespinst\w*|schmarrn|mumpitz|dummes zeug)|dummes zeug"
    r"|eine (?:unverschämtheit|frechheit|dreistigkeit|zumutung) von (?:ihnen|dir|euch)"
    r"|(?:unverschämt|dreist|frech|lächerlich|erbärmlich|peinlich)(?:er|e|es|en)? (?:von ihnen"
    r"|von dir|forderung\w*|verhalten|anspruch\w*)|(?:ihre?|deine?) (?:\w+ )?(?:unverschämtheit"
    r"|frechheit|dreistigkeit|dummheit|lügen|unfähigkeit|borniertheit|ignoranz|arroganz"
    r"|lächerliche\w*|dreiste\w*|dumme\w*|erbärmliche\w*)",
    r"halt (?:die klappe|den mund|das maul|die fresse)|halten sie (?:\w+ )?(?:die klappe"
    r"|den mund|das maul)"
    r"|verpiss\w*|leck mich|fick\w*|zieh leine|hau ab|verzieh dich|scher dich|verschwinden sie"
    r"|keine ahnung von (?:tuten|nichts)|(?:haben|hast) (?:sie |du )?(?:einfach |ja |doch "
    r"|absolut |null |wirklich |offenbar )*keine(?:n|rlei)? (?:ahnung|blassen schimmer|plan)"
    r"|nicht (?:ganz )?(?:bei trost|sauber|alle tassen)|einen an der waffel|spinnen sie"
    r"|spinnst du|(?:ihr|dein) (?:spatzen)?hirn|dümmer als|zu (?:dumm|blöd|doof|faul) (?:für|um"
    r"|zum)|dumme (?:frage|fragen|kommentare|ausrede)",
    r"idiots?\b|idiotic|moron\w*|imbecile|stupid(?:ity)?\b|dumb(?:ass)?\b|fool\b|foolish|jerk\b"
    r"|loser\w*|liar\w*|(?:your|you|so|how|you(?:[\'’]re| are)) (?:\w+ )?pathetic"
    r"|ridiculous (?:of you|person|demand|claim|complaint|request"
    r"|accusation)|you(?:['’]re| are)[^.!?]{0,15}\b(?:ridiculous|crazy|insane|delusional"
    r"|clueless|incompetent|ignorant|lying|a joke|an embarrassment|disgusting|nuts|mad|thick"
    r"|useless|hopeless)\b|crybab\w*|dimwit|(?:a|you|this|some) clown\b(?! \w+)|brain ?dead"
    r"|brainless|half-?wit|scumbag"
    r"|asshole|arsehole|bastard|bitch|dick(?:head)?\b|douche\w*|f+u+c+k\w*|f\*+\w*|shut up"
    r"|get lost|piss off|screw you|go away|bullshit|(?:utter|complete|absolute|total|pure"
    r"|such) (?:nonsense|rubbish|garbage|crap|drivel)|(?:your|these|those) (?:\w+ )?(?:lies"
    r"|stupidity|nonsense|rubbish|drivel|whining|ignorance|arrogance|rant|tantrum)"
    r"|out of your mind|no clue|haven['’]t (?:got )?a clue|don['’]t have a clue"
    r"|embarrassing yourself|too (?:stupid|dumb|thick|lazy) to|twit\b|muppet|prat\b",
    r"tassen im schrank|(?:dumm|dreist|frech|blöd|faul|peinlich|lächerlich|unverschämt|verlogen"
    r"|armselig|erbärmlich) und (?:dumm|dreist|frech|blöd|faul|peinlich|lächerlich|unverschämt"
    r"|verlogen|armselig|arrogant)|(?:reden|redest|schreiben|schreibst|erzählen|erzählst"
    r"|verbreiten) (?:sie |du )?(?:\w+ ){0,3}(?:müll|mist|unsinn|blödsinn|quatsch|schwachsinn"
    r"|stuss|scheiß\w*|lügen)|erstunken|(?:sie|du) (?:lügen|lügst)|lügen sie|lügst du|gelogen"
    r"|dumme[srn]? (?:gerede|geschwätz|gequatsche|gelaber|geschwafel|gelaber|gefasel|gewäsch)"
    r"|geschwätz\b|gelaber\b|vollidiot\w*|(?:so|derart) (?:dumm|blöd|dämlich|unfähig|naiv)",
    r"(?:don['’]t be|stop being|you are|you['’]re|acting like) (?:such )?(?:a"
    r"|an) (?:\w+ )?(?:baby|child|brat|drama queen|princess|whiner|jerk|pain|nuisance|disgrace"
    r"|fraud|hypocrite|crook|coward|waste)|full of (?:it|crap|yourself|hot air)|so (?:stupid"
    r"|dumb|dense|thick|pathetic|lazy)\b|(?:stupid|dumb|pathetic|idiotic|moronic|ridiculous"
    r"|laughable) (?:complaint|comment|question|post|tweet|demand|excuse|review|rant|claim"
    r"|person|customer)s?|you people are|nobody cares|no one cares|who cares|talking (?:rubbish"
    r"|nonsense|garbage|crap)|you lie\b|stop lying",
    r"shut (?:up|your (?:mouth|face|trap|gob))|halt'?s maul|maul halten|hirnrissig\w*|schnauze",
)

OFFENDED = _of(
    r"(?:finden|empfinden|halten|fanden) wir[^.!?]{0,40}\b(?:unfair|verletzend|beleidigend"
    r"|ungerecht|unangebracht|unangemessen|respektlos|nicht (?:fair|in ordnung|nett|schön)"
    r"|unverschämt|kränkend|ungehörig|daneben|frech)|(?:wir|ich) (?:finden?|empfinden?)"
    rf" (?:es |das |{_YOUR} |diese\w* )[^.!?]{{0,40}}\b(?:unfair|verletzend|beleidigend"
    rf"|ungerecht|unangebracht|unangemessen|respektlos"
    r"|nicht fair|nicht in ordnung|kränkend|daneben|frech|nicht nett|schade, dass (?:sie|du))"
    r"|(?:ist|das ist|war) (?:\w+ )?(?:unfair|ungerecht|verletzend|respektlos|nicht fair) (?:uns"
    r"|unseren? \w+|dem team|gegenüber)",
    r"verbitten? (?:wir|ich|uns|mir)|verbitte ich mir|lassen wir uns (?:\w+ ){0,3}(?:nicht"
    r"|so nicht)|lasse ich mir (?:\w+ ){0,3}nicht|(?:müssen|muss) (?:wir|ich)? ?(?:uns|mir"
    r"|sich \w+)? ?(?:\w+ ){0,4}?(?:nicht|nicht alles) (?:\w+ )?(?:gefallen|bieten|anhören|sagen"
    r"|vorwerfen|beschimpfen)|(?:wollen|möchten|werden) (?:wir|ich)? ?(?:uns"
    r"|mir) (?:\w+ ){0,3}nicht (?:\w+ )?(?:gefallen|bieten|anhören|sagen|beleidigen)|so (?:redet"
    r"|spricht|geht|lassen wir|reden sie|redest du|sprechen sie)(?: man)? (?:\w+ )?nicht mit"
    r"|nicht in diesem ton|in diesem ton|(?:so|derart) (?:nicht )?mit (?:uns|mir) (?:reden"
    r"|sprechen|umspringen|umgehen)",
    r"(?:verletzt|kränkt|trifft|beleidigt|enttäuscht|schmerzt|ärgert|verärgert) (?:das )?(?:uns"
    r"|mich|unser team|unsere \w+)(?: (?:\w+ )?(?:sehr|wirklich|schon|tief|persönlich|hart))?"
    r"|(?:sind|bin|waren|fühlen uns|fühle mich) (?:wir |ich )?(?:\w+ ){0,3}(?:gekränkt|verletzt"
    r"|beleidigt|sauer|verärgert|persönlich angegriffen|angegriffen|enttäuscht (?:von (?:ihnen"
    r"|dir|ihrer|deiner)|über (?:ihre|ihren|deine|deinen|diesen ton)|,? dass (?:sie|du))"
    r"|fassungslos|entsetzt über|empört|entrüstet)|das hat (?:uns|mich) (?:\w+ )?(?:verletzt"
    r"|gekränkt|getroffen|beleidigt)|wehgetan|tut (?:uns |mir )?(?:schon )?weh",
    r"(?:weisen|weise) (?:wir|ich) (?:\w+ ){0,4}?(?:entschieden|aufs schärfste|strikt"
    r"|mit nachdruck|scharf|zurück)|unterstellung\w*|haltlose\w* (?:vorw\w+|behaupt\w+"
    r"|anschuld\w+)|(?:ihr\w*|dein\w*|diese\w*) (?:vorw[uü]rf\w*|anschuldigung\w*"
    r"|unterstellung\w*|ton\b|tonfall|umgangston|undank\w*)(?! (?:ist|sind"
    r"|war) (?:\w+ )?(?:berechtigt|richtig))|ungerechtfertigt\w*"
    r"|tun (?:sie )?uns (?:\w+ )?unrecht|tust uns unrecht|undankbar\w*|nach allem,? was wir"
    r"|(?:obwohl|dabei) (?:wir )?(?:geben |uns )?(?:wir )?(?:uns )?(?:so |doch "
    r"|wirklich )*(?:viel mühe|große mühe|solche mühe|unser bestes)|wir (?:geben"
    r"|gaben) (?:uns )?(?:doch |hier |wirklich )+(?:alle |unser)? ?(?:mühe|bestes)"
    r"|schade,? dass (?:sie|du) (?:uns|so|das so|nicht (?:würdig|anerk|schätz)\w*)"
    r"|haben (?:wir )?(?:das )?nicht verdient|nicht verdient",
    r"(?:we|i)(?:['’]re| are| am|['’]m)? (?:\w+ )?(?:offended|hurt\b|insulted|upset (?:by|with"
    r"|about) (?:you|your)|disappointed (?:by|in|with|that) (?:you|your)|saddened by your"
    r"|shocked (?:by|at) your|appalled)|(?:we|i) (?:find|found|consider) (?:it |that |this "
    r"|your )[^.!?]{0,40}\b(?:offensive|unfair|hurtful|insulting|disrespectful|rude|uncalled"
    r"|inappropriate|unkind)|(?:we|i) (?:take|took) (?:\w+ )?offen[cs]e",
    r"(?:we|i) (?:do not|don['’]t|did not|didn['’]t|won['’]t|will not"
    r"|refuse to) (?:\w+ )?(?:appreciate (?:your|being|this|that|the|such)|deserve|tolerate"
    r"|accept being|accept (?:your|this|that|such) (?:tone|accus\w+|language)|be (?:spoken"
    r"|talked|treated|insulted)|have to (?:put up|take|listen|tolerate|accept))|(?:that|this"
    r"|it)(?:['’]s| is| was)? (?:\w+ ){0,2}(?:unfair|hurtful|disrespectful|uncalled for"
    r"|insulting|below the belt)(?! (?:to|on|towards) you)(?: (?:to|on|towards) (?:us|our))?",
    r"hurt(?:s)? (?:us|our|my|the team)|your (?:\w+ )?(?:tone|accusations?|allegations?"
    r"|ingratitude|insinuations?)\b|how dare|after (?:everything|all) (?:that )?we|not (?:going"
    r"|prepared|willing) to be (?:spoken|talked|treated|insulted)|there is no need to be"
    r"|no need for that tone|ungrateful|we reject (?:your|these|this|any)|we(?:['’]re"
    r"| are)? (?:only |just )?doing our (?:very )?best (?:and|here|,|so)|we(?:['’]ve"
    r"| have) feelings|talk to us like that|speak to us like that|mind your",
    r"(?:macht|machen|stimmt|stimmen) (?:sie )?(?:uns|mich) (?:\w+ )?(?:traurig|betroffen"
    r"|fassungslos|wütend|sauer)|unser bestes,? (?:und|aber|doch|nur|da) |(?:jeden tag|täglich"
    r"|rund um die uhr)[^.!?]{0,40}(?:bestes|mühe|einsatz|alles)[^.!?]{0,20}(?:und dann|trotzdem"
    r"|dafür)|kein umgang(?! mit (?:kunden|geräten))|so geht man nicht|dankbarkeit"
    r"|etwas (?:mehr )?(?:dank|respekt|höflichkeit|wertschätzung|anerkennung)|(?:wenig"
    r"|nicht) (?:\w+ )?(?:wertgeschätzt|gewürdigt|geschätzt|honoriert)|verletzend\w*|haltlos\w*"
    r"|respektlos\w*|anschuldigung\w*|(?:solche|diese|derartige) (?:kommentare|worte|angriffe"
    r"|beleidigungen|äußerungen|sprüche|vorwürfe|töne) (?:haben|müssen|brauchen|verbitten|lassen"
    r"|dulden|akzeptieren) wir|(?:dulden|akzeptieren|tolerieren) wir (?:\w+ )?nicht|(?:geht"
    r"|gehen) (?:uns |mir )?(?:wirklich |sehr )?(?:zu weit|unter die gürtellinie|nahe)"
    r"|unter der gürtellinie|(?:treffen|trifft) (?:uns|mich|unser)",
    r"(?:are|am|feel|were|was|felt)(?: all)? (?:\w+ )?(?:hurt|offended|insulted|attacked"
    r"|saddened|wounded|disrespected)\b(?! (?:knee|hand))|disrespectful (?:to|towards|of)"
    r"|(?:really|very|so|quite) (?:disrespectful|hurtful|insulting|offensive)"
    r"|this is (?:the thanks|how (?:you|we) )|(?:that|this)(?:['’]s| is"
    r"| was) not (?:a )?(?:very )?(?:nice|kind|fair)(?: thing)? (?:to say|of you|to us|about us"
    r"|towards us)|(?:expected|expect|deserve|hoped for|want) (?:a bit |a little "
    r"|some )?(?:more |better )?(?:gratitude|respect|thanks|appreciation|courtesy|politeness)"
    r"|(?:will|do|can|shall) ?(?:not|n['’]t) (?:tolerate|accept|stand for|put up with)"
    r"|won['’]t (?:tolerate|accept|stand for|put up with)|hurts? (?:us|our|me|to read)"
    r"|makes us (?:sad|angry|upset)|we work (?:so|very|really) hard (?:and|,|for)"
    r"|all our (?:hard )?work|no way to (?:talk|speak|treat)|crosses? (?:a|the) line"
    r"|below the belt|uncalled for",
    r"fühlen? (?:wir )?(?:uns|mich) (?:\w+ ){0,4}(?:behandelt|angegriffen|beleidigt|verletzt"
    r"|missverstanden|herabgesetzt|bloßgestellt)|(?:verdienen|erwarten|verlangen|wünschen"
    r"|bitten) (?:wir )?(?:uns |um )?(?:\w+ ){0,2}(?:respekt|höflichkeit|anstand|fairness"
    r"|wertschätzung)|you(?:['’]re| are) (?:being )?(?:\w+ )?(?:unfair|rude|unkind|disrespectful"
    r"|mean|hurtful)|eine beleidigung (?:für|an|gegen)",
)

JUSTIFICATION = _of(
    r"(?:aufgrund|wegen|infolge|angesichts|bedingt durch|durch)[^.!?]{0,40}(?:aufkommen\w*"
    r"|nachfrage|auslastung|personal\w*|krank\w*|urlaub\w*|feiertag\w*|anfragen|andrang\w*"
    r"|saison\w*|lieferengp\w*|lieferschwierig\w*|lieferkette\w*|umstellung\w*|inventur\w*"
    r"|wetter\w*|streik\w*|corona|pandemie|ferien\w*|weltlage|materialmangel|engp[aä]ss\w*"
    r"|systemumstell\w*|softwareumstell\w*)",
    r"(?:wir )?(?:haben|bekommen|erhalten|erreichen uns) (?:wir )?(?:gerade|zurzeit|zur zeit"
    r"|momentan|derzeit|im moment|aktuell|nun mal|eben|einfach)?[^.!?]{0,15}(?:sehr |so |extrem "
    r"|unglaublich |wahnsinnig )?(?:viel(?:e)? (?:zu tun|anfragen|nachrichten|kunden|arbeit)"
    r"|(?<!der )hochsaison|zu wenig (?:personal|leute|mitarbeiter|zeit)|personalmangel"
    r"|personelle engpässe|viele krankheitsfälle)|(?:sind|ist) (?:\w+ )?(?:derzeit |gerade "
    r"|momentan |zurzeit |aktuell )*(?:unterbesetzt|überlastet|völlig ausgelastet|im urlaub"
    r"|(?<!der )hochsaison|krank)",
    r"(?:dafür|daran|dazu|da) k[oö]nn\w+ (?:wir|ich) (?:\w+ ){0,3}nichts"
    r"|k[oö]nn\w+ wir (?:\w+ ){0,3}nichts (?:dafür|dazu|ändern|für)|nichts dafür|nicht (?:unsere"
    r"|meine) (?:schuld|verantwortung|fehler)|(?:nicht|kein) (?:\w+ )?(?:unser"
    r"|von uns)\w* (?:fehler|versagen|verschulden|verschuldet|verursacht)|(?:liegt"
    r"|lag) (?:leider |aber |ja |jedoch )*nicht (?:an uns|in unsere\w|bei uns)"
    r"|außerhalb unsere\w|höhere gewalt|trifft uns keine schuld|keinen? einfluss",
    r"(?:der|die|unser\w*|das) (?:lieferant\w*|hersteller\w*|spedit\w+|dienstleister\w*"
    r"|paketdienst\w*|zulieferer\w*|post|dhl|partner\w*|händler\w*|it|technik|system|software"
    r"|abteilung|kolleg\w+|versand\w*|werk|computer|zoll)[^.!?]{0,30}(?:ist (?:\w+ )?schuld"
    r"|schuld|hat (?:\w+ ){0,3}(?:versagt|geschlafen|verschlampt|verzögert|versäumt|vergessen"
    r"|nicht geliefert|falsch)|lässt (?:\w+ ){0,4}nicht zu|gibt (?:\w+ ){0,4}(?:vor|nicht her)"
    r"|verantwortlich|verursacht|erlaubt (?:\w+ ){0,3}nicht|haben (?:\w+ ){0,3}verzögert)",
    r"haben (?:wir )?alles richtig gemacht|alles nach vorschrift|(?:nach|gemäß"
    r"|laut) (?:unser\w* |den |der |dem |geltende\w* )?(?:agb|vorschrift\w*|richtlinie\w*"
    r"|vorgabe\w*|regel\w*|prozess\w*|bestimmung\w*|geschäftsbedingungen|vertrag\w*"
    r"|dienstvorschrift\w*)|(?:sind|lauten) (?:\w+ )?(?:nun (?:ein)?mal |eben |halt "
    r"|leider )+(?:unsere|die|so) ?(?:regeln|vorschriften|vorgaben|richtlinien|agb|prozesse"
    r"|bestimmungen|abläufe)?|so sind (?:die|unsere) (?:regeln|vorschriften|abläufe|prozesse"
    r"|vorgaben)|hände gebunden|interne\w* (?:vorgaben|prozesse|richtlinien|abläufe|gründe\w*)",
    r"(?:ist|das ist|sind) (?:\w+ )?(?:bei (?:uns|allen) )?(?:\w+ )?(?:branchenüblich|üblich"
    r"|vollkommen normal|völlig normal|ganz normal|normal|standard|vorschrift"
    r"|stand der technik)\b|(?:kommt|passiert) (?:leider |nun (?:ein)?mal |eben |halt |auch "
    r"|schon |immer )*(?:überall|jedem|mal|jeder firma|vor\b|bei jedem|den besten)[^.!?]{0,15}"
    r"|auch nur menschen|das machen (?:alle|andere) \w*|andere (?:firmen|hersteller|händler"
    r"|anbieter)[^.!?]{0,25}(?:auch|genauso|nicht besser|länger)|geht (?:\w+ )?nicht schneller"
    r"|schneller geht es|mehr (?:geht|können wir) (?:\w+ )?nicht|wir tun (?:doch |nur |bereits "
    r"|schon )*(?:was wir können|unser bestes)|dafür haben wir (?:unsere )?gründe|hat (?:seine"
    r"|gute|schon seine) gründe|war(?:en)? (?:\w+ )?nicht absehbar"
    r"|konnten wir (?:\w+ )?nicht (?:wissen|ahnen|vorhersehen|absehen)",
    r"(?:due to|because of|owing to|given|as a result of|thanks to)[^.!?]{0,40}(?:volume\w*"
    r"|demand|staff\w*|shortage\w*|holiday\w*|backlog|season|busy|strike\w*|weather|supplier\w*"
    r"|supply chain|pandemic|illness|sickness|migration|system|policy|policies|circumstances"
    r"|high number|workload)|(?:we(?:['’]re| are| have been"
    r"|['’]ve been)?) (?:\w+ )?(?:extremely |very |really |so |just |currently "
    r"|incredibly )*(?:busy|understaffed|short[- ]staffed|overwhelmed|swamped|inundated"
    r"|snowed under)|(?:it|this|that)(?:['’]s| is| was|isn['’]t| wasn['’]t)? (?:\w+ )?(?:not "
    r"|n['’]t )?(?:our|my) (?:fault|responsibility|mistake|doing)|not our (?:fault|problem"
    r"|responsibility|mistake|doing)|(?:beyond|outside|out of) our (?:control|hands"
    r"|responsibility)|nothing (?:to do with us|we (?:can|could) (?:do|have done))",
    r"(?:the|our) (?:supplier|manufacturer|courier|carrier|system|software|warehouse|dealer"
    r"|partner|it department|other department|delivery company|factory"
    r"|computer)[^.!?]{0,25}(?:is to blame|at fault|messed up|let us down|failed"
    r"|does ?n['’]t (?:allow|let)|does not (?:allow|let)|won['’]t (?:allow|let)|caused|forgot"
    r"|responsible|lost)|we (?:did|have done|followed|acted) (?:everything|all|according"
    r"|the (?:rules|procedure|process))[^.!?]{0,20}|(?:those|these|that)(?:['’]s| are| is"
    r"| ['’]re)? (?:just |simply |unfortunately )*(?:the|our) (?:rules|policy|policies|terms"
    r"|procedures|process|way it)|(?:as )?per (?:our |the )?(?:terms|policy|procedure|contract)"
    r"|in (?:line|accordance) with our|company policy|our hands are tied|(?:perfectly|completely"
    r"|quite|totally) normal|industry standard|(?:these )?things happen|happens to (?:everyone"
    r"|everybody|the best)|only human|we(?:['’]re| are)? doing (?:what|all|everything) we can"
    r"|could ?n['’]t have (?:known|foreseen)|could not have (?:known|foreseen)|no one could have"
    r"|everyone else|other companies",
    r"zu verantworten|(?:lässt|lassen) (?:uns|mir) (?:leider )?keine (?:andere )?(?:wahl"
    r"|möglichkeit)|(?:kann|können) (?:so etwas|das|es|sowas|fehler|dinge"
    r"|mal) (?:\w+ ){0,3}(?:passieren|vorkommen|dauern)|nicht anders (?:möglich|machbar|gegangen"
    r"|lösbar)|(?:ist|sind|läuft|war) (?:das |es |die \w+ )?(?:nun (?:ein)?mal|eben|halt|einfach"
    r"|leider immer) (?:so|(?<!der )hochsaison|die regel\w*)|an (?:alle |die "
    r"|unsere )?(?:vorgaben|regeln"
    r"|vorschriften|fristen|prozesse|richtlinien|abläufe) gehalten|(?:alle|jeder|sämtliche"
    r"|auch andere|die ganze|die gesamte) (?:händler|hersteller|firmen|werkstätten|anbieter"
    r"|branche|betriebe|shops)|(?<!der )hochsaison|unterbesetzt|überlastet|ausgelastet|keine schuld"
    r"|unverschuldet|unvermeidbar|unvermeidlich|liegt in der natur|stau|schneefall|ferienzeit",
    r"(?:supplier|manufacturer|courier|carrier|warehouse|dealer|factory|post)(?: (?:who|that|is"
    r"|was|has))? (?:\w+ )?(?:messed|screwed|failed|lost|delayed|late|caused|responsible"
    r"|to blame|didn['’]t)|(?:every ?one|everybody|all|others|other \w+"
    r"|the whole) (?:\w+ ){0,2}(?:industry|dealers|companies|shops|manufacturers|has this"
    r"|have this|does this|do this)|nothing (?:more )?we can do|rules are rules"
    r"|(?:short-?staffed|understaffed|overloaded|overworked|overwhelmed)|(?:weather|traffic"
    r"|strike|snow|holidays?|system|software|supplier|courier)s? (?:has |have )?caused|(?:with"
    r"|given) (?:so|this) many|(?:this|that|it|mistakes|delays|errors) (?:can|do|does|will|just"
    r"|simply) (?:sometimes )?happens?|could ?n['’]t be (?:avoided|helped)"
    r"|could not be (?:avoided|helped)|unavoidable|no choice|not down to us|peak season"
    r"|busy (?:season|period|time)|that['’]s (?:just )?how (?:it|things|the)|leaves us no",
    r"(?:wegen|aufgrund|weil|durch|infolge|bei) [^.!?]{3,60}\b(?:dauert|länger|verzöger\w*"
    r"|später|nicht möglich|verspät\w*|lange wartezeit\w*|wartezeiten)|nichts (?:\w+ )?(?:ändern"
    r"|machen|tun|unternehmen)\b|(?:nun (?:ein)?mal|eben|halt) in (?:unseren|den|der)|(?:zoll"
    r"|post|werk|wetter|behörde|bahn|hersteller|lieferant|spedition|bank)\w* (?:ist|sind|war"
    r"|waren|trägt|trifft) (?:\w+ )?(?:schuld|verantwortlich)|krankenstand|krankheitsbedingt"
    r"|ausfälle",
    r"(?:due to|because|owing to|since|as) [^.!?]{3,60}\b(?:delay\w*|longer|late\b|later|slow\w*"
    r"|wait\w*)|sick (?:leave|days|colleagues|staff)|(?:customs|weather|post|traffic|factory"
    r"|courier|bank|government) (?:is|are|was|were) (?:\w+ )?(?:to blame|responsible|at fault)"
    r"|(?:just |simply )how (?:our|the|it|things|we|this) (?:\w+ )?(?:process\w*|work\w*"
    r"|system\w*|goes|do|is)|let (?:us|me) down|(?:can['’]?t|cannot|could ?n['’]t"
    r"|unable to) (?:do|change) (?:anything|much|that|this|it)|blame (?:the|our|it)",
)

IRONY = _of(
    r"herzlichen glückwunsch(?! (?:zu|zum|zur|nachträglich|und)\b)|glückwunsch,? (?:sie|du|dann"
    r"|da)|na (?:toll|super|prima|klasse|dann|bravo|herrlich|großartig|wunderbar|bitte|sowas"
    r"|so was)\b|bravo\b|applaus|chapeau|respekt,? (?:dass|das|wirklich|sie)|tolle (?:leistung"
    r"|idee)\b|(?:was|welch) (?:für )?(?:eine?n? )?(?:überraschung|zufall|geniestreich"
    r"|scharfsinn|geistesblitz|leistung|glanzleistung|wunder|meisterwerk|freude, (?:wieder"
    r"|erneut|mal wieder)|tragödie|drama|katastrophe)|wer hätte (?:das|es|denn) (?:nur "
    r"|bloß )?(?:ge(?:dacht|ahnt|glaubt))|ach (?:wirklich|nein|so\?|was\b|gottchen|je,)|oh nein,"
    r"|oh je,? (?:die|der|das)",
    r"schön für (?:dich|sie|euch)|wie (?:originell|überraschend|nett|reizend|schön|charmant"
    r"|freundlich|aufmerksam|liebenswürdig|geistreich|kreativ|tragisch|furchtbar|schrecklich"
    r"|unerhört)(?:,? dass|\b(?= von (?:ihnen|dir))|!|\.)|(?:sie|du) (?:arme[rs]?|ärmste[rs]?)\b"
    r"|(?:tiefstes|herzlichstes|aufrichtiges|unser) (?:\w+ )?beileid|sonst (?:haben wir "
    r"|hätten wir )?ja (?:sonst )?nichts|haben ja sonst nichts|sicher doch"
    r"|ja,? klar(?: doch)?[,.!]|aber sicher doch|da sind wir aber|da bin ich aber"
    r"|natürlich können wir (?:\w+ )?(?:zaubern|hellsehen|hexen)|(?:glas|kristall)kugel"
    r"|hellsehen|hellseher\w*|gedanken lesen|gedankenlesen|zauber(?:n|stab|trick)\w*"
    r"|hexen können|wunder (?:dauern|vollbringen)|der weihnachtsmann|das christkind",
    r"danke für (?:nichts|die blumen|(?:ihre|deine|die|den|diese\w*) (?:überaus|ach so|so"
    r"|äußerst|wahnsinnig|unglaublich|gewohnt)? ?(?:\w+ )?(?:charmant\w*|freundlichen worte"
    r"|netten worte|nette art|geistreich\w*|konstruktiv\w+ beitrag|qualifiziert\w*"
    r"|sachlich\w* \w+ — not|herzlich\w* worte|weisheit\w*|belehrung\w*|lektion\w*))|\*hust\*"
    r"|\*augenroll\w*\*|ironie|sarkasmus|🙄|😏|🙃|😒|😜|🤡|haha|hihi|\blol\b|\brofl\b|;-?\)\s*(?:na"
    r"|natürlich|aber klar)|(?:natürlich|klar|sicher|logisch|wohl|ja|gern)[^.!?]{0,30}(?:😉"
    r"|;-?\))|[„\"“»](?:experten?|fachmann|toll\w*|super|problem|katastrophe|drama|notfall"
    r"|stammkunde|profi|kenner|riesenproblem|dringend\w*|skandal)[“\"”«]"
    r"|selbstverständlich lassen wir (?:sofort )?alles (?:stehen|liegen)|lassen wir (?:sofort "
    r"|natürlich |gern )*alles stehen|nur für (?:sie|dich) (?:persönlich )?(?:erfinden|bauen"
    r"|ändern|machen) wir|die welt (?:geht|ist) (?:ja )?(?:nicht )?unter\w*|weltuntergang"
    r"|gold(?:en|ene)? (?:handschlag|löffel|kloschüssel)|roter? teppich|rote[nr]? teppich"
    r"|majestät|hoheit|eure? exzellenz|ihre durchlaucht|einstein|sherlock|genie\b"
    r"|meisterdetektiv|blitzmerker|schnellmerker|schlaumeier|schlauberger|besten dank auch"
    r"|recht (?:herzlichen|schönen) dank auch|vielen dank auch|wirklich (?:sehr "
    r"|äußerst )?(?:charmant|geistreich|originell)\b|sehr witzig|selten so gelacht|aber gern doch",
    r"congrat\w*,? (?:you|on (?:finally|being|reading|noticing|figuring))|well done,? (?:you"
    r"|sherlock|genius|on (?:finally|reading|noticing|figuring))|bravo\b|slow clap|clap clap|👏"
    r"|how (?:nice|lovely|wonderful|sweet|original|charming|tragic|terrible|awful|convenient"
    r"|surprising)(?: (?:for|of) you|!|,)|good for you\b|what (?:a )?(?:(?:lovely|big|huge|total"
    r"|complete|nice) )?(?:surprise|shock(?:er)?|genius|tragedy|revelation|drama"
    r"|catastrophe|coincidence)|(?:shocking|shocker),? (?:i know|right|isn)|who (?:would"
    r"|could)(?:['’]ve| have) (?:thought|guessed|known)|crystal ball|magic wand|mind[- ]read\w*"
    r"|read minds|wave a wand|fortune tell\w*|thanks for nothing|thanks a (?:lot|bunch"
    r"|million) for (?:nothing|that|your (?:charming|lovely|kind))|(?:oh|wow|gee"
    r"|ah),? (?:really\?|great|brilliant|how|what a|sure|thanks|wonderful|you poor"
    r"|the horror)|poor you|poor thing|my heart bleeds|world['’]s smallest violin|yeah,? right"
    r"|as if\b|sure, (?:because|why not|we (?:just|only|all|always|have nothing))|brilliant idea"
    r"|genius(?: move| idea)?\b"
    r"|einstein|sherlock|captain obvious|newsflash|news flash|bless your|sarcas\w+|irony"
    r"|end of the world|red carpet|your (?:majesty|highness|lordship|royal)|drop everything"
    r"|hold the front page|alert the media|tough luck|boo hoo|cry me a river"
    r"|yay\b[.!]? (?:another|more)|just what we needed|we(?:['’]ve| have) nothing better",
    r"(?:ganz )?großes kino,|tolle[rn] (?:fang|hecht|held|vorschlag)|verneigen|verbeugen"
    r"|hut ab,? (?:vor|dass|sie)|vor so viel|(?:besser|mehr|schlauer|klüger) als (?:unsere?|die"
    r"|alle|jede\w*) (?:\w+ )?(?:mechaniker\w*|experten|fachleute|ingenieure?|profis|techniker"
    r"|werkstatt|meister\w*)|dreht sich (?:ja |doch )?nicht (?:nur |alles )?um"
    r"|dreht\b[^.!?]{0,10}\b(?:nicht nur|nur) um|nicht nur um sie dreht|(?:toll|super|prima"
    r"|klasse|fein|sauber) gemacht,? (?:wirklich|echt|ganz|sie|da)|zu tränen|(?:großartig|toll"
    r"|super|wunderbar|herrlich|prima|klasse|fantastisch|na schön|wie schön|endlich),? (?:noch"
    r"|schon wieder|mal wieder|wieder) (?:so )?(?:ein|eine|einer|jemand|mal)\b",
    r"(?:hobby|möchtegern|ober|freizeit|internet|sofa|stammtisch)-?(?:experte|mechaniker"
    r"|ingenieur|schlau|profi|jurist|tester|kritiker)\w*|(?:natürlich|klar|sicher"
    r"|selbstverständlich|gewiss), (?:sie|du|ihr|wir|alle|der kunde) |aber (?:sicher|natürlich"
    r"|klar|selbstverständlich),|(?:den|die|der|beim) (?:präsidenten|kanzlerin|kanzler|papst"
    r"|nasa|könig|feuerwehr) (?:an|ein|informieren|fragen|persönlich)|rufen wir (?:gleich "
    r"|sofort )?(?:den|die) (?:präsident|kanzler|papst|feuerwehr|polizei|nasa)\w*|nobelpreis"
    r"|(?:eine|einen|die) (?:medaille|orden|oscar|preis) (?:für|verdien|bekommen)\w*"
    r"|taschent[uü]ch\w*|wie gut,? dass (?:wir|es|sie|du)|(?:gott sei dank"
    r"|zum glück) (?:haben wir|gibt es|wissen) (?:ja |noch )?(?:sie|dich|leute|menschen|solche"
    r"|kunden)|(?:wie schade|wie tragisch|wie furchtbar|wie schrecklich),? dass|ein skandal"
    r"|oh welch|oh wie|dramatisch|so ein pech aber auch|was würden wir (?:nur )?ohne"
    r"|wir sind (?:zutiefst|tief) (?:beeindruckt|gerührt|erschüttert)|schlaflose nächte"
    r"|natürlich nur für sie|ihre (?:königliche|werte|geschätzte) |wenn das so ist"
    r"|das ändert natürlich alles|da haben sie ja (?:wieder |mal )?(?:ein|eine|einen|was)",
    r"oh (?:great|good|joy|wonderful|boy|sure|please|brilliant|fantastic),|(?:yeah"
    r"|yes),? (?:right|sure)\b[.,!]|how (?:clever|kind|brave|observant|generous|thoughtful"
    r"|perceptive|insightful|helpful|very \w+)(?: of you|!|\.)|bow to (?:your|you)|(?:in awe"
    r"|not worthy)|lucky (?:us|me)\b|sure, (?:blame|it|that|the|go|let)|another (?:expert"
    r"|lecture|genius|critic|self-appointed)|(?:a|the|your) (?:medal|trophy|nobel|gold star"
    r"|oscar)|(?:call|alert|inform) (?:the )?(?:president|press|pope|nasa|police|queen|king)"
    r"|what would we do without|so sorry (?:that )?(?:the world|your majesty)"
    r"|the world (?:does ?n['’]t|does not) revolve|must be (?:so |very |really )?(?:hard|tough"
    r"|terrible|awful) (?:for you|being)|slow (?:hand)?clap|gold star|tell us more,? (?:please"
    r"|do)|fascinating|spare us|give us a break|because (?:clearly|obviously|of course)"
    r"|of course you (?:know|do|are)|you (?:clearly )?know better than our|riveting|hilarious"
    r"|cute,|nice try|good luck with that|welcome to (?:the real world|reality|earth)",
    r"(?:ja |doch )?mal (?:ein|eine|einen|was) (?:\w+ )?(?:erkenntnis|idee|einfall|leistung"
    r"|ansage|neuigkeit|neues|tipp|vorschlag|hinweis)|untröstlich|so ?was von|(?:wow"
    r"|donnerwetter|potzblitz|sieh an|schau an|schau mal einer an|respekt|ui|oha|mensch"
    r"|na so etwas|ach was|ei),? (?:da |das |sie|du|ihr|was|so|wie|jemand|ein)|richtig (?:ahnung"
    r"|fachmann|experte)|(?:regnet|schneit) es (?!nicht)(?:\w+ )?(?:ersatzteile|geld|gold"
    r"|motorräder|gutscheine|geschenke)|am sankt-nimmerleins|wenn schweine fliegen|(?:da"
    r"|hier) (?:ist|war|spricht) (?:wohl |ja |ganz offensichtlich )?(?:ein|der|eine) (?:profi"
    r"|experte|fachmann|kenner|meister|genie)|vom feinsten|wie im märchen|ganz bestimmt,"
    r"|mit sicherheit,|ihr leid (?:ist|muss)|(?:die|das) (?:arme|ärmste)\b",
    r"(?:wow|gee|gosh|golly|my my|well well|oh my),? (?:you|what|how|that|such|so|look|someone"
    r"|must|a)|you must be (?:an?|the|some) (?:\w+ )?(?:engineer|expert|genius|professor"
    r"|detective|scientist|lawyer|specialist|rocket|prophet)|what an? (?:\w+ )?(?:amazing"
    r"|incredible|brilliant|astonishing|remarkable|profound|groundbreaking|stunning|shocking"
    r"|astute|clever) \w+|heartbroken|(?:inconsolable|devastated)\b|pigs (?:can|might|will"
    r"|could)|hell freezes|(?:we|i)(?:['’]re| are| am) (?:so |deeply |truly )?(?:impressed"
    r"|humbled|touched|honou?red) by your|truly (?:shocking|amazing|inspiring|tragic)"
    r"|breaking news|stop the press|call the (?:cops|police|newspapers)",
)
