"""What support proposes everywhere, by name: the words differ, the remedy is the same (S84)."""

from __future__ import annotations

import re
from collections.abc import Mapping


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(patterns)})")


REMEDIES: Mapping[str, re.Pattern[str]] = {
    "restart": _any(
        r"\w*neu\s?(?:zu\s?)?(?:ge)?start\w*",
        r"start(?:e|en|et|est)?\b[^.!?]{0,40}\bneu\b",
        r"re-?start\w*",
        r"reboot\w*",
        r"(?:aus|ab)-?\s*(?:und|&)\s*(?:wieder\s*)?(?:an|ein)(?:schalt\w*|ge\w*)?",
        r"off and (?:back )?on",
        r"aus(?:ge)?schalt\w*[^.!?]{0,25}(?:wieder )?(?:an|ein)",
        r"hochfahr\w*|hochgefahren|runterfahr\w*|power[- ]cycl\w*",
        r"turn(?:ed|ing)? (?:it|\w+ \w+) off",
    ),
    "reset": _any(
        r"\w*zurück(?:zu|ge)?setz\w*",
        r"\w*reset\w*",
        r"werkseinstellung\w*",
        r"factory setting\w*",
        r"setze?n?\b[^.!?]{0,50}\bzurück\b",
    ),
    "reinstall": _any(
        r"\w*(?:neu|de|re|un)-?\s?install\w*",
        r"neu (?:zu )?install\w*",
        r"install\w*[^.!?]{0,30}\b(?:neu|again|noch ?mal|erneut)\b",
        r"app (?:\w+ )?gelöscht",
        r"lösch\w*[^.!?]{0,20}\bapp\b[^.!?]{0,30}(?:neu|wieder|laden)",
        r"delet\w* (?:and \w+ )?the app",
    ),
    "update": _any(
        r"\w*updat\w*",
        r"(?:software|app|firmware|treiber|browser|version)[^.!?]{0,25}aktualisier\w*",
        r"aktualisier\w*[^.!?]{0,25}(?:software|app|firmware|treiber|browser|version)",
        r"(?:neu(?:e|este)|latest|newest) (?:\w+ )?(?:version|software|firmware)",
    ),
    "cache": _any(
        r"\w*cache\w*",
        r"\w*cookies?\b",
        r"browser(?:verlauf|daten)\w*",
        r"browsing (?:data|history)",
    ),
    "other_browser": _any(
        r"ander\w+ (?:browser|gerät|handy|rechner|computer|smartphone|pc)",
        r"(?:another|different|other) (?:browser|device|phone|computer)",
        r"inkognito\w*|incognito|private window",
    ),
    "login": _any(
        r"(?:ab|aus)(?:ge)?(?:meld|logg)\w*[^.!?]{0,30}(?:an|ein)",
        r"\w*ein(?:zu|ge)?logg\w*[^.!?]{0,20}",
        r"log(?:ged|ging)? (?:out|off)",
        r"sign(?:ed|ing)? out",
        r"neu (?:an(?:zu|ge)?meld|einlogg|angemeld)\w*",
        r"melde?\b[^.!?]{0,40}\bab und\b",
    ),
    "password": _any(
        r"(?:passwort|kennwort)[^.!?]{0,40}(?:zurück|neu|änder|geänder|vergessen|reset"
        r"|angeforder|anforder)\w*",
        r"(?:neues|new) (?:passwort|kennwort|password)",
        r"(?:reset|chang)\w*[^.!?]{0,20}password",
        r"password (?:reset|change)",
        r"forgot(?:ten)?[- ]password",
    ),
    "call": _any(
        r"\w*hotline\w*",
        r"an(?:zu|ge)?ruf\w*",
        r"ruf\w*[^.!?]{0,40}\ban\b",
        r"telefon(?:isch|iert|ieren|at)\w*",
        r"(?:warte|telefon)schleife",
        r"(?:i|we|i['’]ve|we['’]ve|have) (?:\w+ )?(?:called|rang|phoned)",
        r"(?:please|could you|try|just|can you|simply) (?:\w+ )?(?:call|phone|ring)\w*",
        r"call(?:ed|ing)? (?:you|us|your|our|the|them|customer|support)",
        r"by phone|on the phone|on hold",
        r"give (?:us|them) a (?:call|ring)",
    ),
    "mail": _any(
        r"(?:e-?)?mails?\b[^.!?]{0,30}(?:ge|schreib|send|schick)\w*",
        r"(?:per|eine|via) (?:e-?)?mail\w*",
        r"(?:an|ge)(?:ge)?mailt",
        r"schreib\w*[^.!?]{0,20}\bmail\b",
        r"e-?mail(?:ed|ing)? (?:you|us|your|our|them|support|customer)",
        r"(?:sent|send|written|write|drop)[^.!?]{0,25}\be-?mails?\b",
        r"angeschrieben",
    ),
    "form": _any(
        r"\w*formular\w*",
        r"(?:contact|online|web|claim|complaint|return|support|the) form\b",
        r"(?:filled|fill)[^.!?]{0,15}\bform\b",
        r"ticket (?:auf\w*|eröffn\w*|erstell\w*)",
        r"(?:open|rais|creat)\w* a ticket",
    ),
    "dealer": _any(
        r"(?:beim?|zum|zu|deinem?|ihrem?|meinem?|den|mit|vom|einem?"
        r"|mein)\s+(?:\w+\s+)?\w*händler\w*",
        r"händler[^.!?]{0,30}(?:gefragt|war|angeruf\w*|kontakt\w*|gesproch\w*|aufsuch\w*"
        r"|besuch\w*|wend\w*)",
        r"(?:my|your|the|our|local|a|nearest) (?:\w+ )?dealer\w*",
    ),
    "workshop": _any(
        r"(?:in|zur|bei|einer|die|deine|ihre|meine|der|unsere)\w* \w*werkstatt\w*",
        r"(?:my|your|the|a|to|our|local) (?:\w+ )?(?:workshop|garage|mechanic)",
    ),
    "battery": _any(
        r"\w*(?:batterie|akku)\w*[^.!?]{0,40}(?:lad|gelad|tausch|getausch|wechs|gewechs|neu|prüf"
        r"|geprüf|mess|gemess|abklemm|abgeklemm|vollgelad|ersetz)\w*",
        r"(?:lad|wechsl|tausch|prüf|mess|klemm|ersetz)\w*[^.!?]{0,40}\w*(?:batterie|akku)\w*",
        r"neue (?:batterie|akku)",
        r"batter(?:y|ies)[^.!?]{0,30}(?:charg|replac|chang|swap|check|test|new|disconnect)\w*",
        r"(?:charg|replac|chang|swap|check|test|disconnect|new)\w*[^.!?]{0,20}batter(?:y|ies)",
    ),
    "fuse": _any(r"\w*sicherung(?:en|skasten)?\b", r"\bfuses?\b"),
    "plug": _any(
        r"(?:stecker|kabel|netzteil|strom)[^.!?]{0,40}(?:zieh|gezog|steck|gesteck|prüf|geprüf"
        r"|tausch|getausch|trenn|getrenn|wechs|gewechs|kontroll)\w*",
        r"(?:zieh|steck|prüf|tausch|trenn|wechsl|kontroll)\w*[^.!?]{0,30}(?:stecker|kabel"
        r"|netzteil)",
        r"(?:plug|cable|power cord|connector|lead)s?[^.!?]{0,30}(?:check|replac|pull|swap|chang"
        r"|reconnect|reseat)\w*",
        r"unplug\w*|(?:check|replac|swap|chang|reseat|reconnect)\w*[^.!?]{0,20}(?:cable|plug"
        r"|connector|lead)s?",
    ),
    "pair": _any(
        r"\w*(?:ge)?koppel\w*|\w*bluetooth[^.!?]{0,40}(?:neu|aus|an|verb)\w*",
        r"(?:re|un)?-?pair(?:ed|ing)?\b",
        r"(?:forget|forgot)\w* the device",
        r"neu verb\w*",
    ),
    "wait": _any(
        r"(?:noch )?(?:etwas |ein wenig |ein paar \w+ |einen? \w+ |seit \w+ )?(?:ge|ab(?:ge)?"
        r"|abzu)?wart(?:en|et|e)\b",
        r"wait(?:ed|ing)?\b",
        r"(?:geduld|gedulden)\b",
        r"be patient",
    ),
    "spam": _any(r"\w*spam\w*", r"junk\w*"),
    "photo": _any(
        r"(?:foto|bild|video)\w*[^.!?]{0,40}(?:schick|send|gesend|gesand|hochlad|hochgelad"
        r"|anhäng|mach|gemacht)\w*",
        r"(?:schick|send|lad)\w*[^.!?]{0,30}(?:foto|bild|video)\w*",
        r"(?:photo|picture|video|screenshot)s?[^.!?]{0,25}(?:sent|send|upload|attach|shar)\w*",
        r"(?:send|sent|upload|attach|shar)\w*[^.!?]{0,25}(?:photo|picture|video|screenshot)s?",
    ),
    "receipt": _any(
        r"(?:beleg|rechnung|quittung|kaufbeleg|kassenbon)\w*[^.!?]{0,30}(?:schick|geschick|send"
        r"|gesend|hochlad|hochgelad|einreich|eingereich)\w*",
        r"(?:schick|send|lad|reich)\w*[^.!?]{0,30}(?:beleg|rechnung|quittung|kaufbeleg"
        r"|kassenbon)\w*",
        r"(?:receipt|invoice)s?[^.!?]{0,20}(?:sent|upload|attach)\w*",
        r"(?:send|sent|upload|attach)\w*[^.!?]{0,20}(?:receipt|invoice)",
    ),
    "oil": _any(
        r"\w*ölstand\w*|(?:öl|ölfilter)\b[^.!?]{0,30}(?:nachgefüll|nachfüll|gewechs|wechs|prüf"
        r"|geprüf|kontroll)\w*|ölwechsel|(?:wechsl|prüf|füll|kontroll)\w*[^.!?]{0,25}\böl\b",
        r"oil (?:level|change|filter)|(?:check|chang|top)\w*[^.!?]{0,20}\boil\b",
    ),
    "chain": _any(
        r"\w*kette\w*[^.!?]{0,30}(?:spann|gespann|schmier|geschmier|fett|gefett|reinig|gereinig"
        r"|nachgestell|nachstell|gewechs|wechs)\w*",
        r"(?:spann|schmier|fett|reinig|öl)\w*[^.!?]{0,25}kette\w*",
        r"(?:lubricat|tighten|clean|adjust|replac)\w*[^.!?]{0,20}chain"
        r"|chain[^.!?]{0,20}(?:lubricat|tighten|clean|adjust|replac)\w*",
    ),
    "tyre": _any(r"\w*(?:reifendruck|luftdruck)\w*", r"tyre pressure|tire pressure"),
    "spark_plug": _any(r"\w*zündkerze\w*", r"spark ?plugs?"),
    "manual": _any(
        r"(?:handbuch|anleitung|bedienungsanleitung|betriebsanleitung"
        r"|faqs?)\b[^.!?]{0,40}(?:gelesen|les|schau|geschau|nachgeles|durchgeles|nachschlag"
        r"|nachgeschlag|gesehen|angeschaut|seh)\w*",
        r"(?:lies|les|schau|seh|guck)\w*[^.!?]{0,30}(?:handbuch|anleitung|bedienungsanleitung"
        r"|betriebsanleitung|faqs?)",
        r"(?:read|check|look|consult)\w*[^.!?]{0,20}(?:manual|faqs?|instructions|help pages?)",
    ),
}
