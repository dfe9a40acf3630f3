"""What callers say to a business on the phone, as an STT writes it, and whether they are done.

Labels: "done" may be answered within a second; "more" is cut off in the middle, or opens something
that the caller is about to say, and deserves more than 1.2 s. Odd entries were for tuning the rules
of `pipelines.turn_end`, even ones only for checking them. A line is `label | asked | text`.
"""

from dataclasses import dataclass
from typing import Literal

Label = Literal["done", "more"]


@dataclass(frozen=True, slots=True)
class Utterance:
    """`asked`: the bot's last sentence, "" where it does not matter."""

    language: str
    label: Label
    asked: str
    text: str


_ENGLISH = """
done | | What are your opening hours on Saturday?
done | | do you deliver to the city centre
done | How can I help you? | I'd like to cancel my reservation for tonight.
more | How can I help you? | I'd like to cancel my.
more | | Hi, um.
more | | So the thing is.
done | | Who should I send it to?
done | What day suits you best? | Thursday.
done | What day suits you best? | Thursday afternoon, if possible.
more | What day suits you best? | Thursday or
more | Can I have your phone number? | Oh seven seven.
more | Can I have your phone number? | It's 0171 555.
done | Can I have your phone number? | Yes, it's 0171 555 2368 91.
more | Can I have your phone number? | Sure.
done | Shall I book that for you? | Yes, please.
done | Shall I book that for you? | Yeah, that would be great.
done | Shall I book that for you? | No.
more | Shall I book that for you? | Yes, but
more | Shall I book that for you? | Hmm, let me think.
done | Anything else? | No, that's everything, thank you.
done | | Thanks a lot, bye.
more | Could you give me your email address? | It's Peter dot.
more | Could you give me your email address? | peter.hall at.
done | Could you give me your email address? | It's peter.hall at gmail dot com.
done | Could you give me your email address? | peter.hall@example.org
more | How do you spell that? | H A R.
more | How do you spell that? | It's B-R-O
more | Could you tell me your date of birth? | The fourth of March.
done | Could you tell me your date of birth? | The fourth of March 1984.
more | | The order arrived yesterday, but.
more | | I bought a washing machine from you last week and when I
more | | I wanted to know if.
more | | I wanted to know whether you
done | | I wanted to know whether you have any rooms left.
more | | When I called this morning.
more | | If you could send me the.
more | | If I cancel the booking before Friday
done | | If I cancel the booking before Friday, do I get my money back?
done | | Is there any way I could get a refund?
more | | Is there any way I could
more | | Can I speak to.
more | | Could you put me through to the
done | | Could you put me through to the sales department?
done | | I need to speak to someone about my contract.
more | | I need to speak to someone about
more | | My address is 14.
done | What is your address? | 14 Church Road, Bristol.
more | What is your address? | Fourteen.
more | | I have a question.
more | | I've got a problem with my invoice.
more | | Good morning, this is Tom Barker.
more | How can I help you? | Hello.
done | What name is the booking under? | Barker.
done | What name is the booking under? | It's under Tom Barker.
more | What name is the booking under? | It's under
done | How many people will there be? | Six.
done | How many people will there be? | There will be four of us.
more | How many people will there be? | There will be
done | What time would you like to come? | Around half past seven.
more | What time would you like to come? | Around half
more | | We're looking for a
more | | I'm calling because the heating in our
done | | I'm calling about the job you advertised.
done | | The heating in our flat has stopped working.
more | | Can you tell me how much
done | | Can you tell me how much it costs?
done | | What does it come with?
more | | What is the difference between
done | | Please cancel it.
more | | Please can you
more | What was the order number? | Hold on a second.
more | What was the order number? | A B 3
done | What are the last four digits of your card? | Four nine one two.
more | What are the last four digits of your card? | Four nine.
more | | I'd like a pizza with mushrooms, olives and
done | | I'd like a pizza with mushrooms and olives, please.
more | | I'd like two large
more | | It was delivered to the wrong
done | | It was delivered to the wrong address.
done | | That's not what I ordered.
more | | Yes, well, you know.
more | | I was wondering if it's possible to
done | | How long does it take?
done | | Where are you located?
done | Is that correct? | That's right.
done | Is that correct? | No, it isn't.
more | Is that correct? | No, it's
more | | The reference number is 4 4 7.
more | | I'll be arriving at about.
done | | Which platform does it leave from?
"""

_GERMAN = """
done | | Wann haben Sie morgen geöffnet?
done | | Haben Sie noch ein Zimmer frei?
more | | Haben Sie noch ein
more | | Ich hätte gerne einen Termin bei
done | | Ich hätte gerne einen Termin bei Doktor Weber.
more | | Ich möchte meinen.
done | | Ich möchte meinen Vertrag kündigen.
more | | Ich rufe an, weil.
more | | Ich rufe an, weil meine Heizung.
done | | Ich rufe wegen der Rechnung an.
more | | Ich rufe wegen der
more | | Können Sie mir die Rechnung.
done | | Können Sie mir die Rechnung noch einmal schicken?
more | | Könnten Sie mir bitte
done | | Wer ist dafür zuständig?
more | | Wenn ich den Termin absage.
done | | Wenn ich den Termin absage, muss ich dann etwas bezahlen?
more | | Guten Tag, mein Name ist Schneider.
more | | Guten Tag.
more | | Ich habe eine Frage.
more | | Ich habe ein Problem mit meinem Anschluss.
done | Soll ich das so buchen? | Ja, gerne.
done | Soll ich das so buchen? | Nein, danke.
more | Soll ich das so buchen? | Ja, aber
more | Soll ich das so buchen? | Ähm, Moment.
done | Wie viele Personen sind Sie? | Zu viert.
done | Wie viele Personen sind Sie? | Vier.
more | Wie viele Personen sind Sie? | Wir sind
done | An welchem Tag möchten Sie kommen? | Am Donnerstag.
more | An welchem Tag möchten Sie kommen? | Am Donnerstag oder am
more | Wie ist Ihre Telefonnummer? | Null eins sieben sechs.
more | Wie ist Ihre Telefonnummer? | Die ist 0176 44.
done | Wie ist Ihre Telefonnummer? | 0176 44 81 29 305.
more | Wie lautet Ihre Adresse? | Hauptstraße.
done | Wie lautet Ihre Adresse? | Hauptstraße 12 in Bremen.
more | Wie lautet Ihre E-Mail-Adresse? | Anna Punkt.
done | Wie lautet Ihre E-Mail-Adresse? | anna punkt schulz at web punkt de
more | Wie schreibt man das? | S C H
more | | Und dann wollte ich noch
more | | Ich wollte fragen, ob.
done | | Ich wollte fragen, ob Sie am Sonntag offen haben.
done | | Mein Internet funktioniert nicht.
more | | Das Paket ist gestern angekommen, aber
done | | Das Paket ist noch nicht angekommen.
done | | Vielen Dank, auf Wiederhören.
done | | Was kostet das?
more | | Was kostet der
done | | Wann fängt der Kurs an?
done | | Verbinden Sie mich bitte mit dem Kundendienst.
more | | Verbinden Sie mich bitte mit dem
more | | Also, es geht um
done | | Es geht um meine Bestellung von letzter Woche.
more | | Meine Kundennummer ist vier acht.
done | | Kann ich auch mit Karte zahlen?
more | | Kann ich auch mit
"""

_SPANISH = """
done | | ¿A qué hora abren mañana?
done | | ¿Tienen mesa para dos esta noche?
more | | ¿Tienen mesa para
more | | Quería reservar una.
done | | Quería reservar una habitación para el viernes.
more | | Llamo porque.
more | | Llamo porque mi pedido.
done | | Mi pedido no ha llegado todavía.
more | | ¿Me puede decir el nombre de?
done | | ¿Me puede decir cuánto cuesta?
more | | ¿Me puede decir cuánto
more | | Si cancelo la reserva antes del viernes.
done | | Si cancelo la reserva, ¿me devuelven el dinero?
more | | Buenos días, me llamo Lucía Romero.
more | | Buenas tardes.
more | | Tengo una pregunta.
more | | Tengo un problema con mi factura.
done | ¿Quiere que lo reserve? | Sí, por favor.
done | ¿Quiere que lo reserve? | No, gracias.
more | ¿Quiere que lo reserve? | Sí, pero
more | ¿Quiere que lo reserve? | Eh, a ver.
done | ¿Para cuántas personas? | Para cuatro.
done | ¿Para cuántas personas? | Somos seis.
more | ¿Para cuántas personas? | Somos
done | ¿Qué día le viene bien? | El jueves por la tarde.
more | ¿Qué día le viene bien? | El jueves o el
more | ¿Cuál es su número de teléfono? | Seis uno dos.
done | ¿Cuál es su número de teléfono? | 612 44 58 90 3.
more | ¿Cuál es su dirección? | Calle Mayor.
done | ¿Cuál es su dirección? | Calle Mayor 15, en Sevilla.
more | ¿Cuál es su correo electrónico? | lucia arroba
done | ¿Cuál es su correo electrónico? | lucia arroba correo punto es
more | | Quería saber si.
done | | Quería saber si tienen plazas libres.
more | | El paquete llegó ayer, pero
more | | Es que cuando
done | | Muchas gracias, adiós.
done | | ¿Dónde están ustedes?
done | | Quiero cambiar mi cita.
more | | Quiero cambiar mi
more | | Necesito hablar con
done | | Necesito hablar con el departamento de ventas.
more | | Mi número de cliente es el cuatro ocho.
done | | Por favor, páseme con recepción.
more | | Y también quiero
"""

_FRENCH = """
done | | À quelle heure ouvrez-vous demain ?
done | | Est-ce que vous avez une chambre pour ce week-end ?
more | | Est-ce que vous avez une
more | | Je voudrais réserver une.
done | | Je voudrais réserver une table pour deux personnes.
more | | J'appelle parce que
more | | J'appelle parce que ma commande.
done | | Ma commande n'est pas arrivée.
more | | Pouvez-vous me donner le nom du
done | | Pouvez-vous me donner le nom du médecin ?
more | | Pourriez-vous me dire combien
done | | Pourriez-vous me dire combien ça coûte ?
more | | Si j'annule la réservation avant vendredi.
done | | Si j'annule la réservation, est-ce que je suis remboursé ?
more | | Bonjour, je m'appelle Claire Dubois.
more | | Bonjour.
more | | J'ai une question.
more | | J'ai un problème avec ma facture.
done | Voulez-vous que je réserve ? | Oui, merci.
done | Voulez-vous que je réserve ? | Non merci.
more | Voulez-vous que je réserve ? | Oui, mais
more | Voulez-vous que je réserve ? | Euh, attendez.
done | Pour combien de personnes ? | Pour quatre.
done | Pour combien de personnes ? | Nous serons six.
more | Pour combien de personnes ? | Nous serons
done | Quel jour vous convient ? | Jeudi après-midi.
more | Quel jour vous convient ? | Jeudi ou
more | Quel est votre numéro de téléphone ? | Zéro six.
more | Quel est votre numéro de téléphone ? | C'est le 06 12 44.
done | Quel est votre numéro de téléphone ? | C'est le 06 12 44 58 90.
more | Quelle est votre adresse ? | Rue Pasteur.
more | Quelle est votre adresse ? | 12 rue
done | Quelle est votre adresse ? | 12 rue Pasteur à Lyon.
more | Quelle est votre adresse e-mail ? | claire point
done | Quelle est votre adresse e-mail ? | claire arobase orange point fr
more | | Je voulais savoir si
done | | Je voulais savoir si vous êtes ouverts dimanche.
more | | Le colis est arrivé hier mais
more | | Et quand j'ai
done | | Merci beaucoup, au revoir.
done | | C'est combien ?
done | | Où êtes-vous situés ?
more | | Je cherche un
done | | Mon téléphone ne marche plus.
more | | Mon numéro de client est le quatre huit
done | | Passez-moi le service commercial, s'il vous plaît.
more | | Je suis en train de
"""


def _parsed(language: str, block: str) -> list[Utterance]:
    found = []
    for line in block.strip().splitlines():
        label, asked, text = (field.strip() for field in line.split("|"))
        kind: Label = "done" if label == "done" else "more"
        found.append(Utterance(language, kind, asked, text))
    return found


UTTERANCES = (
    *_parsed("en", _ENGLISH),
    *_parsed("de", _GERMAN),
    *_parsed("es", _SPANISH),
    *_parsed("fr", _FRENCH),
)
TUNING = UTTERANCES[::2]
CHECKING = UTTERANCES[1::2]
