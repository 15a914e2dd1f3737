"""Lists of words: which language they betray, which carry no meaning, which mean the same."""

from __future__ import annotations

from collections.abc import Mapping


def word_list(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


GERMAN = word_list(
    """der die das den dem des ein eine einen einem einer und oder aber ist sind war waren wird
    werden wurde nicht kein keine mit von zu zum zur auf für bei nach aus auch noch schon nur wie
    wenn dass weil ich du er wir ihr sie mir mich dir dich uns euch ihnen mein dein sein unser euer
    ihre ihren ihrem deine deinen deinem unsere unseren habe haben hat hast kann können kannst
    bitte danke vielen leider sehr gern gerne hallo guten tag grüße heute morgen gestern sich im am
    vom bis um seit doch mal wieder immer jetzt hier diese dieser dieses euer eure man ja nein also
    hätte wäre würde schreib schick meld"""
)
ENGLISH = word_list(
    """the and or but is are was were be been being not no with of to from for on at by as it its
    this that these those you your yours we our us he she they them their have has had do does did
    will would can could should may might please thanks thank sorry hello hi dear what when where
    why how who which there here if then than so very just my me mine i'm you're we're it's don't
    i've we've you've i'd we'll i'll can't won't didn't doesn't about into out up down again"""
)
_GREETING = word_list(
    """hallo hi hey moin servus liebe lieber guten tag morgen abend herr frau grüße gruß
    viele beste freundliche freundlichen herzliche danke vielen dank bitte gern gerne team dein euer
    hello dear thanks thank regards best kind mr mrs ms"""
)
_FUNCTION = word_list(
    """alle allem allen aller alles als also am an andere anderen auch auf aus bei bin bis
    bist da dabei dafür damit danach dann daran darauf darum darüber das dass dasselbe davon dazu
    dein deine deinem deinen deiner dem den denn der des deshalb dich die dies diese diesem diesen
    dieser dieses dir doch dort du durch ein eine einem einen einer eines einfach einige einmal er
    erst es etwas euch euer eure eurem euren eurer für ganz gegen gar gerade genau hab habe haben
    habt hat hatte hatten hattest hast hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer
    ihres im immer in indem ins irgendwie ist ja je jede jedem jeden jeder jedes jetzt kann kannst
    kein keine keinem keinen keiner können könnt könnte könnten lassen leider mal man manche mehr
    mein meine meinem meinen meiner mich mir mit muss musste müssen müsst nach nachdem neben nein
    nicht nichts noch nun nur ob oben oder ohne schon sehr sei seid sein seine seinem seinen seiner
    seit selbst sich sie sind so sobald solche soll sollen sollte sollten sondern sonst sowie statt
    trotz über um und uns unser unsere unserem unseren unserer unter viel vom von vor wann war waren
    warum was weg weil weiter welche welcher welches wem wen wenn wer werde werden werdet weshalb
    wie wieder will wir wird wirklich wirst wo wollen wollte worden wurde wurden während würde
    würden zu zum zur zwar zwischen bereits bitte daher eben eigentlich endlich etwa halt heute
    jedoch kaum lange lang lieber mal meist natürlich nochmal oft schnell sicher später trotzdem
    vielleicht völlig wohl ziemlich zuerst zurück macht machen mache gemacht tun tut getan geht
    gehen ging gibt geben gab kommt kommen kam steht stehen sagt sagen weiß wissen finden findet
    a about above after again all am an and any are as at be because been before being below both
    but by can could did do does doing don down during each even ever every few for from further get
    gets getting go goes going gone got had has have having he her here hers him his how i if in
    into is it its itself just know let like ll make me more most much my myself need no nor not now
    of off on once one only or other our ours out over own re really s same say she should so some
    still such t take than that the their them then there these they thing this those through to
    too two under until up us very want was way we well were what when where which while who whom
    why will with won would yes yet you your yours i'm i've i'll it's don't can't didn't doesn't
    isn't won't we're we've we'll you're you've that's there's"""
)
_GENERIC = word_list(
    """anliegen anfrage anfragen nachricht nachrichten mitteilung meldung feedback
    rückmeldung hinweis hinweise kommentar beitrag kontakt kunde kundin kunden service kundenservice
    kundendienst team kollege kollegen kollegin abteilung fachabteilung verständnis geduld
    unannehmlichkeiten umstände ärger unmut frust entschuldigung entschuldigen leid bedauern
    bedauert bedauerlich schade zeit moment tage stunden schnellstmöglich zeitnah umgehend sofort
    baldmöglichst bald prüfen prüft geprüft kümmern kümmere melden melde helfen hilfe helfe
    weiterhelfen weiterleiten leiten weitergeleitet weitergegeben bearbeiten bearbeitung bearbeitet
    informieren informationen info infos freuen freut freundlich verbessern verbesserung qualität
    zufriedenheit zufrieden wichtig ernst nehmen nehme nimmt problem probleme problems frage fragen
    sache fall vorgang thema situation lösung lösen erfahrung erfahrungen verfügung gerne hoffen
    hoffe verstehen verstehe versteht nachvollziehen wünschen schön schreiben geschrieben antwort
    antworten zuständig zuständige zuständigen intern klären klärung schauen anschauen ansehen
    request inquiry enquiry message messages concern concerns issue issues customer customers
    support patience understanding inconvenience apologies apologise apologize apology sorry regret
    frustration soon shortly possible look looking check checking help helping assist assistance
    contact contacting reach reaching team colleagues department forward forwarded information
    improve improvement quality satisfaction important seriously appreciate happy glad feel hear
    hearing matter question questions case experience solution solve resolve answer reply respond
    response working time"""
)

STOPWORDS = _FUNCTION | _GREETING
"""Words that carry no meaning of their own, greetings included."""

GENERIC = _GENERIC
"""What every reply of every company says: it takes up nothing of a case (S79)."""

_GROUPS = (
    "motorrad bike maschine moped krad motorcycle motorbike karre",
    "paket sendung lieferung liefer parcel package delivery shipment versand zustellung",
    "rechnung invoice bill abrechnung",
    "geld erstattung erstatt ruckerstattung gutschrift refund money ruckzahlung",
    "kaputt defekt broken defect faulty",
    "termin appointment",
    "preis price kosten cost teuer expensive",
    "handy smartphone telefon phone",
    "werkstatt workshop garage",
    "handler dealer vertragshandler",
    "ersatzteil teil part spare",
    "passwort kennwort password",
    "konto account kundenkonto",
)


def _synonyms() -> Mapping[str, str]:
    return {word: group.split()[0] for group in _GROUPS for word in group.split()}


SYNONYMS = _synonyms()
"""Stem to the stem that stands for its group."""
