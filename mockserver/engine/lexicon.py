"""Word lists of what is derived from a transcript: stop words, moods, fillers, profanity."""

from __future__ import annotations

from mockserver.engine.phrases import plain

FILLERS = frozenset(
    "um umm uhm uh uhh uh-huh uh-uh er err erm eh ah hm hmm hmmm mm mmm mhm mm-hmm mm-hm huh äh ähm öh euh hein este "
    "ehm".split()
)
"""Sounds that are no words in English; some are words elsewhere, such as the German "er" and "um"."""

STOP_WORDS = frozenset(
    """
    a about above after again against all also am an and any are aren't as at be because been before being below
    between both but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each else
    even ever every few for from further had hadn't has hasn't have haven't having he he'd he'll he's her here here's
    hers herself him himself his how how's i i'd i'll i'm i've if in into is isn't it it'd it'll it's its itself just
    let let's me more most must mustn't my myself no nor not of off on once only or other ought our ours ourselves out
    over own per same shall shan't she she'd she'll she's should shouldn't so some such than that that's that'll the
    their theirs them themselves then there there's these they they'd they'll they're they've this those though
    through to too under until up upon us very via was wasn't we we'd we'll we're we've were weren't what what's when
    when's where where's whether which while who who's whom whose why why's will with within without won't would
    wouldn't yet you you'd you'll you're you've your yours yourself yourselves
    yes yeah yep no nope okay ok oh well hi hello hey please thanks thank goodbye bye sorry right sure
    de la el los las un una unos unas y o en con por para que qué es son su sus mi mis tu tus se lo le les al del no
    sí si como cómo más pero muy ya este esta esto esa ese eso
    le la les des du et ou un une dans avec pour par sur qui que est sont il elle ils elles nous vous je tu ce cette
    ces mon ma mes ton ta son sa ses leur leurs ne pas plus mais très au aux
    der die das den dem des ein eine einen einem einer und oder in mit für von zu zum zur auf aus bei ist sind er sie
    es wir ihr ich du nicht auch aber sehr mein dein sein als wie im am um
    il lo gli i un uno una e di da in con su per tra fra che è sono io tu lui lei noi voi loro non più ma molto mio
    tuo suo del della dei delle al alla nel nella
    o os as um uma uns umas e do da dos das em no na nos nas com por para que é são eu ele ela nós eles elas não mais
    mas muito meu minha seu sua ao à
    de het een en of in op met voor van te naar is zijn ik jij hij zij wij niet maar ook
    """.split()
)
"""Words that carry no subject of their own."""

WEAK_WORDS = frozenset(
    """
    able actually add added adds afraid agree agreed ahead allow allowed almost along already always another answer
    anybody anyone anything anyway anywhere appear appears appreciate arrive arrived ask asked asking away back bad
    become becomes been begin begins believe best better big bit bring brought build built buy call called calling
    came care cares carry certain certainly change changed changes choose chose clear clearly clicked come comes
    coming concludes confirm conserve continue cool cooler cost costs could course cut dares day days dear decide
    decided definitely different done door easier easily easy eight eighty either eleven end ended enjoy enjoyed
    enough especially everybody everyone everything everywhere exactly expect fact far fast faster feel felt fifty
    fine first five follow forget forty found four free full gave get gets getting girl give given gives giving glad
    go goes going gone gonna good got gotta great grew grown guess guy guys half happen happened happens happy hard
    hear heard help helped helpful helps hold hope hour hours hundred idea instead involved keep keeps kept kind knew
    know known knows large largely last late later latest learn least leave leaves left less lie lies like liked
    likely little live lives long longer look looked looking looks lot lots lovely love made make makes making man
    many matter maybe mean means measure measured men might mind minute minutes miss moment month months mostly move
    moved much name need needed needs never new next nice nine nobody none nothing noticed notice now number obviously
    often old one ones open opened order ought part particularly past people perhaps person place places plain plan
    planning plant play pleased pleasure point possible possibly press pretty probably problem promised put quick
    quickly quite ran rather reach read ready real really reason reasonable recently recommend remember report
    reported ride run runs said saw say saying says second seconds see seem seems seen send sent set seven several
    shall show showed side simple simply since single six small somebody someone something sometimes somewhere soon
    sort sound sounds speak spoke spoken stand start started stay step still stop stopped strong studied stuff such
    suggest suitable surprising take taken takes talk talked talking tell ten thing things think thinking thirty
    thought thousand three till time times today together told tomorrow took top total totally tried true try trying
    turn turned twelve twenty twice two understand unfortunately use used useful uses usual usually wait want wanted
    wants watch way ways week weeks went whatever whenever whole wish woman women wonder wonderful word words work
    worked working works worry worse worst write wrong wrote year years yesterday young ago anymore around bigger
    morning afternoon evening night listen listener welcome monday tuesday wednesday thursday friday saturday sunday
    book delayed placed gracias hola buenos buenas merci bonjour danke hallo grazie ciao obrigado obrigada olá muchas
    a.m p.m quisiera posible
    """.split()
)
"""Common words that make no good key phrase on their own."""

NEGATIONS = frozenset(
    """
    not no never none nobody nothing neither nor without hardly barely scarcely cannot can't couldn't didn't doesn't
    don't hadn't hasn't haven't isn't wasn't weren't won't wouldn't shouldn't aren't ain't nunca jamás sin ne pas jamais
    sans nicht kein keine niemals ohne non mai senza não nem sem tampoco
    """.split()
)

INTENSIFIERS = {
    **dict.fromkeys("very really extremely incredibly absolutely totally completely truly deeply highly".split(), 1.5),
    **dict.fromkeys(
        "so too especially particularly super remarkably terribly much far even muy très sehr molto".split(), 1.3
    ),
    **dict.fromkeys("slightly somewhat fairly rather quite mildly partly kinda sorta almost".split(), 0.6),
}
"""By how much a word strengthens or weakens the one after it."""

_ADORED = """
    adore amazing awesome beautiful best brilliant delighted delightful ecstatic excellent exceptional exciting
    extraordinary fabulous fantastic fascinating flawless gorgeous incredible love loved lovely loves loving
    magnificent marvelous outstanding overjoyed perfect perfectly phenomenal remarkable sensational splendid
    spectacular stellar stunning superb terrific thrilled thrilling triumph unbeatable wonderful wow excelente
    maravilloso increíble fantástico parfait magnifique génial ausgezeichnet wunderbar großartig eccellente
    meraviglioso fantastico maravilhoso incrível ótimo
"""
_LIKED = """
    accomplished achieve achieved achievement admire advantage affordable agree amused appreciate appreciated
    appreciates appreciative attractive award benefit benefits better bless blessed blessing bonus bravo calm
    celebrate celebrated charming cheer cheerful clean clever comfortable compliment confident congrats
    congratulations convenient courage creative cute dedicated delicious dependable deserve eager easier easy
    effective efficient effortless elegant encourage encouraged encouraging energetic enjoy enjoyable enjoyed enjoying
    enjoys enthusiastic excited faithful famous faster favorite favourite fine flexible fond fortunate fresh friend
    friendly fun funny generous gentle genuine gift glad gladly good gain gained gains grateful great growth happier
    happily happiness happy healthy helped helpful helps hero honest honor honored hope hopeful hug humor ideal
    impressed impressive improve improved improvement improvements improves inspire inspired inspiring
    interesting joy joyful kindness laugh laughed liked likes luck lucky merry motivated neat nice nicely nicest
    optimistic passion passionate peace peaceful pleasant pleased pleasure polite popular positive praise precious
    prefer productive profit profitable progress promising proud recommend recommended refreshing relax relaxed
    relaxing reliable relief relieved respect reward rewarding rich safe satisfied satisfying secure sincere smart
    smile smiling smooth smoothly solved stable strong succeed succeeded success successful successfully supportive
    sweet talented thank thankful thanks thoughtful thrive trust trusted useful valuable victory vibrant warm
    welcome welcoming win winner winning wins wise won worthy yay reasonable saves promptly prompt gracias bueno buena
    bien feliz contento encantado merci bon bonne heureux content danke gut glücklich zufrieden grazie buono felice
    obrigado obrigada bom boa
"""
_DISLIKED = """
    ache afraid alarmed alarming annoyed annoying anxious apologise apologize argue ashamed awkward bad bitter blame
    bored boring bother bothered careless cheat cheated clumsy complain complained complaining complaint complaints
    complicated concern concerned concerns conflict confused confusing crash crashed crashes crashing criticism cruel
    crying damage damaged damages danger dangerous dead debt decline declined defect defective delay delayed delays
    denied deny depressed depressing desperate difficult difficulty dirty disadvantage disagree disappoint
    disappointed disappointing disappointment disconnected discouraged dispute disrupted dissatisfied disturbing doubt
    doubtful dull embarrassed embarrassing enemy error errors exhausted expensive fail failed failing fails failure
    false fault faulty fear fearful flaw flawed forgot freezes frightened frustrate frustrated frustrating frustration
    glitch glitches greedy grief grim guilty harm harmful harsh hassle helpless hurt hurts hungry ignore ignored ill
    inaccurate inadequate incompetent incomplete inconvenience inconvenient incorrect inferior injured injury insecure
    insult irritated irritating issue issues jealous lack lacking lonely lose loses losing loss lost lousy mad mess
    messy missed missing mistake mistaken mistakes misunderstanding nasty negative neglected nervous noisy overcharged
    overdue overpriced overwhelmed pain painful panic pathetic penalty pity poor poorly problem problems questionable
    refuse refused regret reject rejected risk risky rude ruin ruined sad sadly scam scared scary selfish shame
    shocked shocking sick slow slower sorry spam stolen stress stressed stressful struggle struggled struggling stuck
    stupid suffer suffered suffering suspicious threat threatened tired tragic trouble troubled troubling ugly unable
    unacceptable uncertain unclear uncomfortable unfair unfortunate unfortunately unhappy unhelpful unlucky unpleasant
    unprofessional unreliable unsafe unsatisfied upset upsetting useless violent waste wasted weak weird worried
    worries worry worrying worse worsen worthless wrong malo mala triste enfadado problema mauvais mauvaise fâché
    problème schlecht traurig leider cattivo arrabbiato ruim zangado
"""
_HATED = """
    abuse abused abusive agony angry appalling atrocious awful catastrophe catastrophic crisis cruelty despair despise
    destroyed devastated devastating disaster disastrous disgrace disgust disgusted disgusting dreadful enraged evil
    furious garbage hate hated hates hatred heartbreaking heartbroken hideous horrendous horrible horribly horrific
    horrified hopeless infuriating intolerable miserable misery murder nightmare outrage outraged outrageous painfully
    repulsive ridiculous terrible terrified tragedy traumatic unbearable vile worst affreux schrecklich furchtbar
    terribile orribile terrível horrível
"""
MOODS = {
    **dict.fromkeys(_LIKED.split(), 1.0),
    **dict.fromkeys(_ADORED.split(), 2.0),
    **dict.fromkeys(_DISLIKED.split(), -1.0),
    **dict.fromkeys(_HATED.split(), -2.0),
}
"""How good or bad a word sounds, from -2 to 2."""

_SWEAR_VERBS = frozenset("fuck shit piss crap damn bitch wank bugger bollock motherfuck".split())
PROFANITY = _SWEAR_VERBS | frozenset(
    """
    ass arse asshole arsehole bastard bloody bollocks bullshit cock cunt dick dickhead dumbass goddamn horseshit
    jackass motherfucker prick pussy shithead slut twat wanker whore douchebag fag faggot
    mierda joder puta puto cabrón cabron coño gilipollas pendejo cojones maricón carajo hijoputa
    merde putain connard connasse salope enculé bordel foutre pute bâtard nique salaud
    scheiße scheisse arschloch arsch fotze wichser hurensohn verdammt kacke fick ficken miststück schlampe
    cazzo merda stronzo stronza puttana vaffanculo coglione minchia troia bastardo cazzata culo
    porra caralho foda foder buceta cacete viado bosta arrombado fodido cuzão
    kut klootzak godverdomme lul hoer klote kutwijf verdomme neuken sukkel trut mierenneuker
    """.split()
)
"""Swear words, without their inflections."""


def is_profane(word: str) -> bool:
    """Say whether this is a swear word, whatever its case, punctuation and ending."""
    key = plain(word).removesuffix("'s")
    return key in PROFANITY or _singular(key) in PROFANITY or _is_inflected(key)


def _singular(key: str) -> str:
    return key.removesuffix("es") if key.endswith("sses") else key.removesuffix("s")


def _is_inflected(key: str) -> bool:
    for ending in ("es", "ing", "in'", "in", "ed", "er", "ers", "y", "head", "heads"):
        verb = key.removesuffix(ending)
        if verb != key and (verb in _SWEAR_VERBS or (verb[-1:] == verb[-2:-1] and verb[:-1] in _SWEAR_VERBS)):
            return True
    return False
