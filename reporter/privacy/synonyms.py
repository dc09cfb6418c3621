"""What people write above and into the columns of their registers. In: a heading or a cell. Out:
which column or word of ours.

English, German, French, Spanish, Italian and Dutch; all in plain letters, for headings and cells
are compared without accents, signs, numbering and words such as `AI use case` or `of the`."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from reporter.privacy.secrets import redact

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
NOT_SAID = (
    r"n ?a|not (applicable|available|provided|known|specified|set|assigned|recorded|yet known)|none|nil|null|tbd|tbc|tba|to be (determined|confirmed|decided|defined)|unknown|unassigned|"
    r"no owner|none assigned|k ?a|keine?( angabe)?|nicht (bekannt|zutreffend)|unbekannt|entfallt|aucune?|neant|non (renseigne|applicable|connu|disponible)|inconnu|nd|"
    r"ninguno|no aplica|desconocido|nessuno|sconosciuto|geen|onbekend|nvt"
)
"""A cell that says that nothing stands in it."""
YES_NO = r"yes|no|y|n|true|false|ja|nein|oui|non|si|x|0|1|nee"
REMARK = (
    r"(total|sum|summe|gesamt|note|notes|notiz|source|quelle|as of|stand|last updated|updated on|end of|generated|page|confidential|disclaimer|legend|anmerkung|hinweis|remarque|"
    r"totaal|fuente|nota|export(ed)?|printed|copyright|key)\b"
)
"""How a line below a table begins that is no record of it."""

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
