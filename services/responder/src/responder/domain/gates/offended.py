"""Our own hurt feelings, as frames: hurt by you, your tone, no thanks, we do not stand for it"
" (S89).

What hurts the customer, and what we did wrong ourselves, is none: a frame looks for us as the
sufferer, and no "du" or "Sie" may stand between us and the feeling.
"""

from __future__ import annotations

from responder.domain.gates.frames import either, frames

_UPTO = r"(?:(?!\b(?:du|sie|ihr|dich|ihnen|dir)\b)[^.!?])"
_HURT = (
    r"(?:verletz(?:t|end)\w*|gekränkt|kränkt|kränkend|beleidigt|enttäuscht|enttäuschend|traurig"
    r"|getroffen|angegriffen|schmerzt|betrübt|irritiert|befremdet|befremdlich|fassungslos|sprachlos"
    r"|schockiert|entsetzt|empört|ungerecht|unfair|diffamier\w*|beschimpf\w*|beleidig\w*"
    r"|angefeindet|verunglimpf\w*|vorgeführt|gefühle)"
)
_VIRTUE = (
    r"(?:respekt|dank\w*|wertschätzung|fairness|höflichkeit|anerkennung|freundlichkeit"
    r"|entgegenkommen|lob|anstand|sachlichkeit|wohlwollen|verständnis)"
)
_WRONG = (
    r"(?:zurück(?:zu)?weisen|verbitten|verwahren|unfair|ungerecht|haltlos|unberechtigt"
    r"|unverschämt|übertrieben|unangebracht|überzogen|maßlos|frech|inakzeptabel|ungeheuerlich"
    r"|nicht (?:akzeptabel|hinnehm\w+|gefallen|stehen)|zurück|unsachlich|unter der gürtellinie)"
)
_WRONG_EN = (
    r"(?:unfair|unjust|uncalled for|hurtful|harsh|offensive|insulting|unacceptable|baseless"
    r"|over the top|disrespectful|undeserved|below the belt|unkind|out of line|rude|upsetting)"
)

_GERMAN = either(
    r"(?:lassen|lasse) (?:wir|ich) (?:uns|mich|mir)?\b[^.!?]{0,50}\bnicht\b|(?:wir|ich) (?:lassen"
    r"|lasse) (?:uns|mich|mir)\b[^.!?]{0,50}\bnicht\b[^.!?]{0,12}(?:gefallen|bieten|\w*schimpf\w*"
    r"|beleidig\w*|nachsagen|unterstell\w*|vorwerf\w*|umgehen|reden|behandeln|erpress\w*|droh\w*"
    r"|anschreien)|nicht (?:gefallen|bieten|nachsagen|vorwerfen) (?:zu )?lassen|nicht nötig,? uns"
    r"|(?:so |nicht )(?:mit|über) uns (?:zu )?(?:reden|umgehen|sprechen|umzugehen|spricht|redet)",
    r"(?:ihr(?:e[nmr]?)?|dein(?:e[nmr]?)?|diese[rmn]?|so einem|so einen|solche[nm]?|derartige[nm]?"
    r"|solch einem) (?:\w+ )?(?:ton|tonfall|umgangston|wortwahl|umgangsformen|aggressivität"
    r"|feindseligkeit)\b|mäßigen|im ton (?:vergr\w+|vergreif\w+)|ton macht die musik|(?:bleib\w*"
    r"|werd\w*)(?: \w+){0,3} (?:sachlich|höflich|fair|freundlich|respektvoll)|(?:höflicher"
    r"|freundlicher|netter|respektvoller|sachlicher) (?:formulier\w*|frag\w*|schreib\w*|ausdrück\w*"
    r"|gegangen|sagen)",
    rf"(?:wir|ich|uns|mich|unser\w*|team|mitarbeiter\w*"
    rf"|kolleg\w*)\b{_UPTO}{{0,60}}(?<!unfair )\b{_HURT}"
    r"(?! von uns|,? dass (?:das|die|der|dein|ihr|ein|unser))",
    r"(?:macht|verletzt|trifft|kränkt|enttäuscht|beleidigt|schmerzt|verärgert|irritiert|befremdet"
    r"|tut)(?: \w+){0,2}? (?:uns|mich|unser\w*|das team|dem team)\b(?! (?:selbst|auch|genauso"
    r"|ebenso"
    r"|ebenfalls|leid|sehr leid|wirklich leid|aufrichtig leid|furchtbar leid))[^.!?]{0,40}\b(?:weh"
    r"|hart|traurig|sehr|tief|schon|persönlich|dass (?:sie|du)|betroffen|wütend|,)",
    r"(?:das|dies|so|also|hier) (?:ist|war|sieht) (?:dann |also |nun |wohl )*der dank"
    r"|ist das (?:jetzt "
    r"|nun )?(?:ihr|dein|der) dank|der dank (?:für|dafür)|(?:danke(?:schön)?|wort des dankes|bitte|"
    rf"{_VIRTUE})[^.!?]{{0,25}}\b(?:wäre|hätte|hätten)\b[^.!?]{{0,40}}|(?:hätten|würden|wünschen"
    rf"|erwarten|erwartet)\b[^.!?]{{0,50}}\b{_VIRTUE}\b(?: \w+){{0,4}}(?: (?:gewünscht|wünschen"
    rf"|erwartet"
    r"|verdient)|[.,!]|$)",
    r"(?:nach|trotz|bei) all(?:em|e[nm])?,? (?:was (?:wir|ich)|dem|dem,|unser\w*)|trotz (?:all )?"
    r"unsere[rs] (?:mühe\w*|bemühung\w*|hilfe|arbeit|einsatz\w*)",
    rf"(?:wir|team|mitarbeiter\w*|kolleg\w*|das)\b{_UPTO}{{0,60}}\bnicht verdient",
    r"wir sind (?:doch |auch |hier |ja |schließlich |nur |wohl )*(?:keine|nur|auch nur) (?:betrüger"
    r"|verbrecher|unmenschen|maschinen|roboter|menschen|kriminelle\w*|abzocker|fußabtreter\w*"
    r"|prellb\w+|gauner|lügner)",
    r"(?:vorw[uü]rf\w*|unterstellung\w*|anschuldigung\w*|behauptung\w*|kritik|bewertung"
    rf"|kommentar\w*|worte)\b[^.!?]{{0,60}}\b{_WRONG}|(?:unfair\w*|ungerecht\w*|haltlos\w*"
    r"|unverschämt\w*|dreist\w*|respektlos\w*) (?:\w+ )?(?:vorw[uü]rf\w*|kritik|bewertung"
    r"|kommentar\w*|unterstellung\w*|behauptung\w*|anschuldigung\w*)",
    r"öffentlich (?:\w+ ){0,3}(?:schlecht|anzu|bloß|anpranger|vorzu|vorführ)\w*|pranger\b"
    r"|rufschädig\w*|geschäftsschädig\w*|in den dreck zieh\w*|anschwärz\w*|diffamier\w*|verleumd\w*"
    r"|schlecht ?(?:zu)?(?:reden|machen|redet|machst)\b|eine? (?:unverschämtheit|frechheit"
    r"|beleidigung|dreistigkeit)|(?:respektlos|unverschämt|dreist)[.!]",
    r"schade,? dass (?:sie|du)\b[^.!?]{0,60}\b(?:nicht (?:\w+ )?(?:schätz\w*|würdig\w*|seh\w*"
    r"|anerkenn\w*)|so (?:denk\w*|seh\w*|red\w*|sprech\w*|schreib\w*|urteil\w*)|gleich|sofort"
    r"|öffentlich)|(?:antworten|reagieren|helfen|diskutieren) wir (?:\w+ )?nicht(?: mehr| weiter"
    r"|[.!])"
    r"|(?:beende|beenden|brechen) (?:wir|ich) (?:das|dieses|die|diese)|nicht (?:so )?(?:behandeln"
    r"|beschimpfen|anfahren|angehen) lassen",
)

_ENGLISH = either(
    r"your (?:\w+ )?(?:tone|choice of words|rudeness|hostility|aggression|insults|accusations?)\b"
    r"|(?:watch|mind) your|no need (?:to be|to get|for)(?: \w+)? (?:rude|rudeness|insult\w*"
    r"|aggressi\w+"
    r"|hostil\w*|that|such|nasty|personal|impolite|this tone|language)|(?:be|stay|remain"
    r"|keep (?:it|this))"
    r" (?:polite|civil|respectful|nicer|courteous)|civil tone|(?:spoken|talked|speak"
    r"|talk) to (?:us |our "
    r"\w+ )?(?:like|that way|this way|in)|treated like",
    r"(?:we|i|us|our \w+|my \w+)(?:['’]re|['’]m| are| am| feel| find| felt| were| was"
    r"| is)?(?: (?!you)\w+)"
    r"{0,4} (?:hurt\b|offended|insulted|attacked by|attacked\b(?=[.!,]|$)|saddened"
    r"|disappointed (?:by|in"
    r"|with|that) (?:your|you|such)|upset (?:by|that|about) (?:your|you)|shocked (?:by|at) your"
    r"|hurtful"
    r"|taken aback|dismayed|disheartened|uncalled|unfair(?! of us)|insulting)",
    r"(?:it|that|this|your \w+) (?:really |truly |deeply )?(?:hurts|stings|offends|saddens|upsets"
    r"|insults)\b|hurts (?:us|our|me|to read|to hear)|makes us sad",
    rf"(?:accusation|allegation|criticism|claim|review|comment|post|rating|word|remark|message)s?\b"
    rf"[^.!?]{{0,40}}\b{_WRONG_EN}(?! of us)|{_WRONG_EN} (?:to (?:blame|say|accuse|attack|call"
    rf"|write|our"
    r"|us|my|judge|rate|criticise)|of you|that you|thing to say|criticism|review|comment|rating"
    r"|accusation|words)",
    r"after (?:all|everything) (?:that )?(?:we|our|i)\b|(?:this|that|so that) is (?:how|the thanks)"
    r"|how you (?:repay|thank|treat)|(?:thank you|thanks|gratitude|appreciation|respect|courtesy"
    r"|understanding|kindness|word|politeness) would (?:have been|be|go)|(?:don['’]t|do not"
    r"|did ?n['’]t"
    r"|did not|hardly) deserve(?! to wait)|you could (?:at least|have) (?:be\b|been|say|said"
    r"|show|thank"
    r"|shown|asked (?:nicely|politely))|a little (?:respect|gratitude|courtesy|kindness|patience)"
    r"|(?:expect|expected|appreciate|hoped for) (?:a (?:bit|little) )?(?:more |some )(?:respect"
    r"|gratitude"
    r"|courtesy|politeness|fairness)",
    r"(?:won['’]t|will not|don['’]t|do not|refuse to|not going to|need not"
    r"|not have to) (?:tolerate|accept"
    r"|put up|stand for|be (?:insulted|spoken|treated|talked|bullied|blackmailed|threatened)"
    r"|take this"
    r"|let (?:you|anyone|people|ourselves)|respond to (?:insults|such|this)|appreciate (?:your"
    r"|being"
    r"|this|the way|such))|we(?:['’]re| are) (?:only |just |also |not |people |real )*(?:human\b"
    r"|people too|robots|machines|crooks|criminals|thieves|punch\w*|scammers|liars)"
    r"|have feelings|reject"
    r" (?:your|these|this|those|such|the) (?:\w+ )?(?:accusation|allegation|claim|criticism"
    r"|insinuation)",
    r"slander\w*|smear\w* (?:us|our|campaign)|defam\w+|bad-?mouth\w*|(?:drag\w*|tarnish\w*) our"
    r"|public shaming|name and shame|(?:shame|pity|sad|sorry),? (?:that )?you (?:don['’]t|do not"
    r"|can['’]t"
    r"|choose|chose|have to|had to|feel the need|would|see it|think so|speak|talk)",
)

OFFENDED_FRAMES = frames(_GERMAN, _ENGLISH)
