"""The words by which people ask to be left alone, in the spelling of `folding.fold`.

English, Spanish, Catalan, Galician, Basque, French, German, Italian, Portuguese, Dutch. Add a word
here and a row to tests/unit/domain/replies.csv.
"""

from __future__ import annotations

import re
from typing import Final


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word.strip() for line in lines for word in line.split(","))


#: A reply that is one of these, and courtesies, is a no.
STOP: Final = _words(
    # CTIA and Twilio (https://help.twilio.com/articles/223134027), with what people write instead
    "stop, stopall, stop all, unsubscribe, unsubscribe all, cancel, end, quit, revoke, optout",
    "opt out, stop it, stop this, stop now, unsub, unsuscribe, unsubcribe, unsubscribed, remove",
    "remove me, delete me, no more, enough, go away, halt, stp, sotp, stopp, stopit, stop stop",
    "stop stop stop, stop everything, stop messages, stop sms, stop texts, stop emails, cease",
    "desist, cease and desist, no more messages, leave me alone, do not contact, dnc, end all",
    "no stop, cancel all, stop msg, stop promo, stop ads, arrete, stop spam, end it, unfollow",
    # Spanish
    "baja, alto, parar, para, cancelar, anular, no mas, basta, baja total, baja sms, darme baja",
    "dar baja, de baja, quiero baja, solicito baja, pido baja, baja ya, desuscribir, desuscribirme",
    "desuscribirse, borrar, borrarme, borradme, eliminar, eliminarme, fin, salir, finalizar",
    "cancelar suscripcion, anular suscripcion, quitar, quitarme, dejadme en paz, dejame en paz",
    "dejenme en paz, baja todo, baja de todo, baja en todo, stop todo, ya basta, vaja",
    "baja publicidad, no publicidad, parad, paren, detener, renuncio, no molestar, no molesten",
    # Catalan, Galician, Basque
    "baixa, prou, atura, atureu, parar, pareu, no mes, anul lar, anullar, cancel lar, cancellar",
    "esborrar, esborreu me, donar me de baixa, baixa sms, baixa total, baixa de tot, baixa tot",
    "deixeu me en pau, sortir, fi, gelditu, utzi, ezeztatu, nahikoa, abonda",
    # French, German, Italian, Portuguese, Dutch
    "arret, arretez, arreter, desabonner, desinscrire, desinscription, desabonnement, resilier",
    "abmelden, abbestellen, stoppen, kuendigen, kundigen, austragen, abmeldung, ende, aufhoren",
    "cancellami, disiscrivimi, disiscrizione, annulla, cancella, smettetela, fermare, rimuovimi",
    "sair, remover, descadastrar, cancelar inscricao, chega, afmelden, uitschrijven",
    "opzeggen",
)
#: Only the customer's own word lifts the customer's own no. 'Yes' is an answer to anything: it
#: is none of these.
START: Final = _words(
    "start, unstop, resubscribe, subscribe, optin, opt in, start again, sign me up again",
    "alta, darme de alta, quiero alta, volver a recibir, quiero volver a recibir mensajes",
    "suscribir, suscribirme, donar me d alta, subscriure, subscriure m, vull tornar a rebre",
    "anmelden, reprendre, abonner, iscrivimi, inscrever",
)
#: May be an answer to something else that was asked.
PERHAPS: Final = _words(
    "no, no thanks, no thank you, no gracias, no gracies, nope, nein, non, nah, nao, ez, nee",
    "not now, ahora no, ara no, no ho vull, no lo quiero, no quiero, no vull, i don t want it",
)
HELP: Final = _words(
    "help, info, help me, information, ayuda, ayudame, informacion, ajuda, informacio, axuda",
    "laguntza, aide, hilfe, aiuto, hulp, ayuda info, help info",
)
#: Courtesies, and words that add nothing to a no.
POLITE: Final = _words(
    "please, pls, plz, thanks, thank, you, thx, hi, hello, hey, dear, sir, madam, now, kindly, ok",
    "okay, immediately, asap, the, sirs, team, regards, cheers, already, just",
    "por, favor, porfa, porfavor, gracias, muchas, hola, buenas, buenos, dias, tardes, ya, quiero",
    "inmediatamente, saludos, urgente, un, saludo, ahora, mismo, la, solicito, deseo",
    "si, us, plau, sisplau, gracies, moltes, bon, dia, bona, tarda, ara, vull, salutacions, mateix",
    "s, il, vous, plait, svp, merci, bonjour, bitte, danke, hallo, per, favore, grazie, obrigado",
    "mesedez, eskerrik, asko, grazas, aub, alstublieft",
)

_MEDIA: Final = (
    r"(?:sms|mms|texts?|messages?|msgs?|mails?|e ?mails?|correos?|e mails?|mensajes?|missatges?|"
    r"publicidad|publicitat|propaganda|spam|ofertas?|ofertes|ads?|promos?|promotions?|"
    r"promociones|"
    r"promocions|newsletters?|boletin(?:es)?|butlletins?|marketing|comunicaciones|comunicacions|"
    r"notificaciones|notifications?|whatsapps?|wasaps?|nachrichten|werbung|werbemails|mensagens|"
    r"messaggi|pubblicita|publicite|offers?|emails?|info|informacion|informacio|cosas|coses|nada|"
    r"res|anything|stuff|junk|this|these|esto|aixo|correus?)"
)
_EN_DO: Final = (
    r"(?:text|txt|message|messag|msg|mail|email|e mail|contact|write|send|call|bother|spam|"
    r"harass|"
    r"disturb|pester|annoy|dm|ping|reach|market|advertis)(?:e|ing|s)?"
)
_ES_DO: Final = (
    r"(?:escrib|envi|mand|molest|contact|llam|sigas? |sigan |sigais |volvais |vuelvas? |vuelvan |"
    r"spame|satur|agobi|bombarde|escriu|contacteu)\w*"
)
_CA_DO: Final = (
    r"(?:escriv|escriu|envi|molest|contact|truqu|torneu|torni|emprenyeu|atabal|mareu|marejeu)\w*"
)

#: Anywhere in a reply, these are a no.
PHRASES: Final = re.compile(
    r"\b(?:"
    # English
    rf"stop (?:(?:all|the|your|these|those|any|with|it with|it|this|to) ){{0,3}}(?:{_EN_DO}|"
    rf"{_MEDIA})\b|"
    r"(?:please|pls|kindly) stop\b|stop (?:please|pls|now|immediately)\b|"
    r"unsubscri\w*|unsuscri\w*|un subscribe|unsub|opt(?:ing|ed)? ?out|opt me out|"
    r"(?:take|get|remove|delete|strike|drop|cross|scratch) (?:me|my (?:\w+ ){1,3}) ?"
    r"(?:off|from|out|number|address|phone|email)?|"
    rf"(?:do not|don t|dont|never|no more|no longer|quit|cease) (?:ever )?(?:want (?:to )?)?"
    rf"(?:be |get |getting |receive |receiving |any more |any |more |further |your |these |to )*"
    rf"(?:{_EN_DO}|{_MEDIA})|"
    rf"(?:i am|i m|im|am) (?:not|no longer) interested|not interested|no longer interested|"
    r"leave me (?:alone|be)|lose (?:my|this) number|(?:fuck|piss|bugger|sod|f) off|get lost|"
    r"(?:i )?revoke|withdraw (?:my )?consent|(?:cancel|end|terminate) (?:my |the |this )?"
    r"(?:subscription|membership|newsletter|messages|texts|service)|"
    rf"(?:no|enough|sick of|tired of|fed up with|had enough of|stop) (?:more |your |with |the |"
    rf"of |all )*"
    rf"(?:messages|texts|spam|emails|ads|marketing|newsletters?)|"
    r"(?:delete|erase|remove|forget) (?:all )?my (?:\w+ )?(?:data|number|details|information|"
    r"account)|"
    r"wrong (?:number|person)|(?:don t|do not|dont) (?:know|remember) (?:who )?you|"
    r"did(?: not|n t|nt) (?:sign up|subscribe|ask for|consent|agree)|never (?:signed|subscribed|"
    r"asked)|"
    # Spanish
    r"(?:dar|dad|dame|dadme|den|denme|demen|deme|dese|darse|quiero|solicito|pido|ruego|deseo|"
    r"tramit\w+|proces\w+|me doy|doy|causar|causo|exijo|gestion\w+) ?(?:me|nos|se|mi|la|una|el|"
    r"darme|"
    r"que me d\w+|por favor|ya)* ?(?:la |de |mi |una )?baja|de baja|(?:la|mi) baja\b|"
    rf"no (?:me|nos|vuelv\w+ a|quiero (?:que )?me|deseo (?:que )?me|hace falta que me) (?:\w+ "
    rf")?{_ES_DO}|"
    rf"no (?:quiero|deseo|queremos|quisiera|necesito|autorizo) (?:\w+ ){{0,3}}{_MEDIA}|"
    rf"(?:no|ni) (?:mas|envi\w+|mand\w+|recib\w+) (?:\w+ ){{0,2}}{_MEDIA}|"
    r"no (?:quiero|deseo) (?:saber|recibir|que)|no (?:me )?interesa|"
    r"(?:deja|dejad|dejen|deje|dejar|pare|paren|parad|para|basta|bastante|harto|harta|hartos|"
    r"cansado|"
    r"cansada) (?:ya )?(?:de|con) (?:\w+)|dej(?:ad|en|a|e)me|en paz|en pau|"
    r"(?:quita|quitad|quiten|borra|borrad|borren|elimina|eliminad|eliminen|saca|sacad|saquen|"
    r"suprim\w+) ?(?:me|mi|mis)\b|(?:quita|borra|elimina|saca|quitad|borrad|eliminad)(?:d|n|dme|"
    r"me|nme)\b|"
    r"(?:borrenme|eliminenme|quitenme|saquenme|quitadme|borradme|eliminadme|sacadme|quiteme|"
    r"borreme)|"
    r"(?:cancelar|cancela|cancelad|cancelen|anular|anulad|anulen) (?:la |mi |esta )?"
    r"(?:suscripcion|alta|subscripcion)|desuscrib\w+|darme de baja|darse de baja|"
    r"(?:revoco|retiro) (?:mi |el )?consentimiento|me opongo|derecho de (?:oposicion|supresion)|"
    r"(?:me|nos) (?:teneis|tienen|tienes) (?:harto|harta|hartos|frito|frita)|"
    r"no (?:os|le|les) (?:conozco|he dado)|numero equivocado|se (?:ha|han) equivocado|"
    # Catalan
    r"(?:dona|doneu|donin|donar|vull|voldria|demano|sol licito) ?(?:me|m|nos|ns|la|donar me|"
    r"se)* ?"
    r"(?:la |de |una )?baixa|de baixa|(?:la|la meva) baixa\b|"
    rf"no (?:m|em|ens|vull que (?:m|em)|cal que (?:m|em)) (?:\w+ )?{_CA_DO}|"
    rf"no (?:vull|volem|desitjo|voldria) (?:\w+ ){{0,3}}{_MEDIA}|no (?:vull|desitjo) (?:rebre|"
    rf"saber|que)|"
    rf"(?:no|cap) mes {_MEDIA}|prou (?:de |d )?{_MEDIA}|no m interessa|"
    r"(?:deixeu|deixa|deixin|pareu|para|atureu|atura) (?:ja )?(?:d|de) (?:\w+)|deixeu me|"
    r"(?:esborreu|elimineu|traieu|treieu|suprimiu|borreu) (?:me|m|el meu|les meves)|"
    r"(?:esborra|elimina|treu) (?:me|m|el meu|les meves)|"
    # French, German, Italian, Portuguese, Dutch, Galician, Basque
    r"desabonn\w+|desinscri\w+|ne (?:m|me|nous) (?:\w+ )?plus|ne plus (?:recevoir|m|me)|"
    r"arretez? (?:de|vos|les|tout|ca)|laissez moi|plus de (?:sms|messages|mails|pub)|"
    r"abmeld\w+|abbestell\w+|keine (?:\w+ )?(?:nachrichten|sms|werbung|mails|newsletter|e mails)|"
    r"(?:nicht|nie) mehr (?:schreiben|kontaktieren|anschreiben|schicken|senden)|aus (?:dem|der|"
    r"ihrem) verteiler|"
    r"lassen sie mich|in ruhe|hort auf|horen sie auf|"
    r"disiscri\w+|cancellatemi|cancella(?:re|mi)|non (?:voglio|desidero) (?:piu|ricevere)|"
    r"non (?:mi )?(?:scriv|invi|mand|contatt)\w+|smett\w+|basta (?:messaggi|sms|mail|pubblicita)|"
    r"nao (?:quero|desejo) (?:mais |receber)|nao (?:me )?(?:envi|mand|escrev|contact)\w+|pare de|"
    r"descadastr\w+|afmeld\w+|uitschrijv\w+|geen (?:\w+ )?(?:berichten|sms|mails|reclame)|"
    r"non quero (?:mais|recibir)|ez (?:bidali|idatzi|deitu)|ez dut (?:\w+ )*jaso nahi|utzi bakean"
    r")"
)
#: Asks for more than silence: to be erased (GDPR art. 17). A person has to do it.
ERASURE: Final = re.compile(
    r"\b(?:"
    r"(?:delete|erase|remove|forget|wipe|destroy) (?:all )?(?:of )?(?:my|the) (?:\w+ )?"
    r"(?:data|details|information|accounts?|profile|records?)|"
    r"(?:my|all) (?:\w+ )?(?:data|details|account) (?:\w+ )?(?:deleted|erased|removed)|"
    r"(?:gdpr|rgpd|dsgvo) (?:\w+ )?(?:erase|erasure|delete|deletion)|(?:erase|forget) me|"
    r"right to (?:be forgotten|erasure|deletion)|data (?:deletion|erasure)|"
    r"(?:borr|elimin|suprim|destruy|olvid)\w* (?:\w+ ){0,2}(?:mis?|los|la) (?:\w+ )?"
    r"(?:datos|informacion|cuenta|ficha|perfil)|olvid(?:ad|en|a|e)me|"
    r"(?:derecho )?(?:al|de) (?:olvido|supresion)|"
    r"(?:esborr|elimin|suprim|oblid)\w* (?:\w+ ){0,2}(?:les meves|el meu|la meva|les|meu|meva) "
    r"(?:\w+ )?(?:dades|informacio|compte|fitxa|perfil)|oblid(?:eu|a|in) me|"
    r"dret (?:\w+ ){1,2}(?:supressio|oblit)|"
    r"(?:supprim|effac)\w* (?:\w+ )?(?:mes|mon) (?:\w+ )?(?:donnees|compte|informations)|"
    r"droit a l (?:effacement|oubli)|"
    r"lo(?:e)?sch\w* (?:\w+ )?(?:meine?|alle) (?:\w+ )?(?:daten|konto)|"
    r"(?:meine|alle) (?:\w+ )?daten (?:\w+ )?lo(?:e)?schen|"
    r"cancell\w* (?:\w+ )?(?:i miei dati|il mio (?:account|profilo))|diritto all oblio|"
    r"(?:apag|elimin|exclu|borr)\w* (?:\w+ )?(?:os )?meus datos|"
    r"(?:apag|elimin|exclu)\w* (?:\w+ )?(?:os )?meus dados|"
    r"verwijder\w* (?:al )?mijn (?:gegevens|account)|mijn gegevens (?:\w+ )?verwijder\w*"
    r")\b"
)
#: Left out before a no is looked for: the opposite of one.
NOT_A_NO: Final = re.compile(
    r"\b(?:(?:do not|don t|dont|didn t|did not|never) (?:want to |wish to |mean to )?"
    r"(?:stop|unsubscribe|opt out|cancel|end)(?= (?:me|my|sending|the|it|yet|please|$)|$)|"
    r"no (?:quiero|deseo|queria) (?:dar(?:me|nos) de|la|la de) baja|no me des? de baja|"
    r"no me deis de baja|no (?:vull|volia) (?:donar me de|la) baixa|no em doneu de baixa)\b"
)
#: Innocent company of the words below.
INNOCENT: Final = re.compile(
    r"\b(?:(?:bus|tram|train|metro|next|last|first|pit|truck) stops?|stop(?:ped|ping)? (?:by|at|"
    r"in|off|over)|"
    r"non ?stop|one stop|planta baja|pb baja|baja (?:de precio|temporada|por (?:maternidad|"
    r"enfermedad))|"
    r"talla (?:mas )?baja|mas baja|de gama baja|cintura baja|planta baixa|temporada baixa|mes "
    r"baixa|"
    r"(?:cancel|cancelar|cancel ?lar|anular|anul ?lar|remove|quitar) (?:\w+ ){0,2}(?:order|"
    r"booking|appointment|reservation|"
    r"pedido|compra|cita|reserva|comanda|stain|mancha|taca)|"
    r"(?:stop|removes?|removing) (?:working|stains?|leaking)|stopped working)\b"
)
#: Anywhere else these may be a no: suppressed, and a person looks.
HINTS: Final = re.compile(
    r"\b(?:stop\w{0,4}|st+o+p+|baja|bajas|baixa|baixes|cancel\w*|remove\w*|quit|revoke\w*|halt|"
    r"cease|"
    r"spam\w*|basta|bastante ya|prou|enough|harass\w*|acoso|assetjament|report you|denunci\w*|"
    r"aepd|gdpr|rgpd|lopd|lssi|robinson|ico|complain\w*|lawyer|abogado|advocat|demanda|"
    r"har(?:to|ta)|pesad[oa]s?|plom|annoying|unwanted|no more|not want|molest\w+|emprenya\w*|"
    r"desist\w*|desapunt\w+|desvincul\w+|desactiv\w+|unlist|delist|blacklist|block\w*|bloque\w*|"
    r"bloq\w+|"
    r"opt|suscripcion|subscripcio|subscription|consent\w*|consentiment\w*|arret\w*|merde|"
    r"no mas|no mes|nunca mas|mai mes|never again|who (?:is|are) (?:this|you)|quien eres|"
    r"quienes sois|"
    r"qui sou|qui ets|how did you get|de donde (?:teneis|tienen|habeis|han)|d on (?:heu|teniu)|"
    r"fuck\w*|joder|cono|put[ao]s?|capull\w*|cabron\w*|idiot\w*|shit|mierda|merda)\b"
)
#: Written together or cut apart: 'stopmessaging', 'u n s u b scribe'.
HOLDS: Final = ("unsubscr", "stoptext", "stopmess", "stopsend", "stopsms", "nomasmens", "optout",
                "darmedebaja", "donarmedebaixa", "dadmedebaja")  # fmt: skip
#: All channels: 'all', but not 'all texts'.
ALL: Final = re.compile(
    r"\b(?:stopall|(?:all|everything|everywhere|any channel|every channel|all channels)"
    r"(?! (?:\w+ )?(?:text|sms|mail|email|message)s?\b)|"
    r"(?:todo|todos lados|todas partes|todas las (?:listas|vias|comunicaciones)|todos los "
    r"(?:canales|medios)|ninguna via|ningun (?:canal|medio)|ninguna manera)(?! (?:sms|correo))|"
    r"tot(?!es)|tots els canals|totes les (?:llistes|vies|comunicacions)|cap (?:via|canal)|tout|"
    r"alles|tutto|"
    r"tudo)\b"
)
AUTOMATIC: Final = re.compile(
    r"\b(?:out of (?:the )?office|automatic reply|auto ?(?:matic(?:ally)? )?(?:reply|response|"
    r"responder|generated)|this is an automated|on (?:annual |parental )?leave until|"
    r"(?:estoy|estare|estoy actualmente) (?:fuera|ausente|de vacaciones)|fuera de (?:la "
    r")?oficina|"
    r"respuesta automatica|contestador automatico|ausencia de oficina|mensaje automatico|"
    r"resposta automatica|fora de l oficina|(?:soc|estare) (?:fora|de vacances)|missatge "
    r"automatic|"
    r"abwesenheitsnotiz|automatische antwort|reponse automatique|absence du bureau|"
    r"risposta automatica|fuori sede|i am driving|i m driving|estoy conduciendo|estic conduint|"
    r"mail delivery (?:failed|subsystem)|undeliver(?:able|ed))\b"
)
