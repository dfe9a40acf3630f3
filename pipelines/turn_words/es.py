"""Spanish word tables for the end of a turn."""

from pipelines.turn_words.table import Words, phrases, words

SPANISH = Words(
    postposed=True,
    drops=True,
    stalling=phrases("""
        a ver | espere | un momento | un segundo | déjeme ver | déjeme pensar | espera | vamos a
        ver | o sea | un momentito | cómo se dice | este | pues | entonces | bueno | deje que mire
    """),
    dangling=words("""
        el la los las un una unos unas mi mis tu tus su sus nuestro nuestra nuestros nuestras cada
        al del lo se me te le les nos y e o u pero porque que aunque cuando donde como mientras ni
        sino muy tan también señor señora si cuyo quien además
    """),
    determiners=words("""
        el la los las un una unos unas mi mis tu su sus nuestro nuestra este esta
    """),
    prepositions=words("""
        de a en con para por sin sobre hasta desde entre hacia contra según durante tras
    """),
    auxiliaries=words("""
        es son está están estoy era fue soy somos seremos he ha han había tengo tiene tienen
        quiero quisiera quería puedo puede pueden podría voy va vamos debo necesito busco sería
        llamo vivo estaba estamos
    """),
    modals=words("puedo puede pueden podría quiero quería voy va"),
    asides=phrases("creo"),
    yours=words("su sus usted tu"),
    calling=phrases("soy | habla | le habla"),
    subjects=words("yo"),
    pronouns=words("yo usted él ella nosotros ustedes"),
    needy=phrases("""
        me gustaría | me puede decir | me puede dar | me puede | puede decirme | podría decirme |
        quería saber | quiero saber | quería preguntar | dígame | deme | quiero reservar | quería
        reservar | lo que pasa es | me llamo | mi nombre | en la calle | a las | la próxima | el
        próximo | la misma | el mismo | otra | no tengo | que no | en vez | creo | acabo | tengo
        que
    """),
    openers=words("si cuando porque como aunque mientras"),
    links=words("que"),
    measures=phrases("qué hora | a qué hora | cuánto tiempo | qué día | qué tipo"),
    reasons=words("porque como"),
    leads=words("sí no bueno pues entonces y pero vale hola oiga mire eh o por favor"),
    asking=words("""
        qué cuál cuáles cuándo cuánto cuánta cuántos cuántas dónde quién cómo adónde
    """),
    inverted=phrases("""
        tiene | tienen | hay | puede | puedo | pueden | podría | podrían | es | está | están | son
        | abren | abre | aceptan | hacen | se puede | me puede | me podría | me da | sería |
        dígame | deme | páseme | por favor | llámeme | cancele | mándeme | envíeme | les queda |
        le queda | quedan | podemos | sabe | cierran
    """),
    yes=words("""
        sí si claro vale correcto exacto perfecto bueno bien ok okay eso efectivamente
    """),
    no=words("no nunca"),
    polite_ends=words("favor"),
    polite=words("""
        por favor gracias muchas está bien eso es así de acuerdo todo me parece
    """),
    closings=phrases("""
        gracias | muchas gracias | adiós | hasta luego | eso es todo | nada más | hasta pronto |
        nada más gracias | muy amable | buen día | que tenga un buen día | chao | mil gracias
    """),
    greetings=phrases("""
        hola | buenos días | buenas tardes | buenas noches | buenas | hola buenos días | hola
        buenas tardes | hola buenas | sí hola | hola qué tal
    """),
    announcing=phrases("""
        una pregunta | unas preguntas | dos preguntas | un problema | una duda | otra cosa | una
        cosa | una consulta | lo siguiente | unas dudas | una queja | otra pregunta
    """),
    naming=phrases("me llamo | mi nombre es"),
    listening=phrases("""
        ajá | mm | mhm | hm | ah | oh | ya | vale | ok | okay | sí | claro | bien | entiendo | de
        acuerdo | perfecto | muy bien | exacto | ah sí | ah vale | ya veo | eh | qué bien | bueno
        | genial | sí sí | eso es | correcto
    """),
    tally=phrases("un | dos | tres | cuatro | cinco | seis | siete | ocho | nueve"),
    digits=words("cero uno una dos tres cuatro cinco seis siete ocho nueve"),
    numbers=words("""
        diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve veinte
        treinta cuarenta cincuenta sesenta setenta ochenta noventa cien ciento mil doble
    """),
    dots=words("punto arroba guion guión barra"),
    numbered=words("número teléfono móvil código pin cifras cuenta referencia pedido"),
    postal=words("postal"),
    mail=words("correo email mail"),
    spelling=words("deletrear deletrea deletreármelo escribe deletreo"),
    birth=words("nacimiento nació cumpleaños"),
    housed=words("dirección vivo calle vive domicilio"),
    named=words("nombre llama apellido hablo apellidos"),
    counted=phrases("cuántos | cuántas | cuánto | cuánta | número de personas"),
    wanting=words("quiero quería quisiera necesito gustaría ponga"),
    helping=words("ayudarle ayudar ayudarte pasa ocurre problema"),
)
