"""Number plates: the German shape with the codes of the districts; no ordinary words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from responder.domain.gates.vocabulary import word_list

DISTRICTS = word_list(
    """A AA AB ABG ABI AC AE AH AIB AIC AK ALF ALZ AM AN ANA ANG ANK AP APD AR ARN ART AS ASL ASZ AT
    AU AUR AW AZ AZE B BA BAD BAR BB BBG BC BCH BD BE BED BEI BEL BER BF BGD BGL BH BI BID BIN BIR
    BIT BIW BK BKS BL BLB BLK BM BN BNA BO BOG BOH BOR BOT BR BRA BRB BRG BRI BRK BRL BRV BS BSB BSK
    BT BTF BUL BUS BW BWL BYL BZ BZA BÖ BÜD BÜR BÜS BÜZ C CA CAS CB CE CHA CLP CLZ CO COC COE CR CUX
    CW D DA DAH DAN DAU DB DBR DD DE DEG DEL DGF DH DI DIL DIN DIZ DKB DL DLG DM DN DO DON DS DU DUD
    DÜW DW DZ E EA EB EBE EBN EBS ECK ED EE EF EG EH EHI EI EIC EIH EIL EIN EIS EL EM EMD EMS EN ER
    ERB ERH ERK ERZ ES ESB ESW EU EUT EW F FB FD FDB FDS FEU FF FFB FG FH FI FKB FL FLÖ FN FO FOR FR
    FRG FRI FRW FS FT FTL FW FZ FÜ FÜS G GA GAN GAP GC GD GDB GE GEL GEM GEO GER GF GG GHA GHC GI GK
    GL GLA GM GMN GN GNT GOA GOH GP GR GRA GRH GRI GRM GRS GRZ GS GT GTH GUB GUN GV GVM GW GZ GÖ GÜ
    H HA HAB HAL HAM HAS HB HBN HBS HC HCH HD HDH HDL HE HEB HEF HEI HEL HER HET HF HG HGN HGW
    HH HHM
    HI HIG HIP HK HL HM HMÜ HN HO HOG HOH HOL HOM HOR HOT HP HR HRO HS HSK HST HU HV HVL HW HWI HX
    HY HZ HÖS HÜN IGB IK IL ILL IN IZ J JB JE JL JÜL K KA KAR KB KC KE KEH KEL KEM KF KG KH KI KIB
    KK KL KLE KLZ KM KN KO KR KRU KS KT KU KUS KW KY KYF KÖN KÖT KÖZ KÜN L LA LAN LAU LB LBS LBZ LC
    LD LDK LDS LEO LER LEV LF LG LH LI LIB LIF LIP LL LM LN LOS LP LR LSA LSN LSZ LU LUK LUN LWL LÖ
    LÜN M MA MAB MAI MAK MAL MB MC MD ME MED MEG MEI MEK MEL MER MET MG MGH MGN MH MHL MI MIL MK MKK
    ML MM MN MO MOD MOL MON MOS MQ MR MS MSE MSH MSP MST MT MTK MTL MVL MW MY MYK MZ MZG MÜ MÜB MÜL
    MÜN MÜR N NAB NAI NAU NB ND NDH NE NEA NEB NEC NEN NES NEU NEW NF NH NI NK NL NM NMB NMS NOH NOL
    NOM NOR NP NR NRÜ NRW NT NU NVP NW NWM NY NZ NÖ OA OAL OB OBB OBG OC OCH OD OE OF OG OH OHA OHV
    OHZ OK OL OP OPR OR OS OSL OTW OVI OVL OVP OZ ÖHR P PA PAF PAN PAR PB PCH PE PEG PER PF PI PIR
    PL PLM PLÖ PM PN PR PRÜ PS PW PZ QFT QLB R RA RC RD RDG RE REG REH REI RG RH RI RID RIE RL RM RN
    RO ROD ROF ROH ROK ROL ROS ROT ROW RP RPL RS RSL RT RU RV RW RZ RÜD RÜG S SAB SAD SAL SAN SAW SB
    SBG SBK SC SCZ SDH SDL SDT SE SEB SEE SEF SEL SFB SFT SG SGH SH SHA SHG SHK SHL SI SIG SIM SK SL
    SLE SLF SLG SLK SLN SLS SLZ SLÜ SM SMÜ SN SO SOB SOG SOK SOL SON SP SPB SPN SR SRB SRO ST
    STA STB
    STD STE STH STL STO SU SUL SW SWA SY SZ SZB SÖM SÜW TBB TDO TE TET TF TG THL TIR TO TÖL TP TR TS
    TT TUT TÜ UE UEM UER UFF UH UL UM UN USI V VAI VB VEC VER VG VIB VIE VIT VK VL VOH VR VS W WA
    WAF WAK WAN WAR WAT WB WBS WDA WE WEB WEL WEN WER WES WF WG WHV WI WIL WIS WIT WIZ WK WL WLG WM
    WMS WN WND WO WOB WOH WOL WOR WOS WR WRN WS WSF WST WSW WT WTL WTM WUG WUN WUR WW WZ WZL WÜ WÜM
    X Y Z ZE ZEL ZI ZIG ZP ZR ZS ZW ZZ"""
)
_PLATE = re.compile(
    r"(?<![\w/.-])([A-ZÄÖÜ]{1,3})(\s?[-–]\s?|\s)?([A-Z]{1,2})(\s?[-–]\s?"
    r"|\s)?([1-9]\d{0,3})(\s?[EH])?(?![\w/-]|[.,]\d|\s?(?:km|ccm|PS|kW|Nm|€|EUR|Euro|GB|MB|Uhr"
    r"|GS|RR|RS|GT)\b)"
)
_CUE = re.compile(
    r"(?:kennzeichen|nummernschild|plate|registration|zugelassen|amtlich|fahrzeug|auto|wagen"
    r"|motorrad|maschine|bike|car)\w*[^.!?\n]{0,25}$",
    re.IGNORECASE,
)
# Norms, trains, connectors and models that happen to have the shape of a plate.
_NO_PLATES = re.compile(
    r"^(?:DIN[\s-]?A|EN[\s-]|C-HR|E-BE|HD[\s-]?TV|USB|PS[\s-]?[45]|Z[\s-]?H|S[\s-]?U|IN[\s-]"
    r"|AM[\s-]|B[\s-]?B?\s?\d|RE[\s-]?RB|WM[\s-]|EM[\s-]|EU[\s-]|Z-|TÜ)"
)


def plates(text: str) -> Iterator[tuple[int, int]]:
    """The places of plates. A plate without a hyphen needs a cue before it, or much of a shape."""
    for match in _PLATE.finditer(text):
        district, first, letters, _, digits, _ = match.groups()
        if district not in DISTRICTS or len(district + letters + digits) > 8:
            continue
        has_cue = _CUE.search(text[max(0, match.start() - 40) : match.start()]) is not None
        if not has_cue and _NO_PLATES.match(match.group()):
            continue
        has_hyphen = first is not None and ("-" in first or "–" in first)
        has_shape = first is not None and len(letters) == 2 and len(digits) >= 2
        if has_cue or (has_hyphen and len(digits) >= 2) or (has_shape and len(digits) >= 3):
            yield match.start(), match.end()
