"""Irony, as frames and as a mismatch: praise that the customer's own words make no sense of (S88).

Praise alone is none. It becomes irony beside an absurd reason, a dig ("auch mal", "finally"),
exaggerated pity, a quoted word, or where the customer complains and is praised for being happy.
"""

from __future__ import annotations

import re

from responder.domain.gates.frames import either

_NICE = (
    r"(?:toll|super|prima|klasse|schön|nett|großartig|herrlich|wunderbar|fein|fantastisch"
    r"|beeindruckend|erstaunlich|reizend|lieb|klug|schlau|clever|rührend|freut (?:uns|mich))"
)
_DIG = (
    r"(?:wenigstens|schon wieder|auch (?:ein)?mal|auch noch|nie (?:\w+ )?(?:fehler|irren|etwas)"
    r"|alles besser"
    r"|so früh|sogar|ausgerechnet|endlich (?:\w+ ){0,3}(?:bemerk|merk|meld|les|fäll|aufwach"
    r"|verst|reagier"
    r"|schaff)\w*|nach (?:\w+ ){1,2}(?:wochen|monaten|tagen|jahren|stunden)[^.!?]{0,20}(?:bemerk"
    r"|auffäll"
    r"|merk|meld|schon|auch)\w*|extra für uns|zeit (?:gefunden|genommen) haben,? (?:uns )?zu"
    r"|unsere?n? "
    r"(?:arbeit|job|beruf)|immer wissen|alles wissen|so viel (?:ahnung|zeit))"
)
_YES = (
    r"(?:ja|klar|sicher|natürlich|logisch|sicherlich"
    r"|selbstverständlich|gewiss|bestimmt|genau|stimmt|aha|soso)"
)
_ABSURD = (
    r"(?:auch (?:noch )?(?:unsere?|meine?) (?:schuld|fehler)|immer (?:die|der|das|wir|unser\w*"
    r"|nur)|böse[rn]?"
    r"|mit absicht|absichtlich|nichts (?:anderes|besseres) zu|nur (?:um|damit) (?:sie|dich|ihnen"
    r"|dir)|zu ärgern"
    r"|zaubern|mond|persönlich (?:kaputt|zerkratzt|versteckt)|verschwörung|geheim\w*"
    r"|schuld sind (?:immer|wir"
    r"|natürlich)|wie immer|wir alle|alle anderen|die ganze (?:welt|firma)|aus langeweile"
    r"|aus spaß|zum spaß"
    r"|den ganzen tag (?:nur|nichts)|einhörn\w*|aliens|kobold\w*|heinzel\w*)"
)
_GERMAN = either(
    rf"(?:na |ach |wie |oh )?{_NICE},? (?:sehr |riesig |ungemein )?,?\s?(?:dass|wenn|wie) (?:sie"
    rf"|du|ihr|wenigstens"
    rf"|endlich|ausgerechnet|man|uns)?\b[^.!?]{{0,60}}\b{_DIG}",
    r"wie überraschend|überrascht (?:uns|mich) (?:jetzt |nun |ja |wirklich |gar )*(?:nicht|sehr"
    r"|aber|total)\b"
    r"|was für eine überraschung|damit (?:konnte|hatte|hätte) (?:ja |nun )?(?:niemand|keiner)"
    r"|wer hätte (?:das|es)"
    r"|ganz was neues|(?:ja )?(?:mal |etwas |was )(?:ganz )?(?:neues?|neue beschwerde)"
    r"|na so ein\w*|so ein zufall"
    r"|zufälle gibt",
    rf"(?:ja|ach|oh|na|aber)?,? ?\b{_YES}\b[,!.:]?\s[^.!?]{{0,70}}\b{_ABSURD}|(?:sie haben"
    rf"|du hast)[^.!?]{{0,15}}\bwie"
    r" immer\b[^.!?]{0,10}\brecht|wie immer (?:völlig )?(?:recht|alles besser)|der böse"
    r"|die böse[n]?\b|"
    r"(?:machen|tun|haben|zerkratzen|verlieren|verstecken|erfinden)\b[^.!?]{0,25}\b(?:nur|alles"
    r"|extra)\b[^.!?]{0,15}"
    r"\bum (?:sie|dich) zu",
    r"(?:darauf|auf die idee|auf den gedanken|da) wären wir[^.!?]{0,30}\b(?:nie|nicht"
    r"|niemals)\b[^.!?]{0,10}gekommen"
    r"|was (?:würden|täten|wären) wir[^.!?]{0,10}\bohne|(?:die welt|alle|wir alle|ganz \w+"
    r"|wir) (?:hat|haben)[^.!?]{0,15}"
    r"\b(?:nur )?(?:darauf|auf (?:sie|ihre\w*|deine\w*|diese\w*|dich)) (?:\w+ )?gewartet"
    r"|(?:gerade|grad) noch gefehlt"
    r"|darauf haben (?:wir|alle) (?:\w+ )?gewartet|zum glück (?:sind|haben|gibt) (?:sie|wir sie"
    r"|es sie)",
    r"(?:ihre?[nrm]?|deine?[nrm]?|solche?|so viel) (?:\w+ )?(?:weisheit\w*|fachwissen|expertise"
    r"|scharfsinn\w*|genialität"
    r"|großzügigkeit|charme|herzlichkeit|liebenswürdig\w*|fachkenntnis\w*|kompetenz"
    r"|beobachtungsgabe|lebenserfahrung"
    r"|güte|brillante\w*|messerscharfe\w*|geistreiche\w*|überaus \w+|grandiose\w*)"
    r"|danke,? dass (?:sie|du) uns"
    r" (?:\w+ )?(?:unser\w*|die welt|das leben|den job)|danke für (?:die|diese|ihre"
    r"|deine) (?:belehrung|nachhilfe"
    r"|aufklärung|lehrstunde|predigt|vorlesung|standpauke|moralpredigt|lektion|ferndiagnose"
    r"|expertenmeinung)"
    r"|überaus (?:freundlich|nett|hilfreich|charmant|konstruktiv|höflich)\w*",
    r"(?:sie arme[rs]?|du arme[rs]?|ihr armen)\b|ganze (?:zwei|drei|vier|fünf|\d+) (?:tage"
    r"|minuten|stunden|wochen)\b"
    r"|die welt (?:steht still|bricht|geht)|(?:wie|was) (?:furchtbar|schrecklich|entsetzlich"
    r"|tragisch|grausam)\b"
    r"|zutiefst (?:erschüttert|bestürzt|betroffen|beeindruckt)|unvorstellbar|schicksalsschlag"
    r"|wie (?:haben|halten|hältst)"
    r" (?:sie|du) das (?:nur |bloß )?(?:aus|überlebt)|muss man erst ?(?:mal|einmal)? (?:schaffen"
    r"|hinbekommen|hinkriegen"
    r"|können)|(?:ganze|meister|glanz|spitzen|super|starke)[- ]?leistung,|das muss man (?:ihnen"
    r"|dir) lassen|was für ein talent"
    r"|da (?:hat|ist|war) (?:aber |wohl |ja |heute )+(?:jemand|einer|wer)\b|jemand (?:hat"
    r"|ist) (?:heute|wohl|aber)\b",
    r"ganz (?:besonders )?(?:schlau|clever|wichtig|lustig|toll|mutig)\w*[.!,]? ?(?:[„\"“»]|kunde"
    r"|mensch|kerl|idee|einfall)"
    r"|sonnenschein|goldstück|charmebolzen|spaßvogel|scherzkeks|witzbold|komiker|superheld"
    r"|held des|experte[.!]|besserwisser"
    r"|(?:ihr\w*|dein\w*|so ein\w*|ein\w*|diese\w*|angebliche\w*"
    r"|sogenannte\w*)(?: \w+){0,3} [„\"“»'‚][\w -]{3,24}[\"“”«'‘]"
    r"(?= |[.,!?]|$)|(?:wissen|weißt|kennen)\b[^.!?]{0,20}\b(?:natürlich|ja|alles|sicher"
    r"|wie immer|es wohl)\b[^.!?]{0,12}\b"
    r"besser\b",
    r"(?:na|ach|oh|aha|soso|tja)[,!]? (?:wenn (?:sie|du) (?:das )?(?:sag|mein)\w*|dann (?:ist"
    r"|wird|sind|haben)\b[^.!?]{0,20}"
    r"(?:ja )?(?:alles|bestens|gut)|das ist ja|dann viel)|viel (?:spaß|glück|erfolg) (?:dabei"
    r"|damit|noch)\b[^.!?]{0,20}"
    r"(?:!|$|beim)|bestimmt war es (?:wieder|mal)|(?:träumen|träum) (?:sie |du )?(?:ruhig "
    r"|schön )?weiter|wir (?:lachen|weinen)"
    r"|applaus|standing ovations|ehrenwort|hört,? hört|wie (?:großzügig|gnädig|edel|aufmerksam"
    r"|rücksichtsvoll)",
)

_ENGLISH = either(
    r"(?:how|what) (?:surprising|unusual|unexpected|shocking|refreshing|convenient|original"
    r"|unheard)\b|(?:surprise,? surprise"
    r"|colou?r me|what are the odds|imagine that|fancy that|who knew|quelle surprise"
    r"|big surprise|no way!)",
    r"(?:nice|good|kind|great|lovely|sweet|generous) of you to (?:finally|at last|eventually"
    r"|also|bother|notice|join|grace"
    r"|remember|drop|share your|enlighten)|(?:glad|happy|pleased|delighted|lovely|nice|great"
    r"|wonderful)(?: that| to see)? you"
    r"(?:['’]ve| have)? (?:finally|at last|could be bothered|have it all|know everything|figured"
    r"|found the time|never|at least"
    r"|noticed|managed to)",
    r"(?:oh |ah |well |yes,? |and )?(?:yes|yeah|sure|of course|right|clearly|naturally|obviously"
    r"|absolutely|certainly)\b[,.!]? "
    r"(?:because (?:we|our|you|it|that|the (?:whole )?world|everyone)\b(?=[^.!?]{0,40}\b(?:love"
    r"|enjoy|nothing|always|only|just|never"
    r"|fun|revolve|hate|all|purpose|clearly)\b)|(?:we|i) (?:just|only|all|love|enjoy|break|hide"
    r"|lose|always|never|sit|have nothing"
    r"|do this|live)\b(?=[^.!?]{0,40}\b(?:purpose|fun|nothing|annoy|you|time|parcels|day"
    r"|bother)\b)|it(?:['’]s| is| must be|['’]s got to be)"
    r" (?:always|all|never) |(?:blame|let['’]s|let us blame)|the (?:big |evil )|everyone else"
    r"|you (?:know|would|are) (?:\w+ )?(?:best|better"
    r"|always|know)|you know)",
    r"(?:thank you|thanks)(?: so much| a lot| very much)? for (?:explaining|telling|teaching"
    r"|showing|informing|lecturing|enlightening)"
    r"[^.!?]{0,20}\b(?:our|my) (?:own )?(?:job|products?|business|bikes?|work|trade|company)"
    r"|thanks[^.!?]{0,20}\b(?:lecture|sermon|lesson"
    r"|wisdom|insight|enlighten\w*|masterclass|essay|novel)\b|(?:we(?:['’]d| would)"
    r"|i['’]d) never have (?:thought|guessed|known|noticed)"
    r"|where would we be|(?:the )?(?:whole )?(?:world|internet|everyone|we(?:['’]ve"
    r"| have)?) (?:was|has been|were|all been|been)"
    r" (?:all |just |eagerly )?waiting for|just what (?:we|i) (?:needed|wanted|were waiting)"
    r"|(?:infinite|great|endless|deep|vast|your)"
    r" (?:\w+ )?(?:wisdom|expertise|brilliance|genius|charm|insight|generosity)\b",
    r"a whole (?:two|three|four|five|\d+|one) (?:days?|minutes?|hours?|weeks?)|how (?:will|did"
    r"|do|could) you (?:ever )?(?:survive|cope|go on"
    r"|manage to (?:survive|live))|(?:must be|sounds) (?:absolutely |truly |so )?(?:awful"
    r"|terrible|dreadful|devastating|unbearable)"
    r"|the humanity|end of civili[sz]ation|first[- ]world|takes (?:real |some |true )?(?:talent"
    r"|skill|genius)|quite (?:an|the|a)"
    r" (?:\w+ )?(?:achievement|talent|expert|detective|genius|comedian|poet|drama)",
    r"are ?n['’]t you (?:a|the|just|so|clever|lovely|sweet|charming|special)|(?:ray of sunshine"
    r"|little sunshine|charmer|delight|comedian"
    r"|legend|hero)[.!]|mr\.? know|know-?it-?all|someone(?:['’]s| is) (?:having|in a|grumpy|not"
    r"|a bit|cranky|upset|clearly)|someone (?:woke"
    r"|got out|needs a)|(?:break|lose|hide|delay|do|did|scratch"
    r"|damage)\w*[^.!?]{0,25}\b(?:on purpose|for fun|just to annoy|to annoy you)"
    r"|just to annoy|(?:your|such|this|a|another"
    r"|so-called)(?: \w+){0,2} [\"“'‘][\w -]{3,24}[\"”'’](?= |[.,!?]|$)|(?:clearly|obviously"
    r"|evidently|of course),? you (?:know|understand) (?:\w+ ){0,4}(?:better|best|more"
    r"|everything)|if you say so|whatever you say"
    r"|dream on|keep dreaming|good one[.!]|very funny|nice one[.!,]|tell me more|how (?:very "
    r"|terribly |awfully |incredibly )\w+|(?:big|huge)"
    r" (?:shock|news|deal)[.!]|hooray|hurray|yippee|bravo|ta-da|cheers for (?:that|nothing)"
    r"|oh dear,? (?:a|the|how|what|someone)"
    r"|oh no,? (?:a|not|the|how|what|two|three)",
)

IRONY_FRAMES = re.compile(
    rf"(?<!\w)(?:{either(_GERMAN, _ENGLISH)})|[🤦🍿🎻🤡🙄😏🙃😒]|(?:!|\?){{4,}}"
)

COMPLAINT = re.compile(
    r"(?<!\w)(?:kaputt|defekt|schlecht\w*|mies\w*|unverschämt\w*|ärger\w*|enttäusch\w*|frech\w*"
    r"|sauer|wütend"
    r"|nie wieder|beschwer\w*|reklam\w*|katastroph\w*|skandal\w*|warte\w*|verspät\w*|fehl(?:t|er"
    r"|en)\w*|falsch\w*"
    r"|gebroch\w*|abzocke|betrug|funktionier\w* (?:\w+ )?nicht|nicht (?:mehr )?(?:funktionier"
    r"|angekomm|gelief)\w*"
    r"|schrott|unmöglich|zum kotzen|geht (?:\w+ )?nicht|broken|faulty|terrible|awful|worst"
    r"|disappoint\w*|angry"
    r"|never again|complain\w*|useless|late\b|waiting|missing|wrong|rip-?off|scam|fail\w*"
    r"|does ?n['’]t work|bad\b"
    r"|poor\b|unacceptable|joke|horrible|rubbish|leak\w*|damaged|scratched|kratzer|undicht\w*)"
)
"""What tells that the customer is not happy."""

MISMATCH = re.compile(
    r"(?<!\w)(?:(?:freut|freuen) (?:uns|mich|wir)[^.!?]{0,50}\b(?:begeistert|zufrieden|gefällt"
    r"|spaß|glücklich|gut"
    r" ankommt|genieß\w*|lob|so viel)|(?:viel )?spaß (?:mit|weiterhin|beim|noch)|(?:tolle|nette"
    r"|schöne|positive|lieben"
    r"|liebe|netten|freundlichen|tollen|schönen|positives|tolles|nettes|schönes|warmen"
    r"|begeisterte\w*)"
    r" (?:feedback|worte|lob|rückmeldung|bewertung|kompliment\w*)|(?:happy|glad|delighted"
    r"|pleased|great|love(?:ly)?) (?:to"
    r" hear )?(?:that )?(?:you(?:['’]re| are)?|it['’]s) (?:\w+ )?(?:happy|enjoy\w*|lov\w*"
    r"|pleased|satisfied|delighted"
    r"|impressed|having)|(?:kind|lovely|great|wonderful|nice|sweet|glowing|positive"
    r"|encouraging) (?:feedback|words|review"
    r"|compliments?|praise)|glückwunsch|congrat\w*|enjoy (?:your|the|it)|so muss das|läuft doch"
    r"|klingt (?:doch )?(?:toll|super|gut"
    r"|prima|nach (?:spaß|einem))|sounds (?:great|fun|lovely|wonderful)|genau so soll"
    r"|what a (?:great|lovely|wonderful)"
    r"|wie schön\b|how (?:nice|lovely|wonderful|great)|(?:so|total|echt|ja) (?:begeistert"
    r"|zufrieden))"
)
"""Praise that fits only a happy customer."""
