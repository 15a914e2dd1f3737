"""Phrases that fit every case of every company, German and English (S77)."""

from __future__ import annotations

import re

_YOUR = (
    r"(?:dein|deine|deinen|deiner|deinem|ihr|ihre|ihren|ihrer|ihrem|euer|eure|euren|eurer|eurem"
    r"|die|das|den)"
)
_TO_YOU = r"(?:dich|dir|sie|ihnen|euch)"
_MUCH = (
    r"(?:sehr|wirklich|stets|immer|natürlich|selbstverständlich|außerordentlich|ganz|besonders"
    r"|aufrichtig)"
)
_MATTER = (
    r"(?:anliegen|anfrage|nachricht|feedback|rückmeldung|meldung|hinweis|mitteilung|kritik"
    r"|anregung(?:en)?"
    r"|beschwerde|meinung|kommentar|interesse|geduld|verständnis|zufriedenheit|kontaktaufnahme"
    r"|mail|beitrag)"
)
_DE = rf"""
(?:vielen|herzlichen|besten|lieben)?\s*dank(?:e)?\s+(?:für
    |dass)\s+(?:{_YOUR}\s+)?(?:\w+\s+)?(?:{_MATTER}|kontakt\w*)
|(?:wir\s+)?(?:bitten|bitte)\s+(?:\w+\s+)?(?:um|für)?\s*(?:{_YOUR}\s+)?(?:\w+\s+)?(?:verständnis
    |geduld|nachsicht|entschuldigung)
|(?:für\s+)?(?:die|etwaige|entstandene\w*|mögliche)\s+(?:\w+\s+)?(?:unannehmlichkeiten|umstände)
|(?:bitten|möchten)\s+(?:wir\s+)?(?:\w+\s+){{0,8}}?(?:zu\s+)?entschuldig(?:en|ung)
|{_YOUR}\s+{_MATTER}\s+(?:ist|sind|liegt|liegen)\s+uns\s+(?:{_MUCH}\s+)*(?:wichtig|am\s+herzen
    |viel\s+wert)
|(?:wir\s+)?nehmen\s+(?:wir\s+)?{_YOUR}\s+{_MATTER}\s+(?:{_MUCH}\s+)*(?:ernst|gern(?:e)?\s+auf|auf)
|(?:wir\s+)?(?:haben|wurde|wird
    |werden)\s+(?:wir\s+)?(?:{_YOUR}\s+)?{_MATTER}\s+(?:\w+\s+){{0,8}}?(?:zur\s+kenntnis\s+genommen|erhalten|aufgenommen|weitergeleitet|bearbeit\w+|geprüft)
|(?:wir\s+)?(?:werden|melden|kümmern)\s+(?:wir\s+)?(?:uns
    |mich)\s+(?:\w+\s+){{0,8}}?(?:schnellst\w+|zeitnah|umgehend|baldmöglichst|in\s+kürze
    |so\s+schnell\s+wie\s+möglich|bald)(?:\s+(?:bei|mit)\s+{_TO_YOU})?(?:\s+(?:melden
    |in\s+verbindung\s+setzen))?
|(?:zuständige\w*|entsprechende\w*|verantwortliche\w*)\s+(?:fach)?(?:abteilung|stelle|kolleg\w+
    |team|bereich|mitarbeiter\w*)(?:\s+weiter(?:ge)?leit\w+)?
|(?:stehen|steht|stehe)\s+(?:wir\s+|ich\s+)?{_TO_YOU}?\s*(?:\w+\s+){{0,4}}zur\s+verfügung
|(?:wir\s+)?(?:arbeiten|sind)\s+(?:\w+\s+){{0,8}}?(?:mit\s+hochdruck|unter\s+hochdruck|intensiv
    |bemüht)(?:\s+daran)?
|(?:unseren|den)\s+service\s+(?:\w+\s+){{0,8}}?(?:zu\s+)?verbessern
|(?:bei|für)\s+(?:weitere\w*|weiteren)\s+(?:rück)?fragen
|(?:wir|ich)\s+(?:können|kann|verstehe?n?)\s+{_YOUR}\s+(?:ärger|unmut|frust\w*|enttäuschung
    |verärgerung)(?:\s+(?:\w+\s+)?(?:verstehen|nachvollziehen))?
|(?:wir\s+)?bedauern\s+(?:wir\s+)?(?:\w+\s+){{0,8}}?(?:dass|unannehmlichkeiten|umstände|vorfall
    |erfahrung|ärger)
|(?:es\s+)?tut\s+(?:uns
    |mir)\s+(?:\w+\s+)?leid,?\s+dass\s+{_YOUR.replace("die|", "")}?\s*(?:\w+\s+)?(?:unzufrieden
    |verärgert|enttäuscht|umstände|unannehmlichkeiten|(?:negative|schlechte)\w*\s+erfahrung\w*)
|(?:die\s+)?zufriedenheit\s+unserer\s+kund\w+
|(?:hat|haben)\s+(?:für\s+uns\s+)?(?:oberste|höchste)\s+priorität
|im\s+rahmen\s+unserer\s+möglichkeiten|zu\s+gegebener\s+zeit|schnellstmöglich(?:en|e)?
    |wir\s+legen\s+(?:\w+\s+)?(?:großen\s+)?wert\s+auf
|(?:wir\s+)?hoffen\s+(?:wir\s+)?(?:auf|{_TO_YOU})\s+(?:\w+\s+){{0,4}}(?:verständnis|geholfen
    |weitergeholfen|begrüßen)
|(?:wünschen|wünsche)\s+(?:wir\s+|ich\s+)?{_TO_YOU}\s+(?:\w+\s+){{0,3}}(?:tag|woche|wochenende)
|(?:wird|ist|befindet\s+sich)\s+(?:derzeit|aktuell|momentan|gerade
    |bereits)?\s*in\s+(?:der\s+)?(?:bearbeitung|klärung|prüfung)
|(?:wir\s+)?(?:geben|leiten|haben)\s+(?:\w+\s+){{0,8}}?(?:intern|gern|gerne)\s+weiter(?:ge\w+)?
|(?:bemühen|setzen)\s+(?:wir\s+)?uns\s+(?:\w+\s+){{0,8}}?(?:lösung|zufriedenheit|bearbeitung)
"""
_EN = r"""
thank(?:s|\s+you)\s+(?:\w+\s+){0,2}for\s+(?:(?:your|the|taking|sharing|bringing|letting
    |contacting|reaching|getting|being|writing)\s*)(?:\w+\s+){0,4}?(?:message|feedback|patience
    |understanding|inquiry|enquiry|attention|time|comment|us|out|touch|know|interest|customer
    |experience)
|(?:we|i)\s+(?:\w+\s+)?(?:apologi[sz]e|are\s+sorry|regret
    |am\s+sorry)\s+(?:\w+\s+)?(?:for\s+)?(?:any|the|this|your)\s+(?:\w+\s+)?(?:inconvenience
    |trouble|experience|frustration|delay|confusion)(?:\s+(?:this|it)\s+(?:may\s+have|has
    |might\s+have)\s+caused)?
|(?:sorry|apologies)\s+for\s+(?:any|the|this)\s+(?:\w+\s+)?(?:inconvenience|trouble|confusion)
|your\s+(?:feedback|satisfaction|opinion|business|concern|experience|enquiry|inquiry|message
    |request|call)s?\s+(?:is|are)\s+(?:\w+\s+)?(?:important|valued|valuable|appreciated
    |our\s+top\s+priority)(?:\s+to\s+us)?
|we\s+(?:value|appreciate)\s+your\s+(?:\w+\s+)?(?:feedback|patience|understanding|business
    |opinion|input|loyalty)
|we\s+take\s+(?:all\s+|your\s+|such\s+|these\s+)(?:\w+\s+)?(?:concerns?|feedback|complaints?
    |matters?|issues?)\s+(?:\w+\s+)?seriously
|(?:we(?:['’]ll|\s+will)?|someone(?:\s+will)?|a\s+member\s+of\s+our\s+team(?:\s+will)?
    |our\s+team(?:\s+will)?)\s+(?:\w+\s+){0,3}(?:get\s+back|be\s+in\s+touch|reach\s+out|respond
    |contact\s+you)\s+(?:\w+\s+){0,3}?(?:as\s+soon\s+as\s+possible|shortly|soon|at\s+(?:our
    |the)\s+earliest\s+\w+)
|(?:your|the)\s+(?:concern|feedback|inquiry|enquiry|request|message|comments?|complaint)\s+(?:has
    |have)\s+been\s+(?:\w+\s+)?(?:forwarded|passed|noted|received
    |escalated)(?:\s+(?:on\s+)?to\s+the\s+(?:\w+\s+){1,2}(?:team|department))?
|(?:relevant|appropriate|responsible|concerned)\s+(?:team|department|colleagues)
|(?:please\s+)?(?:do\s+not|don['’]t)\s+hesitate\s+to\s+(?:contact|reach\s+out|get\s+in\s+touch
    |ask)(?:\s+(?:to\s+)?us)?
|(?:if\s+you\s+have\s+)?any\s+(?:further|other|additional|more)\s+(?:questions|queries|concerns)
|we\s+(?:fully\s+|completely\s+|totally\s+)?understand\s+your\s+(?:frustration|concern
    |disappointment|anger)s?
|we\s+(?:are\s+|['’]re\s+)?(?:always\s+|constantly\s+|continually\s+)?(?:striv\w+|work\w*\s+hard
    |committed|looking)\s+to\s+(?:\w+\s+){0,2}(?:improv\w+|provid\w+|deliver\w*
    |offer\w*)(?:\s+\w+){0,4}
|(?:we\s+)?(?:hope|look\s+forward)\s+(?:this|to|that)\s+(?:\w+\s+){0,3}(?:helps|serving|hearing
    |soon)
|customer\s+satisfaction\s+is|top\s+priority|as\s+soon\s+as\s+possible|at\s+(?:our
    |your)\s+earliest\s+convenience
|have\s+a\s+(?:great|nice|good|lovely|wonderful)\s+(?:day|week|weekend|evening)
|(?:we\s+are\s+|i\s+am\s+|we['’]re\s+)?here\s+to\s+help|we\s+value\s+(?:you|our\s+customers)
|bear(?:ing)?\s+with\s+us|is\s+(?:currently\s+|being\s+)?(?:under\s+review|being\s+(?:processed
    |reviewed|looked\s+into))
"""


def _one_line(pattern: str) -> str:
    return "".join(line.strip() for line in pattern.strip().splitlines())


BOILERPLATE = re.compile(rf"(?<!\w)(?:{_one_line(_DE)}|{_one_line(_EN)})")
