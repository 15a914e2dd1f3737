"""Reasons why it is nobody's fault here, as frames: volume, staff, others, rules, fate (S90).

They count only where nothing is done or offered besides; `tone` looks at that.
"""

from __future__ import annotations

from responder.domain.gates.frames import either, frames

_OTHERS = (
    r"(?:\w*lieferant\w*|\w*hersteller\w*|\w*dienstleister\w*|paketdienst\w*|spedition\w*|post"
    r"|dhl|logistik\w*|zoll|händler\w*|werk|lager|system|software|it|technik|server|partner\w*"
    r"|\w*abteilung\w*|zentrale|vertrieb|buchhaltung|bank|wetter|streik|kolleg\w*|fahrer\w*"
    r"|bot(?:e|en)"
    r"|gesetzgeber|behörde\w*|subunternehmer\w*|agentur|import\w*|muttergesellschaft|vorstand"
    r"|konzern\w*|versand\w*|zusteller\w*|computer|programm|anbieter|gesetz)"
)
_OTHERS_EN = (
    r"(?:suppliers?|manufacturers?|couriers?|carriers?|warehouse|dealers?|factory|post|customs"
    r"|system"
    r"|software|it|server|partners?|department|head office|headquarters|bank|weather|strike"
    r"|colleagues?"
    r"|drivers?|logistics|third part(?:y|ies)|delivery (?:company|firm|service)|sales team"
    r"|authorities"
    r"|government|importer|contractor|agency|computer|distributor|management)"
)
_MANY = (
    r"(?:viele?n?|zahlreiche\w*|tausende\w*|hunderte\w*|unzählige\w*|menge|flut|masse|berg"
    r"|hohe\w*|große\w*"
    r"|enorm\w*|unmenge\w*|erhöhte\w*|gestiegene\w*)"
)
_THINGS = (
    r"(?:anfragen?|nachrichten|bestellungen|bestell\w*|aufträge\w*|kommentare\w*|mails?|anrufe\w*"
    r"|reklamationen|fälle\w*|pakete\w*|nachfrage|aufkommen|andrang|auslastung|krankenstand|volumen"
    r"|\w*aufkommen|zuschriften|arbeit|zu tun|los)\b"
)
_RULES = (
    r"(?:vorschrift\w*|gesetz\w*|regel(?:n|ung\w*)|richtlinie\w*|vorgabe\w*|bestimmung\w*|agb"
    r"|bedingungen|prozess\w*|abl[aä]uf\w*|system|software|datenschutz|hausordnung|vertragswerk)"
)

_GERMAN = either(
    rf"(?:(?:sehr|so|extrem|besonders|leider|derzeit|gerade|aktuell|momentan|täglich|zurzeit"
    rf"|unglaublich)"
    rf" )+{_MANY} (?:\w+ )?{_THINGS}|{_MANY} (?:an |von |der |eingehende\w* )?{_THINGS}|(?:viel"
    rf"|besonders"
    r" viel|alle hände voll|land unter|hochbetrieb|rush|stoßzeit\w*) (?:los|zu tun)\b|land unter"
    r"|hochbetrieb|stoßzeit\w*|alle hände voll",
    r"personell\w*|personal(?:mangel|engp\w+|situation|knapp\w*|notstand|lage)|fachkräftemangel"
    r"|(?:knapp|dünn|schwach|schlecht|nicht voll) besetzt|engp[aä]ss\w*|(?:zu wenig\w*|kaum"
    r"|nicht genug"
    r"|nicht genügend|weniger) (?:leute|personal|mitarbeiter\w*|hände|kapazität\w*|kolleg\w*)"
    r"|fehl(?:en|t)"
    r" (?:uns )?(?:\w+ ){0,2}(?:leute|hände|personal|kräfte|kolleg\w+|fachleute|mitarbeiter\w*"
    r"|kapazität\w*"
    r"|zeit)\b|(?:kolleg\w+|mitarbeiter\w*|team|hälfte|belegschaft|\w*leiter\w*"
    r"|techniker\w*)\b[^.!?]{0,40}"
    r"\b(?:krank|erkrankt|im urlaub|in elternzeit|ausgefallen|überlastet|krankgemeldet)\b"
    r"|(?:urlaubs"
    r"|ferien|krankheits|personal|saison|wetter|corona|witterungs)bedingt\w*|unterbesetzung",
    rf"(?:liegt|lag|liegen|lagen|scheitert\w*|hängt|hing|passierte?|entstand"
    rf"|geschah)\b[^.!?]{{0,25}}\b(?:am|an"
    rf"|beim|bei|im|in|vom|von|durch)\b (?:\w+ ){{0,2}}{_OTHERS}\b"
    rf"|{_OTHERS}\b[^.!?]{{0,40}}\b(?:schuld\w*"
    r"|verantwort\w*|verbockt|verschlampt|verursacht|versäumt|vergessen|nicht aufgepasst|geschlampt"
    r"|entscheide[nt]|entschieden|bestimm(?:t|en)|gibt (?:\w+ ){0,3}vor|vorgegeben|festgelegt"
    r"|legt (?:\w+ ){0,3}"
    r"fest|vertauscht|verpatzt|nicht geliefert|im stich|verspätet|hängt|streikt|spinnt"
    r"|macht die)\b|(?:fehler"
    rf"|problem|verzögerung\w*|versäumnis|ursache|schuld|preise\w*"
    rf"|vorgabe)\b[^.!?]{{0,30}}\b(?:bei|beim|in|im|am"
    rf"|an|durch|von|vom|macht|machen|bestimmt|liegt|legt)\b (?:\w+ ){{0,2}}{_OTHERS}\b"
    rf"|(?:angewiesen|abhängig)\b"
    r"|auf (?:\w+ ){1,4}angewiesen|von (?:\w+ ){1,4}abhängig",
    r",? (?:und )?nicht (?:bei |durch |von )?(?:wir|uns)\b(?=[.,!]|$)|(?:haben|hatten) (?:wir "
    r"|das |dies |es )+"
    r"(?:so )?nicht (?:zu )?(?:entschieden|verursacht|vertreten|verschuldet|beschlossen|bestimmt"
    r"|beeinfluss\w*"
    r"|gewollt)|nicht (?:unsere?|in unsere[rm]|von unsere[rm]) (?:schuld|entscheidung"
    r"|verantwortung|hand|macht"
    r"|versagen|fehler|verschulden|versäumnis|ermessen|einflussbereich)|(?:keinen|kaum"
    r"|wenig) einfluss|nicht"
    r" beeinfluss\w*|außerhalb unser\w+|ohne unser (?:zutun|verschulden)|(?:dafür|da|hierfür"
    r"|dagegen|daran)"
    r" (?:\w+ )?(?:können|kann) (?:wir|ich|man|keiner|niemand)\b[^.!?]{0,25}\b(?:nichts|nicht"
    r"|wenig)|nichts"
    r" dafür\b|höhere gewalt|fremdverschulden",
    rf"{_RULES}\b[^.!?]{{0,50}}\b(?:nun (?:ein)?mal|eben|halt|so (?:vor|geregelt|festgelegt)"
    rf"|geregelt|nicht (?:zu|vor"
    r"|erlaubt|möglich|anders|ändern)|erlaub\w+ (?:\w+ ){0,3}(?:nicht|kein\w*)|verbiet\w*"
    r"|gebunden|zwing\w*"
    r"|(?:lässt|lassen|sieht|sehen) (?:\w+ ){0,4}(?:nicht|kein\w*)|schreib\w* (?:\w+ ){0,3}vor"
    r"|keine"
    r" ausnahme\w*|gelten für alle|gilt für alle)|(?:halten|richten|orientieren|halte) (?:wir "
    r"|ich )?(?:uns|mich)"
    rf"\b[^.!?]{{0,30}}\b{_RULES}|(?:gesetzlich|vertraglich|intern"
    rf"|rechtlich) (?:\w+ ){{0,2}}(?:geregelt"
    r"|vorgeschrieben|vorgegeben|gebunden|festgelegt|verpflichtet|nicht)|keine ausnahmen?\b"
    r"|sind wir"
    r" (?:\w+ ){0,4}gebunden|aus (?:rechtlichen|organisatorischen|technischen|internen"
    r"|betrieblichen) gründen",
    r"(?:in|im|zu|zur|während|vor|um|über) (?:der |dem |den |die )?(?:\w*saison|frühjahr"
    r"|frühling|sommer"
    r"|winter|weihnachten|weihnachtszeit|urlaubszeit|ferien|ferienzeit|feiertage\w*"
    r"|monatsende)\b[^.!?]{0,60}\b"
    r"(?:viel|langsam\w*|länger|dauert|dauern|voll|ausgebucht|hektisch|stress\w*|andrang|engpass"
    r"|überall|immer"
    r"|warten)\b|(?:ist|haben|sind)(?: \w+){0,2} (?:gerade|nun mal|eben|derzeit|momentan"
    r"|mitten in)(?: \w+)?"
    r" (?:\w*saison)|gerade (?:\w+ )?saison",
    r"(?:bedenk|berücksichtig|versteh|beacht)\w*[^.!?]{0,20}\bdass (?:wir|unser\w*|gerade|auch"
    r"|bei uns|die"
    r" kolleg\w*|das team|momentan|derzeit|im moment|aktuell)\b",
    r"(?:lässt|lassen|ließ) sich (?:\w+ ){0,4}(?:nicht|nie|kaum) (?:\w+ )?(?:vermeiden"
    r"|ausschließen|verhindern"
    r"|ändern|beschleunigen|vorhersehen|vorhersagen|beeinflussen|planen)|passier(?:t"
    r"|en)\b[^.!?]{0,20}\b(?:eben"
    r"|halt|nun (?:ein)?mal|schon mal|manchmal|mal|schnell|leider)\b|(?:geht|dauert|klappt|läuft"
    r"|kommt)\b"
    r"[^.!?]{0,25}\b(?:eben|halt|nun (?:ein)?mal)\b|(?:andere"
    r"|alle)\w*(?: kund\w+)? (?:\w+ )?(?:müssen|warten"
    r"|mussten)\b|müssen (?:auch |eben |leider )*(?:andere|alle) \w*|nicht der einzige\w*"
    r"|nicht die einzige\w*"
    r"|(?:geben|tun|machen) (?:wir )?(?:\w+ ){0,3}(?:unser bestes|was wir können"
    r"|unser möglichstes|alles"
    r" mögliche)|fehler (?:passieren|kommen vor|sind menschlich)|menschlich\w* (?:fehler"
    r"|versagen)|nobody is"
    r" perfect|niemand ist perfekt|wo gehobelt wird",
)

_ENGLISH = either(
    r"(?:thousands|hundreds|dozens|so many|too many|very many|lots|a lot|plenty|tons"
    r"|a (?:very )?(?:high|large"
    r"|huge) (?:number|volume)|countless|a flood|a backlog) (?:of )?(?:\w+ )?(?:messages"
    r"|requests|orders"
    r"|enquiries|inquiries|calls|e-?mails|cases|customers|parcels|complaints|returns)|(?:high"
    r"|unusual\w*"
    r"|unprecedented|large|exceptional\w*|increased|heavy|extreme) (?:\w+ )?(?:demand|volumes?"
    r"|number|workload"
    r"|traffic|interest)\b|(?:very|really|extremely|incredibly|so|quite) busy|backlog|(?:a lot"
    r"|so much) going on",
    r"(?:colleagues?|staff|team|people|half of|employees|workers|technician"
    r"|mechanic)\b[^.!?]{0,40}\b(?:on leave"
    r"|on holiday|off sick|\bill\b|sick|away|on vacation|out of office|stretched|missing"
    r"|overworked|limited)\b"
    r"|(?:small|tiny|overworked|stretched|busy) team|staff(?:ing)? (?:shortage|issue|problem"
    r"|level|situation)\w*"
    r"|(?:not enough|too few|limited|lack of|fewer|short of) (?:\w+ )?(?:staff|people|hands"
    r"|colleagues|capacity"
    r"|personnel|resources)",
    rf"(?:caused|made|decided|set|dictated|mixed up|delayed|lost|imposed"
    rf"|determined) (?:\w+ )?by (?:the |our |a "
    rf"|another )?(?:\w+ )?{_OTHERS_EN}\b|{_OTHERS_EN}\b[^.!?]{{0,15}}\b(?:made|caused|decides?"
    rf"|decided|got (?:it|this"
    r"|that) wrong|forgot|mislaid|lost|dropped|messed|mixed|responsible|(?:sets|makes"
    r"|dictates?) (?:the |these "
    r"|those |all )?(?:prices?|rules?|terms|polic\w+|decisions?)|at fault|to blame|is down"
    r"|was down|crashed|went"
    r" down|is slow|does ?n['’]t|won['’]t|does not|will not|did ?n['’]t|did not|let us down"
    r"|late)\b|it was (?:the"
    rf"|our) (?:\w+ )?{_OTHERS_EN}|(?:mistake|error|fault|problem|delay"
    rf"|issue)s?\b[^.!?]{{0,25}}\b(?:with|by|at|of|lies"
    rf"|from|in)\b (?:\w+ ){{0,3}}{_OTHERS_EN}\b",
    r",? not (?:by )?(?:us|ours|our (?:decision|choice|call|fault))\b|we (?:did ?n['’]t"
    r"|did not) (?:decide|make"
    r" (?:the|this|that)|cause|choose)|we (?:have to |must )?(?:rely|depend)\b|dependent on"
    r"|no (?:influence|control"
    r"|say) (?:over|on|in)|not (?:in|under) our (?:control|hands)|nothing to do with"
    r"|not (?:something )?we (?:can"
    r"|could) (?:influence|control|change)|force majeure|act of god",
    r"(?:rules?|regulations?|polic(?:y|ies)|terms|law|system|process(?:es)?|procedures?|contract"
    r"|guidelines)\b"
    r"[^.!?]{0,30}\b(?:don['’]t|do not|doesn['’]t|does not|won['’]t|cannot|can['’]?t|require us"
    r"|forbids?|prohibits?"
    r"|prevents?|no exceptions?|simply|are (?:just |simply )?the|apply to (?:everyone|all)"
    r"|says? (?:so|no)|is clear"
    r"|are clear|not allow\w*)|(?:that|this|it)(?:['’]s| is) (?:simply|just|merely"
    r"|unfortunately) (?:our|the|how|what"
    r"|company|a matter)|we (?:only|just|merely|simply) (?:follow|apply|stick|do what)"
    r"|no exceptions|cannot make"
    r" (?:an )?exceptions?|(?:are|we['’]re) bound by|(?:legal|data protection|technical"
    r"|organi[sz]ational|internal)"
    r" reasons",
    r"(?:it(?:['’]s| is)|in|during|due to|because of|given|over|around|before) (?:the |just "
    r"|simply |always |currently "
    r")?(?:high|peak|busy|holiday|festive|summer|winter|spring)? ?(?:season|holidays?|christmas"
    r"|easter)\b[^.!?]{0,40}"
    r"\b(?:slow\w*|longer|busy|delay\w*|take|takes|always|wait\w*)|(?:it is"
    r"|it['’]s) (?:\w+ )?(?:high|peak|busy"
    r"|holiday) season|(?:holidays?|season|weather|strike|snow)\b[^.!?]{0,25}\b(?:slow\w*"
    r"|delay\w*|hold\w* up)",
    r"(?:bear|keep) in mind (?:that )?(?:we|our|it is|it['’]s|this is|there|other|the team)"
    r"|(?:please|must|have to"
    r"|need to|try to) understand (?:that )?(?:we|our|there|it is|the team)|(?:other|all"
    r"|many) customers (?:\w+ ){0,2}"
    r"(?:wait|have|are|want|had)\w*|every ?(?:one|body) (?:has|have|is) (?:to )?wait\w*"
    r"|not the only|(?:do|doing|did"
    r"|try|trying|tried) (?:our|my) (?:very )?(?:best|utmost)|all we can|as fast as we can"
    r"|(?:mistakes|errors|delays"
    r"|accidents) (?:happen|occur|are (?:human|unavoidable|inevitable))|inevitable"
    r"|nobody(?:['’]s| is) perfect|can ?not"
    r" be (?:avoided|ruled out|helped|predicted)|part of the business",
)

EXCUSE_FRAMES = frames(_GERMAN, _ENGLISH)
