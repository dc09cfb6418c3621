"""What people write above and into the columns of their registers. In: a heading or a cell. Out:
which column or word of ours.

English, German, French, Spanish, Italian and Dutch; all in plain letters, for headings and cells
are compared without accents, signs, numbering and words such as `AI use case` or `of the`."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from reporter.privacy.secrets import redact
from reporter.schema.vocabulary import NONE, NOTHING

_OF = r"(email|mail|upn|id|name|address|s)"
_WHEN = r"(at|on|date|time|am|datum|le|il|el|op)"
NAMES: dict[str, str] = {
    "actor_id": r"((inventory|asset|record|system|application|app|tool|solution|copilot|object|resource|registration|register|"
    r"unique|internal|project|item|ci|identity|client|inventar|anwendungs|system) )?(id|identifier|guid|uuid|kennung|\w*kennung|"
    r"identifiant|identificador|id oid|identificativo|codice|codigo|cle|schlussel)|(agent|bot|app|copilot|usecase|record|asset|system|tool)(id|key)|"
    r"((inventory|asset|record|reference|register|inventar) )?(number|no|nr|ref|reference|referenz|code|key|\w{3,}nummer|numero)",
    "name": r"((agent|use case|bot|copilot|tool application|display|asset|account|common|short|full) )*(name|title)|agents?|use case|bot|chatbot|assistant|"
    r"copilot|(agenten|anzeige|bot)?name|\w*bezeichnung|benennung|titel|nom( affichage)?|intitule|libelle|nombre|titulo|denominacion|nome|titolo|denominazione|naam",
    "owner_id": rf"((business|product|service|system|application|app|process|accountable|data|admin|asset) )?owner(s|ship)?( {_OF})*|owned by|who (owns|is responsible|is accountable).*|"
    rf"(accountable|responsible)( (person|party|official|executive|owner|manager))?( {_OF})*|eigentumer(in)?( {_OF})*|\w*verantwortlich(e|er)?( person)?|"
    rf"besitzer|inhaber|zustandig(e|er)?( person)?|proprietaire( metier)?( {_OF})*|responsable( metier)?( {_OF})*|titulaire|"
    rf"propietario|dueno|proprietario|responsabile( {_OF})*|titolare|eigenaar|verantwoordelijke",
    "technical_owner_id": rf"(technical|tech|deputy|secondary|backup|it|delegate)( (owner|lead|contact|responsible))( {_OF})*|deputy|managed by|"
    r"developer|custodian|maintainer|stellvertret(er|ung)|vertret(er|ung)|technische(r)? (verantwortliche(r)?|eigentumer|ansprechpartner)|"
    r"it verantwortliche(r)?|(responsable|referent) technique|suppleant|responsable tecnico|responsabile tecnico|technisch eigenaar",
    "purpose": r"purpose|((business|short|intended|stated|brief|system) )?(purpose|use|description|summary|objective|goal)|(description|purpose|summary) .{0,40}|"
    r".*what (is the )?(intended )?purpose.*|what does .*|what is .* for|.*what problem .* solve.*|.*intended purpose.*|zweck|\w+zweck|\w*beschreibung|ziel|aufgabe|objectif|"
    r"finalite|but|description .*|descripcion|proposito|finalidad|objetivo|scopo|descrizione|finalita|doel|omschrijving|beschrijving",
    "state": r"status|state|stage|phase|lifecycle|lifecycle (stage|phase) status|((lifecycle|life cycle|deployment|operational|development|install|implementation|operating|usage|"
    r"account|record) )?(status|state|stage|phase)|stage development|(stage )?(system )?development life ?cycle( (stage|phase))?|stage .*life ?cycle|status (einfuhrung|umsetzung|deployment|implementation)|(active|enabled|live|deployed|in production|in use|aktiv|actif|activo|attivo)|"
    r"\w*status|lebenszyklus(phase|status)?|phase|stadium|statut|etat|cycle vie|estado|stato|fase",
    "environment": r"environment|env|((deployment|runtime|hosting) )?environment( (type|name))?|\w+ env|where .* runs?|umgebung|environnement|entorno|ambiente|omgeving",
    "business_unit": r"((business|organi[sz]ational|org|owning|sponsoring|responsible|requesting) )?(unit|department|dept|division|bureau|component|"
    r"office|team|agency|organi[sz]ation|directorate)|bureau (component|office|department)|agency bureau|business area|line business|abteilung|(verantwortlicher )?(fachbereich|bereich)|organisationseinheit|"
    r"geschaftsbereich|ressort|referat|departement|direction|unite|entite|departamento|area|unidad|reparto|dipartimento|ufficio|unita|afdeling",
    "risk_tier": r"((inherent|overall|act|eu act|declared|residual) )*risk( (tier|level|rating|class|classification|category))?|tier|impact( (level|rating))?|eu act (class|category|classification)|"
    r"(eu act )?risiko(klasse|stufe|einstufung|bewertung|kategorie|niveau|klassifizierung)?|((niveau|classe|categorie) )?risque|(nivel )?riesgo|"
    r"(livello )?rischio|risico(niveau|klasse)?",
    "risk_categories": r"(business )?risk (categories|types?|areas?)|risikokategorien|categories? risques",
    "created_at": rf"(created|added|registered|onboarded|recorded|erstellt|angelegt|registriert|erfasst|cree|creado|creato)( {_WHEN})?|created time|"
    r"(creation|registration|intake|submission|inventory) date|date (created|added|registered|submitted|creation|enregistrement)|meta created|"
    r"(erstellungs|anlage|erfassungs|registrierungs)datum|fecha creacion|data creazione|aanmaakdatum",
    "approved_at": rf"(approved|genehmigt|freigegeben|approuve)( {_WHEN})?|approval date|date (approved|approbation|validation)|"
    r"(freigabe|genehmigungs)datum|fecha aprobacion|data approvazione",
    "activated_at": r"((go live|golive|activation|production|deployment|launch|start|implementation|operational) )date|go live|deployed( (on|at|date))|live since|implemented( on)?|"
    r"first production use|.*date .*(became|become) operational.*|date (deployed|implemented|launched|live)|in (production|operation|use)( (since|date))?|"
    r"inbetriebnahme( am)?|inbetriebnahmedatum|(in betrieb|produktiv|live) seit|produktivsetzung( am)?|einfuhrungsdatum|startdatum|"
    r"date (mise )?en (production|service)|date mise (production|service|en production|en service)|en production depuis|fecha (puesta marcha|puesta en marcha|inicio|despliegue)|"
    r"data (avvio|messa in produzione)|in productie sinds",
    "updated_at": rf"(last |zuletzt )?(updated|modified|changed|reviewed|geandert|aktualisiert|gepruft)( {_WHEN})?|(last )?(update|modification|review) date|modified time|"
    r"last modified time|(anderungs|aktualisierungs)datum|letzte (anderung|aktualisierung|prufung|uberprufung)|(date )?(derniere )?(modification|mise jour|revision)|modifie le|"
    r"fecha modificacion|ultima (modificacion|actualizacion|modifica)",
    "expires_at": rf"(expires|expiry|expiration|expiring)( {_WHEN})?|(end|renewal|sunset) date|valid (until|to)|gultig bis|ablauf(datum)?|befristet bis|"
    r"date (fin|expiration|echeance)|expire le|fecha (fin|vencimiento|expiracion)|scadenza|vervaldatum",
    "retired_at": rf"(retired|decommissioned|stillgelegt|abgeschaltet|retire)( {_WHEN})|(retirement|decommission(ing)?) date|date (retired|decommissioned|retrait|arret)|"
    r"ausserbetriebnahme|stilllegung|fecha (baja|retiro)|data dismissione",
    "owner_confirmed_at": rf"(owner )?(attested|confirmed|certified|bestatigt)( {_WHEN})?|(last )?(attestation|certification) date",
    "principal_id": r"principal( id)?|service account( (id|name|email))?|client id|application client id|role arn|arn|service principal( (id|object id|name))?|"
    r"managed identity|run as( (user|account))?|runs as|technical user|technischer (benutzer|user)|(dienst|service)konto|compte service|cuenta servicio|account( id)?",
    "process_id": r"(business )?process( (id|name))?|value stream|(geschafts)?prozess|processus( metier)?|proceso|processo",
    "autonomy": r"autonomy( level)?|level autonomy|autonomie(grad|stufe|niveau)?|niveau autonomie",
    "policy_id": r"policy( id)?|governing policy",
    "review_cadence_days": r"review (cadence|frequency|interval)( days)?|(prufintervall|prufzyklus)( tage)?",
    "kill_switch": r"kill switch|stop mechanism|shutdown procedure|notabschaltung|abschaltverfahren|arret urgence",
}
LIST_NAMES = {
    "tools": r"((allowed|approved|connected) )?tools( used| list| access)?|integrations?|capabilities|functions|actions|skills|plugins|connectors|"
    r"(genutzte )?werkzeuge|schnittstellen|konnektoren|outils( utilises)?|connecteurs|herramientas|strumenti",
    "data_sources": r"data ?(sources?|used|sets?|access(ed)?|stores?)?|data (it )?can access|knowledge( base| sources?)?|systems? (accessed|connected)|((genutzte|verarbeitete|verwendete) )?daten(quellen?|zugriff)?|"
    r"((sources|acces) )?donnees( (utilisees|sources))?|(fuentes )?datos|fonti dati|gegevensbronnen",
    "entitlements": r"((api|assigned|granted) )?(entitlements?|permissions?|roles?|access rights?|scopes?|privileges?)|berechtigungen|rollen|zugriffsrechte|"
    r"droits( acces)?|autorisations|permisos|permessi|rechten",
}  # fmt: skip
COMPONENT_NAMES = {
    "name": r"((foundation|base|language|underlying) )?models?( (name|used)s?)?|llms?|(sprach|ki |basis)?modell|modele( langage)?|modelo|modello",
    "vendor": r"((model|software|third party) )?(vendor|provider|supplier)s?( s)?( names?)?|manufacturer|anbieter|hersteller|lieferant|fournisseur|editeur|proveedor|fornitore|leverancier",
    "version": r"model version|modellversion|version modele",
}
CREDENTIAL_NAMES = {
    "credential_id": r"((access|api) )?(key|secret|credential|certificate|token|client secret)( id| name)?|(schlussel|zertifikat)( id)?|thumbprint",
    "type": r"(credential|secret|key|authentication|auth) (type|method)",
    "storage": r"vault|(secret|key|credential) (storage|store|location|vault)|stored (in|at)|storage( location)?|tresor",
    "issued_at": r"(key|secret|credential|certificate|token)s? (created|issued|issue|creation)( (on|at|date))?|issued( (on|at|date))?",
    "expires_at": r"((key|secret|credential|certificate|token)s? )?(expires|expiry|expiration)( (on|at|date))?|valid (until|to)|gultig bis|ablaufdatum|ablauf|date expiration",
    "last_rotated_at": r"((last|key|secret|password|pwd) )*(rotated|rotation|password change|set|changed)( (at|on|date))|last (rotated|rotation)|password last (set|changed)|pwdlastset|"
    r"letzte rotation|zuletzt rotiert|derniere rotation",
    "rotation_days": r"rotation (interval|policy|period|frequency|cycle)( days)?|rotationsintervall( tage)?",
    "privileged": r"(is )?privileged( (access|account))?|admin( (access|rights))?|privilegiert|privilegie",
}
"""Read only where a table speaks of keys at all: a heading names a key or its rotation."""
KIND_NAME = r"((identity|account|actor|asset|record|object|nhi) )?(type|kind|category|typ|art|tipo)"
ROW_NUMBER = r"(row|line|lfd|laufende|item|s|sr|serial)? ?(no|nr|number|nummer|num|n)|nr|row|line"
"""A heading above what only counts the rows; `#` is read as nr."""
CONTACT = rf"((primary|main|business|point) )*(contact|poc)( (person|point))?( {_OF})*|email( address)?|mail( address)?|ansprechpartner(in)?|kontakt|sponsor|executive sponsor|contacto|contatto|assignee"
"""Somebody to ask, who need not be accountable."""
IMPACT_QUESTION = r".*\b(high impact|rights impacting|safety impacting)\b.*"
WEAKER = {
    "name": (
        70,
        r"(application|tool|app|system|solution|product|project|item|service|anwendungs?|projekt)( ?(name|title))?|((bot|service|technical|system) )?account|identity( name)?",
    ),
    "purpose": (
        85,
        r"((business|short|brief|system) )?(description|summary)|\w*beschreibung|description .*|descripcion|descrizione|omschrijving|beschrijving",
    ),
    "risk_tier": (60, r"impact( (level|rating))?"),
    "business_unit": (70, r"agency|organi[sz]ation|team"),
    "principal_id": (60, r"account( id)?"),
    "lists.tools": (60, r"tool|connector|plugin|skill"),
}
"""Names that give way to a plainer one: column -> (percent at most, heading)."""
AMBIGUOUS = {
    "risk_tier": r"(business )?criticality|kritikalitat|criticite|criticidad",
    "created_at": r"date initiated|initiated( on)?",
    "activated_at": r"published( (on|at))?|last published.*",
    "owner_id": r"created by|creator|author|maker|manager|erstellt von|ersteller|cree par",
}
"""Near a column of ours, but something else: named, and left out."""

WORDS: dict[str, dict[str, str]] = {
    "state": {
        "active": r"active|live|production|prod|operational|deployed|operation(s|al)? (and )?maintenance|in (use|production|operation)|pilot(ing|ed)?|"
        r"running|enabled|implemented|installed|operate|operating|monitor|true|aktiv|in betrieb|produktiv|im einsatz|pilotiert|pilotbetrieb|en production|actif|active|"
        r"en service|published|pilote|activo|en produccion|attivo|in produzione|actief|in gebruik|piloto",
        "draft": r"draft|planned|proposed|initiation|development (and )?acquisition|pre ?deployment|((in|under) )?development|develop|build|plan|design|initiated|ideation|intake|acquisition.*|"
        r"idea|sandbox|testing|test|under review|pending( install)?|poc|proof of concept|in progress|not (yet )?(started|deployed)|entwurf|geplant|"
        r"in (entwicklung|planung|vorbereitung|prufung)|brouillon|prevu|en (projet|cours.*|developpement|test)|planifie|borrador|planificado|"
        r"en (desarrollo|pruebas)|bozza|pianificato|in (sviluppo|ontwikkeling)|concept|gepland",
        "suspended": r"suspended|paused|inactive|disabled|on hold|blocked|stopped|non operational|locked|ausgesetzt|pausiert|inaktiv|gesperrt|deaktiviert|"
        r"suspendu|inactif|desactive|suspendido|inactivo|sospeso|inattivo|opgeschort|false",
        "retired": r"retired?|decommissioned|sunset(ted)?|archived|deleted|terminated|discontinued|end of life|offboarded|stillgelegt|abgeschaltet|ausser betrieb|"
        r"beendet|retire|arrete|hors service|archive|retirado|dado de baja|dismesso|ritirato|uitgefaseerd",
        "rejected": r"rejected|denied|declined|not approved|cancell?ed|abgelehnt|rejete|refuse|rechazado|rifiutato|afgewezen",
    },
    "environment": {
        "production": r"production|prod|prd|live|produktion|produktiv|produccion|produzione|productie",
        "staging": r"staging|stage|stg|pre ?prod(uction)?|uat|acceptance|abnahme|recette|vorproduktion|preproduccion",
        "test": r"test(ing|s)?|tst|qa|sandbox|pruebas|essai|collaudo",
        "development": r"dev(elop(ment|er))?|lab|local|entwicklung|developpement|desarrollo|sviluppo|ontwikkeling",
    },
    "risk_tier": {
        "low": r"l|begrenzt(es risiko)?|(low|minimal|limited|minor|very low)( risk| impact)?|gering(es risiko)?|niedrig(es risiko)?|faible|bajo|basso|laag|minimales risiko|risque (faible|minimal)",
        "medium": r"m|(medium|moderate)( risk| impact)?|mittel(hoch)?|moyen|modere|medio|moderado|gemiddeld|midden",
        "high": r"h|(high|major|significant)( risk| impact)?|hoch|hohes risiko|hochrisiko|eleve|haut( risque)?|alto|hoog",
        "critical": r"(critical|very high|severe|extreme|unacceptable|prohibited)( risk| impact)?|sehr hoch|kritisch|critique|tres eleve|critico|muy alto|kritiek",
    },
    "privileged": {"true": r"yes|y|true|1|x|ja|oui|si|privileged|admin.*", "false": r"no|n|false|0|nein|non|nee|standard"},
    "kind": {
        "agent": r"((ai|ki|conversational|autonomous|copilot|custom|declarative) )*agent|bot|chatbot|copilot|assistant|use case|agentic|llm app(lication)?",
        "service_account": r"service (account|principal)|svc( account)?|technical (user|account)|api (key|user|account)|application|app|managed identity|nhi|machine( account)?|system account|"
        r"dienstkonto|servicekonto|technischer benutzer|compte service|oauth app(lication)?|bot account|iam (role|user)",
        "workload": r"workload|lambda|function|container|pod|vm|server|job|pipeline|script",
        "human": r"human|user|employee|person|contractor|staff|mitarbeiter|utilisateur|benutzer",
        "group": r"group|gruppe|groupe|team",
    },
}  # fmt: skip
IMPACT_WORDS = {
    "": r"no|not .*|neither|none|n|presumed .*\bnot\b.*|false|tbd",
    "high": r"yes|y|true|both.*|(presumed )?high impact|(rights|safety)( and safety)? impacting.*",
}
"""An answer to "is it high-impact?": yes is a high tier; no is no tier."""
NOT_SAID = rf"{NOTHING}|{NONE}|na|nd|ka"
"""A cell that says that nothing stands in it."""
YES_NO = r"yes|no|y|n|true|false|ja|nein|oui|non|si|x|0|1|nee"
REMARK = (
    r"(total|sum|summe|gesamt|note|notes|notiz|source|quelle|as of|stand|last updated|updated on|end of|generated|page|confidential|disclaimer|legend|anmerkung|hinweis|remarque|"
    r"totaal|fuente|nota|export(ed)?|printed|copyright|key)\b"
)
"""How a line below a table begins that is not a record of it."""

AI = (
    r"(ai|ki|ia|llm|gen ?ai) (agents?|agenten|assistants?|assistenten|systems?|systeme|anwendung\w*|applications?|solutions?|use ?cases?|bots?|tools?|models?|"
    r"inventory|register|registry|inventar|inventaire|portfolio)|(agents?|systemes?|cas usage) (d )?ia|agentic|chatbots?|copilots?|bots?|gpts?|"
    r"(virtual|autonomous|conversational|digital) (agents?|assistants?|workers?)"
)
"""Words that tell a register of agents, in its name or above what names its rows."""
AI_PERHAPS = r"agents?|agenten\w*|agente|ai|ki|ia|ml|assistants?|assistenten?|usecases?|use cases?|cas usage|llms?|models?|modell\w*|modele|prompts?|autonomy|automations?"
"""Words that may: people, programs on servers and cars have them too."""
LANGUAGE_MODELS = r".*\b(gpt|chatgpt|o[134]( mini)?|claude|sonnet|opus|haiku|gemini|gemma|llama|mistral|mixtral|qwen|deepseek|command r|phi|nova|titan|grok|luminous|davinci|bert)\b"
NO_AGENT = (
    r"ext(ension)?|phone( (number|no))?|(tele|mobil|handy)\w*|durchwahl|shift( \w+)?|schicht(plan)?|team ?(lead(er)?|leitung|leiter(in)?)|queues?|tickets?( \w+)?|calls?( \w+)?|"
    r"(mon|tues|wednes|thurs|fri|satur|sun)day|montag|dienstag|mittwoch|first name|last name|surname|vorname|nachname|prenom|matricule|job title|employee( (id|no|number))?|date of birth|gender|"
    r"computer( name)?|host(name)?( \w+)?|endpoint( name)?|(source |agent )?ip( address)?|mac( address)?|os( (name|version|type))?|operating system|betriebssystem|agent version|"
    r"serial( (number|no|nr))?|last (seen|heartbeat|check ?in|keep ?alive|backup|scan)|(agent )?pool|executors?|cpus?|firmware|device( \w+)?|"
    r"branch|licen[cs]e( (no|nr|number|plate))?|listings?|commission|premium|(active )?policies sold|iata( \w+)?|port|city|stadt|(postal |street )?address|adresse|anschrift|plate|"
    r"hazard( \w+)?|storage location|payload( \w+)?|room|raum|hits|salary|login( (name|id))?|agent group"
)
"""Above columns of people, of programs on servers, and of trades: no AI agent has them."""
SKILLS = r"skills?|capabilities|functions|actions? taken"
"""Above what people and programs on servers can do, too."""
SOFTWARE = r"\b\w*(bot|agent|assistant|helper|copilot|planner|reader|checker|finder|writer|resolver|service|app|system|engine|tool|ai|ki|gpt|desk|screening|filter|matching|triage)s?\b"
STAFF = r"people|persons?|staff|employees?|users?|hr|mitarbeiter\w*|personal|leavers?|joiners?|headcount|roster"
OTHER_LISTS = (
    r"(estate|insurance|travel|patent|literary|transfer|bail|shipping|customs|letting|call|call cent(er|re)|contact cent(er|re)|field|sales|ticket|cleaning|user|snmp|build|monitoring|backup|antivirus|endpoint|security|"
    r"log|human|live|commercial|forwarding) agents?|(sql )?agent jobs?|jobs|(versicherungs|reise|immobilien|call ?center)\w*|risks?|incidents?|vendors?|suppliers?|trainings?|courses?|licen[cs]es?|lizenzen|contracts?|"
    r"acknowledg\w+|tickets|findings|controls|questionnaires?|invoices?|budget|mcp|servers?|policies|prompts|models|modelle|datasets?|customers?|employees?|staff|people|roster"
)
"""Lists of something else that may speak of AI."""
KEYS = r"vaults?|secrets?|keys?|(access |api )?tokens?|certificates?|zertifikate|schlussel|credentials?|secretsmanager"
KEY_NAMES = (
    r"((vault|secret|key|kv|mount) )?path|vault|accessor|common name|((access|api) )?(key|secret|credential|certificate|token)( (id|name|path|arn))?|thumbprint|arn|name|"
    r"(schlussel|zertifikat)( (id|name))?|serial( (number|no))?"
)
"""Above what names keys, in a list of them."""
KEY_DATES = r".*\b(expires|expiry|expiration|expire|rotated|rotation|issued|ablauf\w*|gultig)\b.*|valid (to|until|before|after|from)|last used( \w+)?|(created|updated|modified|added)( \w+)?|creation (time|date)|end date"
HOLDER = r"(ai )?(agents?|bots?|chatbot|assistant|copilot|holder|used by|consumer|application|app|workload|service account|identity|user|account|client|owner agent)( (id|name|email))?"
"""Above whoever holds a key."""
ACCOUNTS = r"nhi|non human|service accounts?|svc|machine identit\w+|technical (users?|accounts?)|dienstkonten"
PEOPLE = (
    r"(work |business |e ?)?mail( address)?|email( address)?|e ?mail adresse|upn|user principal name|first name|last name|surname|given name|family name|full name|vorname|nachname|prenom|nom|"
    r"apellidos?|cognome|(employee|personnel|staff|worker|person) ?(id|number|no|nr|type|status)?|personalnummer|matricule|job title|position|hired?( (on|at|date))?|joined( (on|at|date))?|"
    r"date joined|start date|line manager|manager|supervisor|vorgesetzter?|phone|telephone|telefon|mobile|gender|date of birth|cost cent(er|re)|samaccountname|"
    r"last logon|last login|eintritt\w*|austritt\w*"
)
"""What stands above the columns of a list of people."""
MAIL = r"(work |business |e ?)?mail( address)?|email( address)?|e ?mail adresse|upn|user principal name|adresse (e ?)?mail|correo( electronico)?"
STAFF_NUMBER = r"(employee|personnel|staff|worker|person) ?(id|number|no|nr)|personalnummer|matricule|numero empleado"
LEFT = (
    r"(left|leaves?|leaving|exit|termination|terminated|departure|departed|offboarded|employment end|contract end|last (working )?day)( (on|at|date|day))?|date (left|of leaving|depart)|"
    r"austritt\w*|ausgeschieden( am)?|date (de )?(depart|sortie)|fecha (de )?baja"
)
"""The day on which a person left."""
STAMPS = r"((event|start|end|log|record|request|creation|created|ingest|finish) )?(time|timestamp|datetime|date time)( (utc|ms|ns))?|ts|occurred( at)?|published|(start|end|created|started|finished|completed) at|when|zeit(stempel|punkt)?|horodatage"
"""What a log writes above its times."""
LOGGED = (
    r"event( (type|name|id|class|action|category))?s?|action|operation( name)?|activity( type)?|run type|trace id|span id|parent (run|span|observation)? ?id|dotted order|session( (id|name))?|thread id|request( id)?|"
    r"correlation id|conversation id|level|log level|severity|message|http method|method|(http |response )?status code|(source |client |remote )?ip( address)?|user agent|latency( ms)?|duration( ms)?|tool( (name|calls?))?|"
    r"inputs?|outputs?|response|prompt tokens|completion tokens|total tokens|log (name|source|stream)|outcome|result|actor( id)?|decision|ereignis|aktion"
)
"""What a log writes above the rest."""
_WHOSE = r"(id|username|uid|uuid|name|email|email address|mail|upn|login|principal name|account|display name|identifier|arn|kennung)"
EVENT_NAMES: dict[str, tuple[tuple[int, str], ...]] = {
    "occurred_at": (
        (95, r"((event|log|record|request|occurrence|audit|call|action|local|utc|entry|transaction|activity) )?(time|timestamp|datetime|date time|time stamp)( (utc|ms|ns|us|local|gmt|millis))?|ts|occurred( (at|on))?|event (date|datetime)|"
        r"(logged|performed|executed|happened) (at|on)|when|eventtime|(ereignis|log)?zeit(stempel|punkt)?|uhrzeit|datum( und)? (uhr)?zeit|datumzeit|ereignisdatum|horodatage|horodate|date (et )?heure|fecha( y)? hora|marca (de )?(tiempo|temporal)|data (e )?ora|tijd(stip|stempel)?|datum (en )?tijd"),
        (70, r"date|datum|fecha|data|(date )?created?( (at|on|time|date))?|date create|creation (time|date)|start(ed)?( (at|time))?|published|begin(n)?( (at|time))?|angelegt( am)?|erfasst( am)?"),
    ),
    "ingested_at": ((90, r"ingest(ed|ion)?( (time|at|timestamp))?|received( (at|on))?|receive(d)? (time|timestamp)|(collected|indexed|arrived) at|empfangen( am)?|eingang(szeit)?"),),
    "actor_id": (
        (95, rf"(actor|agent|bot|(software ?)?robot(er)?|acting agent|acteur|attore|akteur|agente)( {_WHOSE})?|agenten(name|kennung|id)?|aktor"),
        (90, rf"(caller|initiator|initiated by|performer|performed by|executed by|done by|run by|executor|who|invoked by|triggering user|durchgefuhrt von|ausgefuhrt von|ausfuhrende(r)?|effectue par|realizado por|eseguito da|uitgevoerd door)( {_WHOSE})?"),
        (85, rf"(user|username|user name|userid|subject|identity|user identity|requester|requestor|requested by|login|client)( {_WHOSE})?|account name|by|benutzer(name|kennung|konto|id)?|benutzer {_WHOSE}|nutzer(name|kennung|id)?|nutzer {_WHOSE}|anwender(name)?|konto(name)?|wer|"
        rf"(utilisateur|usuario|utente|gebruiker|compte|cuenta)( {_WHOSE})?|identifiant utilisateur|gebruikersnaam"),
        (60, r"email( address)?|mail|upn|user principal name|account|source user"),
        (45, r"service( name)?|app(lication)?( (id|name))?|source|component|dienst|anwendung"),
    ),
    "principal_id": ((90, r"(principal|service principal|service account|iam (user|role)|assumed role|run as( user)?|technical user)( (id|name|arn|email|object id))?|(user |user identity |identity |session issuer |caller )?arn|(client|app|application) id|client app id|role (arn|name|id)|(dienst|service)konto|technischer (benutzer|nutzer)|compte (de )?service|cuenta (de )?servicio|account( de)? servizio"),),
    "credential_id": ((90, r"((access|api|service account|auth|signing|ssh) )?key (id|name)|credential( (id|name))?|token id|(client )?(certificate|cert)( (id|serial|thumbprint|fingerprint|name))?|thumbprint|kid|jti|(api )?schlussel (id|name|kennung)|zertifikat( (id|name))?"),),
    "session_id": (
        (95, r"(session|conversation|chat|thread|sitzung|sitzungs|sesion|sessione|sessie|konversation)( (id|key|uuid|name|kennung|nummer))?|sessionid|conversationid|sitzungs(id|kennung|nummer)|(id|identifiant) (de )?session|id (de )?sesion|id sessione"),
        (75, r"(trace|run|correlation|interaction|korrelations)( (id|kennung))?|traceid|vorgangs(id|nummer|kennung)"),
    ),
    "parent_session_id": ((90, r"parent (session|conversation|thread|trace|run|chat)( id)?|(ubergeordnete|eltern) ?sitzung( id)?|session parente( id)?"),),
    "on_behalf_of": ((90, rf"on behalf( of)?( {_WHOSE})?|obo( user)?|delegat(ed by|or|ed from)( {_WHOSE})?|behalf of|(end|for|requesting|human) user( {_WHOSE})?|im (auftrag|namen)( von)?|auftraggeber|(pour le compte|au nom)( de)?|(en nombre|por cuenta)( de)?|per conto( di)?|namens"),),
    "action": (
        (95, r"action( (name|code))?|operation( name)?( value)?|aktion|handlung|accion|azione|actie|handeling|operacion|operazione"),
        (90, r"event (name|action)|eventname|api (call|operation|method|name)|activity( (name|type))?|command|method name|verb|operation type|action type|what|vorgang|ereignis(name|art|typ)?|tatigkeit|befehl|methode|aktivitat|was|aktionstyp|evenement|type evenement|activite|evento|tipo evento|attivita|actividad|gebeurtenis"),
        (85, r"event (type|code)|eventtype|event"),
        (75, r"(http |request )?method|(http )?request method|message type|type|step( (name|type))?|schritt|function|task|operation id|run type"),
    ),
    "tool": (
        (95, r"(mcp )?tool( (name|id|called|used|invoked|call name))?|toolname|werkzeug(name)?|outil|herramienta|strumento|gereedschap"),
        (75, r"function( name)?|plugin( name)?|connector( name)?|skill( name)?|capability|funktion(sname)?|konnektor|fonction"),
    ),
    "tool_version": ((90, r"tool (version|hash)|werkzeugversion"),),
    "effect": ((90, r"effect( (class|type))?|access( (type|mode|level|kind))?|crud|access category|wirkung|zugriffs(art|typ|modus)|zugriff|effet|type acces|efecto|tipo acceso|effetto|tipo accesso|toegangstype"),),
    "resource": (
        (95, r"(resource|object|target resource|target object)( (id|name|arn|path|key|uri))?|ressource(nname| id)?|objekt( (id|name))?|recurso|risorsa|objet"),
        (85, r"(target|entity|file|document|record|dataset|data source|table|bucket|repository|database|asset)( (id|name|path|arn))?|filename|path|ziel(objekt)?|datei(name)?|dokument|pfad|tabelle|datenquelle|datensatz|cible|fichier|archivo|risorsa|bestand|bron|doel"),
        (70, r"(request )?(url|uri)( (full|path))?|endpoint|adresse"),
    ),
    "destination": ((90, r"dest(ination)?( (host|hostname|domain|address|url|name|ip|endpoint))?|dst( (ip|host))?|(remote|external|egress|server|target) (host|domain|address|endpoint|url|system)|recipients?|sent to|receiver|empfanger|ziel(adresse|host|system)|destinataire|destino|destinatario|destinazione|bestemming|ontvanger"),),
    "outcome": (
        (95, r"outcome|result|ergebnis|resultat|resultado|esito|risultato|resultaat|event (outcome|result)|result (type|status)"),
        (90, r"((http|response|http response|result|completion|request|call|execution|api) )?(status|status code|code)|statuscode|response code|return code|success(ful|fully)?|succeeded|is success|ok|allowed|permitted|authori[sz]ed|granted|erfolg(reich)?|erlaubt|zugelassen|antwortcode|statut|estado|stato|disposition|verdict|succes|exito|successo|geslaagd"),
        (70, r"(return|exit|error|sql|completion) (code|status|value)|rc|sqlcode|errno|ruckgabewert|fehlercode|fehlernummer|code retour|decision|access decision|policy decision|entscheidung|error|failed|denied|blocked|state|fehler"),
    ),
    "decision": ((60, r"(policy |access |authori[sz]ation )?decision|entscheidung"),),
    "event_id": (
        (95, r"(event|log|record|entry|audit|log entry|ereignis) (id|uuid|guid|kennung|identifier)|eventid|ereignis(id|kennung|nummer)|insert id|id (de )?evento|id evenement"),
        (75, r"id|uuid|guid|uid|kennung"),
        (60, r"(request|transaction|call|invocation|operation) (id|uuid)"),
    ),
    "source_ip": ((95, r"((source|src|client|remote|caller|user|origin|actor|request) )?(ip|ips|ip ?addr(ess)?|ipv4)|sourceip(address)?|clientip|remote addr(ess)?|((quell|herkunfts|client) ?)?ip ?adresse|adresse ip( source)?|direccion ip|indirizzo ip|ip adres|herkunft"),),
    "user_agent": ((95, r"(http )?user agent( (original|string))?|useragent|browser|client (program|app|application|software)"),),
    "auth_method": ((90, r"auth(entication|n)? (method|type|scheme|mechanism)|(login|sign in|logon|grant) (method|type)|anmelde(verfahren|art|methode)|authentifizierungs(art|methode|verfahren)|(methode|type) (d )?authentification|metodo (de )?autenticacion|metodo (di )?autenticazione"),),
    "model_version": ((90, r"((llm|ai|ki|request|response|foundation|language) )?model( (id|name|version))?|llm|(sprach|ki )?modell(name|version)?|modele|modelo|modello"),),
    "classification": ((85, r"(data )?(classification|sensitivity|class)( (level|label))?|(daten|schutz)klasse|klassifi(kation|zierung)|vertraulichkeit(sstufe)?|clasificacion|classificazione|classificatie"),),
    "environment": ((90, r"environment|env|deployment environment|umgebung|environnement|entorno|ambiente|omgeving"),),
    "purpose": ((80, r"purpose|workflow( (id|name))?|task (id|name)|business process( (id|name))?|use case|zweck|geschaftsprozess|finalite|proposito|scopo|doel"),),
    "trigger": ((85, r"trigger(ed by)?( type)?|ausloser|declencheur|disparador"),),
    "approval_id": ((90, r"approval( (id|ref|reference|no|number|ticket))?|approved under|genehmigung(s ?(id|nr|nummer))?|freigabe ?(id|nr|nummer)|approbation( id)?"),),
    "peer_id": ((90, r"peer( (id|agent|name))?|(target|to|remote|recipient|receiving|called) agent( (id|name))?|gegenstelle"),),
    "message_id": ((90, r"message (id|uuid)|nonce|nachrichten ?id"),),
    "sequence": ((80, r"(log |record |event )?sequence( (no|nr|number|id))?|seq( (no|nr|num))?|laufnummer|folgenummer"),),
    "event_class": ((80, r"(event|log|activity|audit) (class|category)|category( name)?|eventcategory|kategorie|ereignisklasse|categorie|categoria"),),
    "actor_kind": ((90, r"(actor|user|identity|principal|caller|subject|account|user identity) (type|kind)|usertype|(akteurs?|benutzer|nutzer|konto|identitats)(typ|art)|type (d )?(acteur|utilisateur)|tipo (de )?(actor|usuario)|tipo (di )?utente"),),
}  # fmt: skip
"""What stands above the columns of a log: how well a heading of its words fits, in percent."""
BARELY_HEADING = r"(event|log|audit|request|record|entry|data|details|properties|payload|attributes|fields|json payload|proto payload|body|meta|metadata|context|info|source) "
"""Words before a heading of a log that say nothing of what stands below it."""
VAGUE = r"id|uuid|guid|uid|type|date|data|model|class|code|path|key|mode|status|state|function|task|by|email|email address|mail|url|uri|file|target|name|category|event|method|request"
"""What stands below a dot and says nothing without what stands before it."""
OF_ANOTHER = r"\b(targets?|objects?|resources?|recipients?|affected|owners?|dest(ination)?|dst|server|data stream|entity|peer|parent|previous|prev|new|old|device|assignee|assigned|ziel|created|updated|response|result|error|cible|destino)\b"
"""Before a dot: what stands below is of something other than the act."""
OF_NO_ACTOR = r"\b(on behalf( of)?|behalf|delegat\w*|approv\w*|(request )?(parameters?|params)|arguments?|args|inputs?|entity|details)\b"
"""Before a dot, for who acted: what stands below is of somebody else, or what was asked for."""
NO_EVENT_TIME = r".*\b(last|letzte\w*|zuletzt|derni\w+|ultim\w+|laatst\w*|next|due|expir\w*|valid|previous|first|updated?|modified|changed|rotat\w*|approved|closed|resolved|deadline|fallig\w*|geandert|ablauf\w*|gultig\w*|end(ed)?|finished|completed|retired|seen|hired|joined|eintritt\w*)\b.*"
"""Above times that are of a thing as it stands, not of what happened."""
OF_A_REGISTER = (
    r"(business |technical |product |data )?owner( \w+)?|eigentumer\w*|verantwortlich\w*|proprietaire|risk( \w+)?|risiko\w*|expires?( \w+)?|expiry( \w+)?|expiration( \w+)?|ablauf\w*|(key |password )?rotat\w+( \w+)?|(last|letzte\w?|zuletzt) .*|"
    r"assignee|assigned to|bearbeiter|zugewiesen( an)?|reporter|reported by|priority|prioritat|resolution|resolved( \w+)?|due( \w+)?|fallig\w*|summary|subject line|ticket( (id|no|nr|number|key))?|issue( (id|key|type|no|nr))?|sprint|vault|"
    r"secret (name|path)|storage( \w+)?|kill switch|autonomy( level)?|lifecycle( \w+)?|closed( \w+)?|department|first name|last name|job title|purpose description|tools allowed|allowed tools"
)
"""Above columns of registers, lists of keys and tickets; a log hardly has them."""
OF_DECISIONS = r"approvers?( \w+)?|approved by|reviewers?( \w+)?|reviewed by|genehmiger(in)?|genehmigt (von|durch)|freigegeben (von|durch)|pruferin?|gepruft (von|durch)|approuve par|aprobado por|approvato da"
"""Above who decided: rows of approvals and reviews have times and requesters too, and are no acts."""
A_LOG = r"logs?|events?|audit\w*|protokoll\w*|journal\w*|trail|activity|activities|aktivitat\w*|ereignis\w*|calls|access|zugriffe?|history|traces?|runs?|registro|bitacora|registri"
"""In the name of a log."""

EVENT_WORDS: dict[str, dict[str, str]] = {
    "outcome": {
        "success": r"success(ful(ly)?)?|succeeded|succeed|ok|okay|allow(ed)?|permit(ted)?|pass(ed)?|granted|done|completed?|approved|erfolg(reich)?|erlaubt|zugelassen|gestattet|genehmigt|in ordnung|gelungen|abgeschlossen|succes|reussie?|autorisee?|exito(so)?|correcto|permitido|"
        r"successo|riuscito|consentito|geslaagd|gelukt|toegestaan",
        "denied": r"den(ied|y)|forbidden|block(ed)?|unauthori[sz]ed|reject(ed)?|refused|not allowed|(access|permission) denied|prohibited|abgelehnt|verweigert|verboten|gesperrt|blockiert|nicht (erlaubt|zugelassen)|(zugriff )?verweigert|untersagt|refusee?|interdite?|bloquee?|denegado|prohibido|"
        r"bloqueado|negato|vietato|bloccato|geweigerd|verboden|geblokkeerd",
        "error": r"err(or)?|fail(ed|ure)?|exception|time ?out|timed out|abort(ed)?|crash(ed)?|unsuccessful|fehler(haft)?|fehlgeschlagen|gescheitert|abgebrochen|zeituberschreitung|misslungen|fehlschlag|echec|echouee?|erreur|fallo|fallido|errore|fallito|fout|mislukt",
    },
    "effect": {
        "read": r"reads?|list(ed)?|get|view(ed)?|search(ed)?|query|queried|lesen|gelesen|lesend|ansehen|suchen|abfragen|abfrage|lecture|lire|leer|lectura|lettura|leggere|lezen",
        "write": r"writes?|written|updated?|created?|insert(ed)?|modify|modified|edit(ed)?|saved?|schreiben|geschrieben|schreibend|andern|geandert|anderung|anlegen|angelegt|erstellen|erstellt|ecriture|ecrire|escribir|escritura|scrittura|scrivere|schrijven",
        "execute": r"execut(e|ed|ion)|run|invoked?|call(ed)?|ausfuhr(en|ung)|ausgefuhrt|aufruf(en)?|executer|execution|ejecutar|eseguire|esecuzione|uitvoeren",
        "transfer": r"transfer(red)?|send|sent|export(ed)?|upload(ed)?|ubertragen|ubertragung|senden|gesendet|exportieren|envoi|envoyer|transferer|enviar|inviare|verzenden",
        "delete": r"deleted?|remove[ds]?|purged?|drop(ped)?|loschen|geloscht|loschung|entfernen|supprimer|suppression|eliminar|borrar|eliminare|verwijderen",
        "publish": r"publish(ed)?|veroffentlichen|veroffentlicht|publier|publicar|pubblicare|publiceren",
        "grant": r"grant(ed)?|gewahren|berechtigung vergeben",
        "admin": r"admin(istration|istrative)?|configur(e|ation)|verwalt(en|ung)|konfiguration",
    },
    "classification": {
        "public": r"public|offentlich|publique|publico|pubblico|openbaar",
        "internal": r"internal|intern|interne|interno",
        "confidential": r"confidential|vertraulich|confidentiel(le)?|confidencial|confidenziale|riservato|vertrouwelijk",
        "restricted": r"restricted|streng vertraulich|eingeschrankt|restreinte?|restringido",
    },
    "trigger": {
        "human": r"human|user|manual(ly)?|person|manuell|mensch",
        "schedule": r"schedule[dr]?|cron|timer|zeitplan|geplant",
        "event": r"event|webhook|ereignis",
        "agent": r"(ai )?agent",
    },
    "actor_kind": {
        "agent": r"((ai|ki|ia|llm|autonomous|virtual) )*agente?n?|(ai|ki) assistant|agent ia",
        "service_account": r"(service|technical|system|machine) ?account|service ?principal|svc|(dienst|service)konto|technischer (benutzer|nutzer)|compte (de )?service|cuenta (de )?servicio|nhi|non human( identity)?",
        "workload": r"workload|pod|container|lambda|function|vm|workload identity",
        "human": r"human|person|employee|natural person|mensch|mitarbeiter(in)?|humain|personne|persona|empleado|persoon|medewerker",
    },
    "event_class": {
        "tool": r"tools?( (call|use|invocation))?|tool ?call|function call|werkzeug(aufruf)?",
        "data": r"data( access)?|database|file|datenzugriff|daten",
        "model": r"model( (call|invocation))?|llm|inference|completion|modell(aufruf)?",
        "session": r"sessions?|conversation|sitzung",
        "admin": r"admin(istration)?|management|configuration|configuration change|verwaltung|konfiguration",
        "auth": r"auth(entication)?|log ?in|log ?on|sign ?in|anmeldung|authentifizierung",
        "heartbeat": r"heartbeat|ping|keep ?alive|lebenszeichen",
    },
}  # fmt: skip
"""Words of logs, and ours. Whether `user`, `bot` or `system` is a person or an agent is not said."""
CUSTOMERS = (
    r"customers?|clients?|callers?|visitors?|end ?users?|kunden?|kundin|anrufer|guests?|leads?"
)
"""Beside whom an agent is a person who serves them."""
RETURN_CODE = r"(return|exit|error|sql|completion) (code|status|value)|rc|sqlcode|errno|ruckgabewert|fehlercode|fehlernummer|code retour"
"""Above numbers of which 0 says that all went well."""
OF_SUCCESS = (
    r"(is )?(success(ful|fully)?|succeeded|ok|erfolg(reich)?|succes|exito|successo|geslaagd)"
)
OF_LEAVE = r"(is )?(allowed|permitted|authori[sz]ed|granted|erlaubt|zugelassen)"
OF_FAILURE = r"(is )?(error|failed|fehler|fehlgeschlagen)"
"""Above a yes or a no: what a no, or a yes, says of an act."""
SECRET = (
    r"((client|app|application|shared|oauth|webhook|signing|bot|account|current|initial|temporary|db|database|user|login|root|admin) )*(secret|password|passwd|passwort|kennwort|pwd|passphrase|"
    r"mot passe|mot de passe|contrasena|wachtwoord|senha)( (value|key|text|access key|wert|clear|plain|plaintext))?|secret access key|private key"
)
"""A heading above nothing but secrets."""
PERHAPS_SECRET = r"((api|access|auth|bearer|refresh|session|personal access|bot|app|encryption|account|client|secret|ssh|signing|license) )*(token|key|credential|credentials|pat|apikey|cookie|authorization)( (value|wert))?"
"""A heading above secrets or their ids: the values tell."""

PART = 40
"""How well a heading fits a name that is only part of it."""
_SMALL = re.compile(
    r"\b(ai|the|of|an?|this|your|for|current|primary|agent(s|ic)?|use|cases?|usecase|bots?|is|identification|general|basic|details|information|overview|"
    r"ki|der|die|das|des|dem|den|vom|von|zum|zur|agenten|ia|du|de|aux?|la|les?|l|d|une?|cas|usage|del|el|los|caso|uso|agentes?|di|il|dell|della|agenti|van|het)\b"
)  # fmt: skip
"""Words that a heading may have or lack."""
_LEAD = re.compile(r"^\s*\W?\w{1,2}[).:]\s+|^\s*\(?Q?\d+(\.\d+)*[).:]?\s+(?=\w)")
_TAIL = re.compile(r"\s[–—-]\s|[:;(,]\s?")
"""What stands before and after the word that counts: `c) Deployed – in use by the agency`."""


def plain(text: str) -> str:
    """A text in lower case and plain letters, its words alone."""
    text = re.sub(r"\be-?mail", "email", text.replace("#", " nr ").replace("ß", "ss"), flags=re.I)
    spaced_text = re.sub(r"([a-z])([A-Z][a-z])", r"\1 \2", text)
    ascii_text = unicodedata.normalize("NFKD", spaced_text).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[a-z0-9]+", re.sub(r"'s\b", "", ascii_text).lower()))


def words_of(heading: str) -> tuple[str, str]:
    """A heading's words, and those of them that count."""
    stripped_heading = re.sub(r"\[[^]]*\]|\([^)]*\)", " ", _LEAD.sub("", heading))
    words = plain(stripped_heading) or plain(heading)
    words = re.sub(r"^(u|sys|cr[0-9a-f]{3}) (?=\w)", "", words)
    return words, " ".join(_SMALL.sub(" ", words).split()) or words


def fit(heading: str, pattern: str) -> int:
    """How well a heading fits a name, in percent."""
    words, core = words_of(heading)
    if re.fullmatch(pattern, words):
        return 95
    date_last = f"{core[5:]} date" if core.startswith("date ") else core
    if re.fullmatch(pattern, core) or re.fullmatch(pattern, date_last):
        return 90
    return PART if len(core.split()) < 5 and re.search(rf"\b({pattern})\b", core) else 0


def word(cell: str, vocabulary: dict[str, str]) -> str | None:
    """The word of ours a cell means; None where it is none we know."""
    for text in (plain(_LEAD.sub("", cell)), plain(_TAIL.split(_LEAD.sub("", cell))[0])):
        for meaning, pattern in vocabulary.items():
            if re.fullmatch(pattern, text):
                return meaning
    return None


def is_secret(heading: str, cell: str = "") -> bool:
    """Tell whether a cell is a secret by what stands above it; of a vague heading the cell
    tells.
    """
    is_sure, may_be = _secrecy(heading)
    return is_sure or (may_be and redact(f"{heading}: {cell}") != f"{heading}: {cell}")


def may_be_secret(heading: str) -> bool:
    """Tell whether anything below a heading may be a secret by its name."""
    return any(_secrecy(heading))


@lru_cache(maxsize=4096)
def _secrecy(heading: str) -> tuple[bool, bool]:
    """Whether a heading stands above nothing but secrets, and whether it may; asked once a record,
    of few headings.
    """
    words = plain(heading)
    return bool(re.fullmatch(SECRET, words)), bool(re.fullmatch(PERHAPS_SECRET, words))


def says_nothing(cell: str) -> bool:
    """Tell whether a cell only says that nothing stands in it, as N/A and - do."""
    return not re.search(r"\w", cell) or bool(re.fullmatch(NOT_SAID, plain(cell)))
