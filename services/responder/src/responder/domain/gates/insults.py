"""Open insults: words that nobody may use for a customer, whatever stands around them (S90)."""

from __future__ import annotations

import re

_CURSES = (
    r"\w*idiot(?:en|in|innen)?|trottel|volltrottel|depp(?:en)?|vollpfosten|dummkopf|dummköpfe"
    r"|blödmann|hohlkopf|schwachkopf|schwachköpfe|spasti|arschl\w+|arsch|penner|wichser\w*|hurens\w+"
    r"|mistkerl|vollhonk|heulsuse|jammerlappen|flachpfeife|kotzbrocken|dreckskerl|witzfigur"
    r"|hirnlos\w*|hirnverbrannt\w*|geistig (?:umnachtet|minderbemittelt)|minderbemittelt|asozial\w*"
    r"|schwätzer|klugscheißer|fotze\w*|missgeburt|drecksau"
    r"|(?:du|sie) (?:ratte|schwein|sau|clown|opfer|lügner)"
    r"|idiots?|morons?|imbeciles?|dumbass|jerk|loser|crybab(?:y|ies)|dimwit|half-?wit|scumbag|muppet"
    r"|assholes?|arseholes?|bastards?|bitch|dickhead|douche\w*|twat|wanker|prat"
    r"|brain ?dead|brainless"
)
_DISMISSALS = (
    r"halt(?:en sie)? (?:\w+ )?(?:die klappe|den mund|das maul|die fresse|die schnauze)"
    r"|halt'?s maul"
    r"|verpiss\w*|leck mich|fick\w*|zieh leine|verzieh dich|scher dich|fahr zur hölle"
    r"|shut (?:up|your (?:mouth|face|trap|gob))|get lost|piss off|screw you|go to hell|f+u+c+k\w*"
)
_JUDGEMENTS = (
    r"(?:sind sie|sie sind|bist du|du bist|seid ihr|ihr seid) (?:\w+ ){0,2}(?:dumm|blöd|doof"
    r"|dämlich|bescheuert|bekloppt|verlogen|strohdumm|begriffsstutzig|lächerlich|erbärmlich)"
    r"|nicht (?:mehr )?(?:ganz )?(?:bei trost|dicht|alle tassen)|tassen im schrank|an der waffel"
    r"|(?:sie|du) (?:lügen|lügst)|lügen sie|lügst du|du spinnst|sie spinnen|spinnen sie"
    r"|you(?:['’]re| are) (?:\w+ ){0,2}(?:stupid|pathetic|dumb|lying|insane"
    r"|delusional|an? liar|an? fool)|(?:complete|utter|absolute|total) (?:bullshit|crap)"
    r"|out of your mind|stop lying"
)
OPEN_INSULT = re.compile(rf"(?<!\w)(?:{_CURSES}|{_DISMISSALS}|{_JUDGEMENTS})(?!\w)")
